-- How regular sleep was up to each night: regularity index, spread, social jetlag, debt.
-- grain: participant_id, sleep_date
--
-- participant_id | who
-- sleep_date | local date of the final wake
-- sleep_regularity_index_7d | sleep regularity index over 7 pairs of days, -100 to 100; NULL below 5 pairs
-- sleep_regularity_index_14d | the same over 14 pairs
-- pair_count_7d | pairs of days that it rests on
-- onset_sd_7d_min | standard deviation of sleep onset in 7 nights, minutes; NULL below 5 nights
-- midpoint_sd_7d_min | the same of the middle of the sleep period
-- total_sleep_sd_7d_min | the same of total sleep
-- social_jetlag_28d_min | distance of the mean midpoints of free and other nights in 28 days, minutes
-- sleep_debt_3d_min | sleep missed against sleep_need_min in 3 nights, minutes
-- sleep_debt_4d_min | the same in 4 nights
-- sleep_debt_7d_min | the same in 7 nights
-- total_sleep_mean_4d_min | mean total sleep of 4 nights, minutes
-- is_short_6h | total sleep below 360 minutes
-- is_restriction_run_4d | each of 4 nights at most 300 minutes
--
-- Index: -100 + 200 x the share of minutes in which the person was in the same state, asleep or not,
-- as 24 hours before (Phillips 2017); equal to sleepreg's on whole minutes. Its value depends on the
-- length of epochs: 30-minute epochs give 2 points more for the same nights. Rules of the rest:
-- `sleep_history`.
with paired as (
    select
        participant_id,
        sleep_date,
        avg(agreement_min) over week as week_min,
        count(*) over week as week_count,
        avg(agreement_min) over fortnight as fortnight_min,
        count(*) over fortnight as fortnight_count
    from sleep_day_agreement
    window
        week as (
            partition by participant_id order by sleep_date
            range between interval 6 days preceding and current row
        ),
        fortnight as (
            partition by participant_id order by sleep_date
            range between interval 13 days preceding and current row
        )
)

select
    h.participant_id,
    h.sleep_date,
    case when p.week_count >= 5 then -100 + 200 * p.week_min / 1440 end
        as sleep_regularity_index_7d,
    case when p.fortnight_count >= 5 then -100 + 200 * p.fortnight_min / 1440 end
        as sleep_regularity_index_14d,
    coalesce(p.week_count, 0) as pair_count_7d,
    h.onset_sd_7d_min,
    h.midpoint_sd_7d_min,
    h.total_sleep_sd_7d_min,
    h.social_jetlag_28d_min,
    h.sleep_debt_3d_min,
    h.sleep_debt_4d_min,
    h.sleep_debt_7d_min,
    h.total_sleep_mean_4d_min,
    h.is_short_6h,
    h.is_restriction_run_4d
from sleep_history as h
left join paired as p using (participant_id, sleep_date)
where h.is_night_valid
