-- The product: each night, its overnight glucose, and the day that followed.
-- grain: participant_id, sleep_date
--
-- participant_id | who
-- sleep_date | local date of the final wake
-- sleep_connector | export format the night came from
-- sleep_basis | stages: added up from segments; totals: the vendor's own numbers; span: a begin and an end, and minutes asleep are not known
-- onset_at | sleep onset (UTC)
-- wake_at | final wake (UTC)
-- onset_local | sleep onset on the wall clock
-- wake_local | final wake on the wall clock
-- timezone_changed | the offset at wake differs from that at onset or at the wake before (travel, daylight saving)
-- time_in_bed_min | time in bed, else the reported session, minutes
-- time_in_bed_basis | in_bed: told by the sleep's own device; session: begin and end of the reported sleep; in_bed_other_device
-- sleep_period_min | onset to final wake, minutes
-- total_sleep_min | minutes asleep; NULL where nobody told them
-- sleep_latency_min | bed to onset, minutes; NULL without a time in bed
-- wake_after_onset_min | minutes awake between onset and final wake
-- sleep_efficiency_pct | total sleep per time in bed, %; to be compared on one time_in_bed_basis
-- awakening_count | wake runs of at least awakening_min_min
-- light_min | light sleep, minutes
-- deep_min | deep sleep, minutes
-- rem_min | REM sleep, minutes
-- rem_latency_min | onset to first REM, minutes
-- midpoint_local_h | wall clock in the middle of the sleep period, hours from the local midnight of sleep_date
-- nap_min | minutes asleep in naps that ended on that date
-- secondary_sleep_min | minutes asleep in other sleeps that ended on that date
-- total_sleep_24h_min | all sleep that ended on that date, minutes
-- sleep_heart_rate_bpm | mean heart rate asleep, beats per minute
-- sleep_heart_rate_min_bpm | lowest heart rate asleep, beats per minute
-- sleep_hrv_rmssd_ms | mean rMSSD asleep, ms
-- sleep_hrv_sdnn_ms | mean SDNN asleep, ms
-- sleep_respiratory_rate_brpm | mean breaths per minute asleep
-- sleep_spo2_pct | mean oxygen saturation asleep, %
-- skin_temperature_deviation_cel | skin temperature minus the person's baseline, degrees Celsius
-- sleep_debt_3d_min | sleep missed against sleep_need_min in 3 nights, this one included, minutes; NULL unless all are known
-- sleep_debt_7d_min | sleep missed against sleep_need_min in 7 nights, minutes
-- total_sleep_mean_4d_min | mean total sleep of 4 nights, minutes; NULL unless all are known
-- sleep_regularity_index_7d | sleep regularity index over 7 pairs of days, -100 to 100; NULL below 5 pairs
-- midpoint_sd_7d_min | standard deviation of the middle of the sleep period in 7 nights, minutes; NULL below 5
-- social_jetlag_28d_min | distance of the mean midpoints of free and other nights in 28 days, minutes; NULL below 2 free or 5 other nights
-- is_short_6h | total sleep below 360 minutes
-- is_short_4h30 | total sleep of at most 270 minutes
-- is_restriction_run_4d | each of 4 nights, this one included, at most 300 minutes; NULL unless all are known
-- overnight_mean_mgdl | mean glucose from onset to wake, mg/dL
-- overnight_sd_mgdl | standard deviation, mg/dL
-- overnight_cv_pct | standard deviation per mean, %
-- overnight_min_mgdl | lowest reading, mg/dL
-- overnight_nadir_mgdl | lowest mean of 15 minutes, mg/dL
-- overnight_tbr70_pct | share below 70 mg/dL (3.9 mmol/L), %
-- overnight_tir_pct | share in 70 to 180 (3.9 to 10.0), %
-- overnight_titr_pct | share in 70 to 140 (3.9 to 7.8), %
-- overnight_coverage_pct | observed share of the night, %
-- overnight_reading_count | readings of the night
-- has_compression_low | the sensor read too low for a while because someone lay on it; NULL where readings are too few to tell
-- onset_mgdl | mean of the readings within 15 minutes of sleep onset, mg/dL
-- fasting_mgdl | mean of the 15 minutes before wake, mg/dL; NULL below ten observed ones
-- fasting_30min_mgdl | mean of the 30 minutes before wake, mg/dL
-- fasting_60min_mgdl | mean of the hour before wake, mg/dL
-- hours_since_last_meal | from the last logged meal to wake, hours; NULL where none is logged in 24: whether it was a fast is not known
-- breakfast_basis | logged, or detected_rise where nothing was logged; NULL without either within five hours of wake
-- dawn_delta_mgdl | before breakfast (else at wake) minus nadir after midnight, mg/dL; NULL after a sleep by day
-- has_dawn_phenomenon | dawn_delta of at least dawn_min_mgdl from a nadir of 70 or more
-- breakfast_peak_delta_mgdl | highest reading within 3 hours of the first meal, or until the next, minus base, mg/dL
-- breakfast_iauc_2h_mgdl_min | area above base in its 2 hours, mg/dL x min; NULL if the next meal is in them
-- day_hours | length of the day, wake to the next sleep of three hours, hours
-- day_nap_min | minutes asleep in sleeps that begin in the day
-- day_mean_mgdl | mean, mg/dL
-- day_median_mgdl | median, mg/dL
-- day_sd_mgdl | standard deviation, mg/dL
-- day_cv_pct | standard deviation per mean, %
-- day_tir_pct | share in 70 to 180, %
-- day_titr_pct | share in 70 to 140, %
-- day_tbr70_pct | share below 70, %
-- day_tbr54_pct | share below 54, %
-- day_tar180_pct | share above 180, %
-- day_tar250_pct | share above 250, %
-- day_mag_mgdl_h | mean absolute glucose change of neighbouring readings, mg/dL per hour
-- day_lbgi | low blood glucose index
-- day_hbgi | high blood glucose index
-- day_gri | glycemia risk index, 0 to 100
-- day_coverage_pct | observed share of the day, %
-- day_reading_count | readings of the day
-- is_day_capped | next onset unknown or more than 24 h away: the day ends day_cap_h after wake
-- wake16h_mean_mgdl | mean of the 16 hours after wake, or of the day if that ends earlier, mg/dL; moves with the time of waking alone, by 0.2 to 0.7 per hour of sleep that does nothing
-- wake16h_excess_mgdl | mean of what they are above the person's usual value at that clock time (two weeks before and after, without the day), mg/dL
-- wake16h_asleep_min | minutes asleep in them
-- wake16h_sd_mgdl | standard deviation, mg/dL
-- wake16h_cv_pct | standard deviation per mean, %
-- wake16h_tir_pct | share in 70 to 180, %
-- wake16h_titr_pct | share in 70 to 140, %
-- wake16h_coverage_pct | observed share of them, %
-- eating_window_h | first logged meal of the day to the last, hours; NULL below two meals
-- last_meal_to_bed_min | last meal to the next sleep onset, minutes
-- kcal_before_15h_pct | share of the energy eaten before 15:00, %; NULL unless all meals state it
-- postmeal_steps_60min | steps in the hour after a meal, mean over the meals
-- step_count | steps of the day, of one source on each date
-- exercise_min | minutes of recorded exercise
-- fasted_morning_exercise_min | minutes of exercise within 3 hours of wake and before the first meal
-- resistance_exercise_min | minutes of strength training
-- morning_daylight_min | minutes in daylight in the hour after wake
-- bedroom_temperature_cel | mean room temperature between onset and wake, degrees Celsius; NULL below 70 % coverage
-- caffeine_after_14h_mg | caffeine from 14:00 on, mg; NULL where none was logged that day
-- alcohol_drink_count | standard drinks; NULL where none was logged
-- is_night_valid | sleep period within night_min_h and night_max_h
-- is_day_valid | coverage of the day reaches day_coverage_min_pct, no gap above 3 hours
-- is_complete | valid night and day, overnight coverage reached without a gap above an hour, no instant inferred or unresolved, no more sleep after the final wake
-- quality_notes | what to know about this row, in words; NULL for nothing
with known as (
    select
        n.*,
        w.* exclude (participant_id, sleep_date),
        coalesce(d.is_valid, false) as is_day_valid,
        coalesce(o.is_covered, false) as is_overnight_covered,
        coalesce(o.inferred_count, 0) + coalesce(d.inferred_count, 0) > 0 as is_glucose_inferred,
        o.mean_mgdl as overnight_mean_mgdl,
        o.sd_mgdl as overnight_sd_mgdl,
        o.min_mgdl as overnight_min_mgdl,
        o.nadir_mgdl as overnight_nadir_mgdl,
        o.late_nadir_mgdl,
        o.tbr70_pct as overnight_tbr70_pct,
        o.tir_pct as overnight_tir_pct,
        o.titr_pct as overnight_titr_pct,
        o.coverage_pct as overnight_coverage_pct,
        o.reading_count as overnight_reading_count,
        o.censored_pct as overnight_censored_pct,
        m.* exclude (participant_id, sleep_date),
        case when b.after_wake_min <= 180 then coalesce(b.base_mgdl, m.fasting_mgdl)
            else m.fasting_mgdl
        end as before_breakfast_mgdl,
        b.basis as breakfast_basis,
        b.peak_delta_mgdl as breakfast_peak_delta_mgdl,
        b.iauc_2h_mgdl_min as breakfast_iauc_2h_mgdl_min,
        clock_offset_us(n.wake_local, n.wake_at) as wake_offset
    from sleep_nightly as n
    join night_window as w using (participant_id, sleep_date)
    left join overnight_glucose as o using (participant_id, sleep_date)
    left join day_glucose as d using (participant_id, sleep_date)
    left join morning_glucose as m using (participant_id, sleep_date)
    left join breakfast as b using (participant_id, sleep_date)
),

