-- The main sleep of each day with what the nights before it come to.
--
-- participant_id | who
-- sleep_date | local date of the final wake
-- night | see `main_sleep`
-- history | the row of `sleep_regularity`
--
-- A night outside night_min_h to night_max_h counts as unknown. Hours of the day are unwrapped around
-- the person's circular mean, so that 23:50 and 00:10 lie 20 minutes apart.
with told as materialized (select * from main_sleep),

night as (
    select
        participant_id,
        sleep_date,
        sleep_date - date '1970-01-01' as day,
        night.is_night_valid as is_known,
        case when is_known then night.total_sleep_min end as asleep_min,
        case when is_known then night.midpoint_local_h end as midpoint_h,
        case when is_known
            then (epoch_us(night.onset_local) - epoch_us(sleep_date::timestamp)) / 3.6e9
        end as onset_h,
        list_contains(free_weekdays(participant_id), isodow(sleep_date)) as is_free
    from told
),

unwrapped as (
    select
        * replace (
            near_hour(midpoint_h, circular_hour(sum(sine_of_hour(midpoint_h)) over person,
                sum(cosine_of_hour(midpoint_h)) over person)) as midpoint_h,
            near_hour(onset_h, circular_hour(sum(sine_of_hour(onset_h)) over person,
                sum(cosine_of_hour(onset_h)) over person)) as onset_h
        )
    from night
    window person as (partition by participant_id)
),

minute as (select * from sleep_minute_of('told')),

-- minutes of a day in the state that they had a day before, both nights known
paired as (
    select
        n.*,
        coalesce(m.asleep, repeat('0', 1440)::bit) as state,
        case
            when n.is_known and lag(n.is_known) over person and lag(n.day) over person = n.day - 1
                then 1440 - bit_count(xor(state, lag(state) over person))
        end as same_min
    from unwrapped as n
    left join minute as m using (participant_id, day)
    window person as (partition by n.participant_id order by n.day)
),

history as (
    select
        participant_id,
        sleep_date,
        case when count(same_min) over last7 >= 5 then 200 * avg(same_min) over last7 / 1440 - 100
        end as sleep_regularity_index_7d,
        case when count(same_min) over last14 >= 5 then 200 * avg(same_min) over last14 / 1440 - 100
        end as sleep_regularity_index_14d,
        count(same_min) over last7 as pair_count_7d,
        count(same_min) over last14 as pair_count_14d,
        case when count(asleep_min) over last7 >= 5 then sd_of_billionths(
                count(onset_h) over last7, sum(billionths(60 * onset_h)) over last7,
                sum(billionths(60 * onset_h) * billionths(60 * onset_h)) over last7
            ) end
            as onset_sd_7d_min,
        case when count(asleep_min) over last7 >= 5 then sd_of_billionths(
                count(midpoint_h) over last7, sum(billionths(60 * midpoint_h)) over last7,
                sum(billionths(60 * midpoint_h) * billionths(60 * midpoint_h)) over last7
            ) end
            as midpoint_sd_7d_min,
        case when count(asleep_min) over last7 >= 5 then sd_of_billionths(
                count(asleep_min) over last7, sum(billionths(asleep_min)) over last7,
                sum(billionths(asleep_min) * billionths(asleep_min)) over last7
            ) end
            as total_sleep_sd_7d_min,
        case
            when count(midpoint_h) filter (is_free) over last28 >= 2
                and count(midpoint_h) filter (not is_free) over last28 >= 5
                then abs(
                    mean_of_sums(
                        count(midpoint_h) filter (is_free) over last28,
                        sum(billionths(60 * midpoint_h)) filter (is_free) over last28
                    )
                    - mean_of_sums(
                        count(midpoint_h) filter (not is_free) over last28,
                        sum(billionths(60 * midpoint_h)) filter (not is_free) over last28
                    )
                )
        end as social_jetlag_28d_min,
        case when count(asleep_min) over last3 = 3 then sum(round(missed_min * 6e7)::hugeint) over last3 / 6e7 end
            as sleep_debt_3d_min,
        case when count(asleep_min) over last4 = 4 then sum(round(missed_min * 6e7)::hugeint) over last4 / 6e7 end
            as sleep_debt_4d_min,
        case when count(asleep_min) over last7 = 7 then sum(round(missed_min * 6e7)::hugeint) over last7 / 6e7 end
            as sleep_debt_7d_min,
        case when count(asleep_min) over last4 = 4 then sum(round(asleep_min * 6e7)::hugeint) over last4 / 6e7 / 4 end
            as total_sleep_mean_4d_min,
        asleep_min < 360 as is_short_6h,
        case when count(asleep_min) over last4 = 4 then max(asleep_min) over last4 <= 300 end
            as is_restriction_run_4d
    from (select *, greatest(rule_sleep_need_min() - asleep_min, 0) as missed_min from paired)
    window
        last3 as (
            partition by participant_id order by day range between 2 preceding and current row
        ),
        last4 as (
            partition by participant_id order by day range between 3 preceding and current row
        ),
        last7 as (
            partition by participant_id order by day range between 6 preceding and current row
        ),
        last14 as (
            partition by participant_id order by day range between 13 preceding and current row
        ),
        last28 as (
            partition by participant_id order by day range between 27 preceding and current row
        )
)

select t.participant_id, t.sleep_date, t.night, h as history
from told as t
join history as h using (participant_id, sleep_date)
