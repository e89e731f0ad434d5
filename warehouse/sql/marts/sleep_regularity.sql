-- How regular sleep was up to each night: regularity index, spread, social jetlag, debt.
-- grain: participant_id, sleep_date
--
-- participant_id | who
-- sleep_date | local date of the final wake
-- sleep_regularity_index_7d | sleep regularity index over 7 pairs of days, -100 to 100; NULL below 5 pairs
-- sleep_regularity_index_14d | the same over 14 pairs
-- pair_count_7d | pairs of days that the first rests on
-- pair_count_14d | pairs of days that the second rests on
-- onset_sd_7d_min | standard deviation (n - 1) of sleep onset in 7 nights, minutes; NULL below 5 nights
-- midpoint_sd_7d_min | the same of the middle of the sleep period
-- total_sleep_sd_7d_min | the same of total sleep
-- social_jetlag_28d_min | distance of the mean midpoints of free and other nights in 28 days, minutes; NULL below 2 free or 5 other nights
-- sleep_debt_3d_min | sleep missed against sleep_need_min in 3 nights, this one included, minutes; NULL unless all are known
-- sleep_debt_4d_min | the same in 4 nights
-- sleep_debt_7d_min | the same in 7 nights
-- total_sleep_mean_4d_min | mean total sleep of 4 nights, minutes; NULL unless all are known
-- is_short_6h | total sleep below 360 minutes
-- is_short_4h30 | total sleep of at most 270 minutes (Donga 2010: one night of four hours)
-- is_restriction_run_4d | each of 4 nights, this one included, at most 300 minutes; NULL unless all are known
--
-- By calendar date: a night that is missing is missing, and no other takes its place. Nights beyond
-- night_max_h count as unknown; naps are not in total sleep. A night is free if the day it leads to is one
-- of the person's `free_days`, else a Saturday or a Sunday.
--
-- Index: -100 + 200 x the share of minutes in which the person was in the same state, asleep or not,
-- as 24 hours before (Phillips 2017); equal to sleepreg's. By the wall clock, in epochs of a minute,
-- days from noon to noon, both with a night; minutes that the clock skipped are left out. Other sleeps of the night's source count from 30
-- minutes on; what was not scored is not asleep. The value depends on the epoch: 30 minutes give 2
-- points more for the same nights. Others: Roenneberg (social jetlag: |MSF - MSW|); Broussard 2012
-- (four nights of about 4.5 h); Fischer 2021 (what regularity is measured by).
-- Hours of the day are unwrapped around the person's circular mean, so that 23:50 and 00:10 lie 20
-- minutes apart.
with night as (
    select
        participant_id,
        sleep_date,
        sleep_date - date '1970-01-01' as day,
        sleep_period_min <= 60 * rule_night_max_h() as is_known,
        case when is_known then total_sleep_min end as asleep_min,
        case when is_known then midpoint_local_h end as midpoint_h,
        case when is_known
            then (epoch_us(onset_local) - epoch_us(sleep_date::timestamp)) / 3.6e9
        end as onset_h,
        list_contains(free_weekdays(participant_id), isodow(sleep_date)) as is_free
    from sleep_nightly
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

minute as (
    select
        n.*,
        coalesce(m.asleep, repeat('0', 1440)::bit) as state,
        coalesce(m.missing, repeat('0', 1440)::bit) as missing
    from unwrapped as n
    left join sleep_minute as m using (participant_id, day)
),

-- minutes of a day in the state that they had a day before, both nights known; what the clock
-- skipped on either day is left out
paired as (
    select
        *,
        missing | lag(missing) over person as left_out,
        case
            when is_known and lag(is_known) over person and lag(day) over person = day - 1
                then 1440 - bit_count(left_out)
        end as pair_min,
        pair_min - bit_count(xor(state, lag(state) over person) & ~left_out) as same_min
    from minute
    window person as (partition by participant_id order by day)
)

select
    participant_id,
    sleep_date,
    case when count(same_min) over last7 >= 5
        then 200 * sum(same_min) over last7 / sum(pair_min) over last7 - 100
    end as sleep_regularity_index_7d,
    case when count(same_min) over last14 >= 5
        then 200 * sum(same_min) over last14 / sum(pair_min) over last14 - 100
    end as sleep_regularity_index_14d,
    count(same_min) over last7 as pair_count_7d,
    count(same_min) over last14 as pair_count_14d,
    case when count(onset_h) over last7 >= 5 then sd_of_billionths(
            count(onset_h) over last7, sum(billionths(60 * onset_h)) over last7,
            sum(billionths(60 * onset_h) * billionths(60 * onset_h)) over last7
        ) end
        as onset_sd_7d_min,
    case when count(midpoint_h) over last7 >= 5 then sd_of_billionths(
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
    asleep_min <= 270 as is_short_4h30,
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