-- what was found out about clocks in the night or the day after; a move as such is no doubt
doubted as (
    select
        n.participant_id,
        n.sleep_date,
        bool_or(f.kind in (
            'unresolved', 'two_sensors_apart', 'other_name', 'contradicting_exports'
        )) as is_unresolved,
        string_agg(distinct replace(f.kind, '_', ' '), ', ' order by replace(f.kind, '_', ' '))
            as clock_doubts
    from sleep_nightly as n
    join clock_finding as f
        on f.participant_id = n.participant_id
        and f.from_at < n.wake_at + to_seconds(3600 * rule_day_cap_h())
        and f.to_at >= n.onset_at
    where f.kind <> 'clock_change'
    group by n.participant_id, n.sleep_date
),

moved as (
    select
        participant_id,
        sleep_date,
        wake_offset <> clock_offset_us(onset_local, onset_at)
            or coalesce(wake_offset <> lag(wake_offset) over (
                partition by participant_id order by sleep_date
            ), false) as timezone_changed
    from known
)

select
    k.participant_id,
    k.sleep_date,
    k.connector as sleep_connector,
    k.sleep_basis,
    k.onset_at,
    k.wake_at,
    k.onset_local,
    k.wake_local,
    c.timezone_changed,
    k.time_in_bed_min,
    k.time_in_bed_basis,
    k.sleep_period_min,
    k.total_sleep_min,
    k.sleep_latency_min,
    k.wake_after_onset_min,
    k.sleep_efficiency_pct,
    k.awakening_count,
    k.light_min,
    k.deep_min,
    k.rem_min,
    k.rem_latency_min,
    k.midpoint_local_h,
    k.nap_min,
    k.secondary_sleep_min,
    k.total_sleep_24h_min,
    b.sleep_heart_rate_bpm,
    b.sleep_heart_rate_min_bpm,
    b.sleep_hrv_rmssd_ms,
    b.sleep_hrv_sdnn_ms,
    b.sleep_respiratory_rate_brpm,
    b.sleep_spo2_pct,
    b.skin_temperature_deviation_cel,
    h.sleep_debt_3d_min,
    h.sleep_debt_7d_min,
    h.total_sleep_mean_4d_min,
    h.sleep_regularity_index_7d,
    h.midpoint_sd_7d_min,
    h.social_jetlag_28d_min,
    h.is_short_6h,
    h.is_short_4h30,
    h.is_restriction_run_4d,
    k.overnight_mean_mgdl,
    k.overnight_sd_mgdl,
    100 * k.overnight_sd_mgdl / k.overnight_mean_mgdl as overnight_cv_pct,
    k.overnight_min_mgdl,
    k.overnight_nadir_mgdl,
    k.overnight_tbr70_pct,
    k.overnight_tir_pct,
    k.overnight_titr_pct,
    k.overnight_coverage_pct,
    k.overnight_reading_count,
    l.has_compression_low,
    k.onset_mgdl,
    k.fasting_mgdl,
    k.fasting_30min_mgdl,
    k.fasting_60min_mgdl,
    k.hours_since_last_meal,
    k.breakfast_basis,
    -- the rise before a morning's wake: after a sleep by day there is none
    case when k.midpoint_local_h between -6 and 10
        then k.before_breakfast_mgdl - k.late_nadir_mgdl end as dawn_delta_mgdl,
    dawn_delta_mgdl >= rule_dawn_min_mgdl() and round(k.late_nadir_mgdl) >= 70
        as has_dawn_phenomenon,
    k.breakfast_peak_delta_mgdl,
    k.breakfast_iauc_2h_mgdl_min,
    (k.until_us - k.wake_us) / 3.6e9 as day_hours,
    coalesce(a.day_nap_min, 0) as day_nap_min,
    d.mean_mgdl as day_mean_mgdl,
    d.median_mgdl as day_median_mgdl,
    d.sd_mgdl as day_sd_mgdl,
    100 * d.sd_mgdl / d.mean_mgdl as day_cv_pct,
    d.tir_pct as day_tir_pct,
    d.titr_pct as day_titr_pct,
    d.tbr70_pct as day_tbr70_pct,
    d.tbr54_pct as day_tbr54_pct,
    d.tar180_pct as day_tar180_pct,
    d.tar250_pct as day_tar250_pct,
    d.mag_mgdl_h as day_mag_mgdl_h,
    d.lbgi as day_lbgi,
    d.hbgi as day_hbgi,
    glycemia_risk_index(d.tbr54_pct, d.tbr70_pct, d.tar180_pct, d.tar250_pct) as day_gri,
    d.coverage_pct as day_coverage_pct,
    d.reading_count as day_reading_count,
    k.is_capped as is_day_capped,
    x.mean_mgdl as wake16h_mean_mgdl,
    x.excess_mgdl as wake16h_excess_mgdl,
    coalesce(a.wake16h_asleep_min, 0) as wake16h_asleep_min,
    x.sd_mgdl as wake16h_sd_mgdl,
    100 * x.sd_mgdl / x.mean_mgdl as wake16h_cv_pct,
    x.tir_pct as wake16h_tir_pct,
    x.titr_pct as wake16h_titr_pct,
    x.coverage_pct as wake16h_coverage_pct,
    e.eating_window_h,
    e.last_meal_to_bed_min,
    e.kcal_before_15h_pct,
    e.postmeal_steps_60min,
    e.step_count,
    e.exercise_min,
    e.fasted_morning_exercise_min,
    e.resistance_exercise_min,
    e.morning_daylight_min,
    e.bedroom_temperature_cel,
    e.caffeine_after_14h_mg,
    e.alcohol_drink_count,
    k.is_night_valid,
    k.is_day_valid,
    k.is_night_valid and k.is_day_valid and k.is_overnight_covered
        and not k.is_glucose_inferred and not k.is_inferred and not k.is_followed_by_sleep
        and not coalesce(f.is_unresolved, false)
        as is_complete,
    nullif(concat_ws('; ',
        case when not k.is_night_valid then 'sleep period outside the valid range' end,
        case k.sleep_basis
            when 'totals' then 'sleep from totals, no segments'
            when 'span' then 'minutes asleep are not known'
        end,
        case when k.is_followed_by_sleep then 'more sleep on that date after the final wake' end,
        case when k.overnight_mean_mgdl is null then 'no overnight glucose'
             when not k.is_overnight_covered then 'overnight glucose incomplete' end,
        case when d.mean_mgdl is null then 'no daytime glucose'
             when not k.is_day_valid then 'daytime glucose incomplete' end,
        case when k.is_capped then 'next night unknown, day capped' end,
        case when c.timezone_changed then 'clock changed' end,
        case when k.is_glucose_inferred or k.is_inferred then 'some instants inferred' end,
        'clocks: ' || f.clock_doubts,
        case when k.overnight_censored_pct > 1 then 'overnight mean includes sensor limits' end,
        case when d.censored_pct > 1 then 'day mean includes sensor limits' end
    ), '') as quality_notes
from known as k
join moved as c using (participant_id, sleep_date)
left join doubted as f using (participant_id, sleep_date)
left join night_body as b using (participant_id, sleep_date)
left join sleep_regularity as h using (participant_id, sleep_date)
left join overnight_clean as l using (participant_id, sleep_date)
left join day_glucose as d using (participant_id, sleep_date)
left join wake16h_glucose as x using (participant_id, sleep_date)
left join asleep_by_day as a using (participant_id, sleep_date)
left join exposure_daily as e using (participant_id, sleep_date)
