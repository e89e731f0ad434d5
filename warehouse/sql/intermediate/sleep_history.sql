-- Each main sleep with what the nights before it come to, by calendar date: a night that is missing
-- is missing, and no other takes its place.
--
-- participant_id | who
-- sleep_date | local date of the final wake
-- connector | the chosen source's export format
-- device | the chosen source's device or app
-- episode_number | which sleep of that source
-- sleep_basis | stages: added up from segments; totals: the vendor's own numbers or the bare span
-- onset_at | sleep onset (UTC)
-- wake_at | final wake (UTC)
-- onset_local | sleep onset on the wall clock
-- wake_local | final wake on the wall clock
-- time_in_bed_min | time in bed, else the reported session, minutes
-- sleep_period_min | onset to final wake, minutes
-- total_sleep_min | minutes asleep
-- sleep_latency_min | bed to onset, minutes; NULL without a time in bed
-- wake_after_onset_min | minutes awake between onset and final wake
-- sleep_efficiency_pct | total sleep per time in bed, %
-- awakening_count | wake runs of at least awakening_min_min
-- light_min | light sleep, minutes
-- deep_min | deep sleep, minutes
-- rem_min | REM sleep, minutes
-- rem_latency_min | onset to first REM, minutes
-- midpoint_local_h | middle of the sleep period, hours from the local midnight of sleep_date
-- nap_min | minutes asleep in naps of the same source that ended on that date
-- total_sleep_24h_min | main sleep and naps, minutes
-- is_night_valid | sleep period within night_min_h and night_max_h, and some sleep in it
-- is_inferred | some of its instants were inferred
-- vendor_total_sleep_min | the vendor's own total sleep time, else its stages together, minutes
-- vendor_heart_rate_bpm | the vendor's own mean heart rate
-- vendor_heart_rate_min_bpm | the vendor's own lowest heart rate
-- vendor_hrv_rmssd_ms | the vendor's own mean rMSSD
-- vendor_respiratory_rate_brpm | the vendor's own mean breaths per minute
-- vendor_spo2_pct | the vendor's own mean oxygen saturation, %
-- sleep_debt_3d_min | sleep missed against sleep_need_min in 3 nights, this one included, minutes; NULL unless all are known
-- sleep_debt_4d_min | the same in 4 nights
-- sleep_debt_7d_min | the same in 7 nights
-- total_sleep_mean_4d_min | mean total sleep of 4 nights, minutes; NULL unless all are known
-- onset_sd_7d_min | standard deviation of sleep onset in 7 nights, minutes; NULL below 5 nights
-- midpoint_sd_7d_min | the same of the middle of the sleep period
-- total_sleep_sd_7d_min | the same of total sleep
-- social_jetlag_28d_min | distance of the mean midpoints of free and other nights in 28 days, minutes; NULL below 2 free or 5 other nights
-- is_short_6h | total sleep below 360 minutes
-- is_restriction_run_4d | each of 4 nights, this one included, at most 300 minutes; NULL unless all are known
--
-- Only valid nights count. Clock times are unwrapped around the person's own circular mean, so that a
-- midpoint at 23:50 and one at 00:10 are 20 minutes apart. A night is free if the day it leads to is
-- a Saturday or a Sunday. Sources: Roenneberg (social jetlag: |MSF - MSW|); Broussard 2012 (four
-- nights of about 4.5 h); Phillips 2017 and Fischer 2021 (what regularity is measured by).
with main as materialized (select * from sleep_nightly),

night as (
    select
        participant_id,
        sleep_date,
        total_sleep_min,
        midpoint_local_h,
        (epoch_us(onset_local) - epoch_us(sleep_date::timestamp)) / 3.6e9 as onset_local_h,
        isodow(sleep_date) >= 6 as is_free,
        greatest(rule_sleep_need_min() - total_sleep_min, 0) as missed_min
    from main
    where is_night_valid
),

centre as (
    select
        participant_id,
        atan2(avg(sin(radians(15 * midpoint_local_h))), avg(cos(radians(15 * midpoint_local_h))))
            * 12 / pi() as midpoint_h,
        atan2(avg(sin(radians(15 * onset_local_h))), avg(cos(radians(15 * onset_local_h))))
            * 12 / pi() as onset_h
    from night
    group by participant_id
),

-- hours from the person's mean, -12 to 12
unwrapped as (
    select
        n.*,
        n.midpoint_local_h - c.midpoint_h - 24 * round((n.midpoint_local_h - c.midpoint_h) / 24)
            as midpoint_off_h,
        n.onset_local_h - c.onset_h - 24 * round((n.onset_local_h - c.onset_h) / 24) as onset_off_h
    from night as n
    join centre as c using (participant_id)
),

rolled as (
    select
        *,
        count(*) over three as count_3d,
        count(*) over four as count_4d,
        count(*) over seven as count_7d,
        sum(missed_min) over three as missed_3d_min,
        sum(missed_min) over four as missed_4d_min,
        sum(missed_min) over seven as missed_7d_min,
        avg(total_sleep_min) over four as mean_4d_min,
        max(total_sleep_min) over four as max_4d_min,
        60 * stddev_samp(onset_off_h) over seven as onset_sd_min,
        60 * stddev_samp(midpoint_off_h) over seven as midpoint_sd_min,
        stddev_samp(total_sleep_min) over seven as total_sleep_sd_min,
        count(*) filter (is_free) over month as free_count,
        count(*) filter (not is_free) over month as work_count,
        avg(midpoint_off_h) filter (is_free) over month as free_off_h,
        avg(midpoint_off_h) filter (not is_free) over month as work_off_h
    from unwrapped
    window
        three as (
            partition by participant_id order by sleep_date
            range between interval 2 days preceding and current row
        ),
        four as (
            partition by participant_id order by sleep_date
            range between interval 3 days preceding and current row
        ),
        seven as (
            partition by participant_id order by sleep_date
            range between interval 6 days preceding and current row
        ),
        month as (
            partition by participant_id order by sleep_date
            range between interval 27 days preceding and current row
        )
)

select
    m.*,
    case when r.count_3d = 3 then r.missed_3d_min end as sleep_debt_3d_min,
    case when r.count_4d = 4 then r.missed_4d_min end as sleep_debt_4d_min,
    case when r.count_7d = 7 then r.missed_7d_min end as sleep_debt_7d_min,
    case when r.count_4d = 4 then r.mean_4d_min end as total_sleep_mean_4d_min,
    case when r.count_7d >= 5 then r.onset_sd_min end as onset_sd_7d_min,
    case when r.count_7d >= 5 then r.midpoint_sd_min end as midpoint_sd_7d_min,
    case when r.count_7d >= 5 then r.total_sleep_sd_min end as total_sleep_sd_7d_min,
    case when r.free_count >= 2 and r.work_count >= 5
        then 60 * abs(r.free_off_h - r.work_off_h) end as social_jetlag_28d_min,
    r.total_sleep_min < 360 as is_short_6h,
    case when r.count_4d = 4 then r.max_4d_min <= 300 end as is_restriction_run_4d
from main as m
left join rolled as r using (participant_id, sleep_date)
