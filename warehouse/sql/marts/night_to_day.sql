-- The product: each night, its overnight glucose, and the day that followed.
-- grain: participant_id, sleep_date
--
-- participant_id | who
-- sleep_date | local date of the final wake
-- sleep_connector | export format the night came from
-- sleep_basis | stages: added up from segments; totals: the vendor's own numbers or the bare span
-- onset_at | sleep onset (UTC)
-- wake_at | final wake (UTC)
-- onset_local | sleep onset on the wall clock
-- wake_local | final wake on the wall clock
-- timezone_changed | the offset at wake differs from that at onset or at the wake before (travel, daylight saving)
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
-- nap_min | minutes asleep in naps that ended on that date
-- total_sleep_24h_min | main sleep and naps, minutes
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
-- is_restriction_run_4d | each of 4 nights, this one included, at most 300 minutes; NULL unless all are known
-- overnight_mean_mgdl | mean glucose from onset to wake, mg/dL
-- overnight_sd_mgdl | standard deviation, mg/dL
-- overnight_cv_pct | standard deviation per mean, %
-- overnight_min_mgdl | lowest reading, mg/dL
-- overnight_nadir_mgdl | lowest 15-minute mean, mg/dL
-- overnight_tbr70_pct | share below 70 mg/dL (3.9 mmol/L), %
-- overnight_tir_pct | share in 70 to 180 (3.9 to 10.0), %
-- overnight_titr_pct | share in 70 to 140 (3.9 to 7.8), %
-- overnight_coverage_pct | observed share of the night, %
-- overnight_reading_count | readings of the night
-- has_compression_low | the sensor read too low for a while because someone lay on it; NULL where readings are too few to tell
-- onset_mgdl | mean of the readings within 15 minutes of sleep onset, mg/dL
-- fasting_mgdl | mean of the last three readings before wake, mg/dL
-- dawn_delta_mgdl | before breakfast (else at wake) minus nadir after midnight, mg/dL
-- has_dawn_phenomenon | dawn_delta of at least dawn_min_mgdl from a nadir of 70 or more
-- breakfast_peak_delta_mgdl | highest reading within 3 hours of the first logged meal, or until the next, minus base, mg/dL
-- breakfast_iauc_2h_mgdl_min | area above base in its 2 hours, mg/dL x min; NULL if the next meal is in them
-- day_hours | length of the day, wake to next onset, hours
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
-- wake16h_mean_mgdl | mean of the 16 hours after wake, mg/dL
-- wake16h_sd_mgdl | standard deviation, mg/dL
-- wake16h_cv_pct | standard deviation per mean, %
-- wake16h_tir_pct | share in 70 to 180, %
-- wake16h_titr_pct | share in 70 to 140, %
-- wake16h_coverage_pct | observed share of the 16 hours, %
-- eating_window_h | first logged meal of the day to the last, hours; NULL below two meals
-- last_meal_to_bed_min | last meal to the next sleep onset, minutes
-- kcal_before_15h_pct | share of the energy eaten before 15:00, %; NULL unless all meals state it
-- postmeal_steps_60min | steps in the hour after a meal, mean over the meals
-- step_count | steps of the day, of one source at a time
-- exercise_min | minutes of recorded exercise
-- fasted_morning_exercise_min | minutes of exercise within 3 hours of wake and before the first meal
-- resistance_exercise_min | minutes of strength training
-- morning_daylight_min | minutes in daylight in the hour after wake
-- bedroom_temperature_cel | mean room temperature between onset and wake, degrees Celsius; NULL below 70 % coverage
-- caffeine_after_14h_mg | caffeine from 14:00 on, mg; NULL where none was logged that day
-- alcohol_drink_count | standard drinks; NULL where none was logged
-- is_night_valid | sleep period within night_min_h and night_max_h
-- is_day_valid | coverage of the day reaches day_coverage_min_pct, no gap above 3 hours
-- is_complete | valid night and day, overnight coverage reached without a gap above an hour, no instant inferred or unresolved
-- quality_notes | what to know about this row, in words; NULL for nothing
with glucose as (select has_compression_low, unnest(glucose) from night_clean),

known as materialized (
    select
        g.* exclude (participant_id, sleep_date, night, night_fallen),
        unnest(g.night),
        case when g.meal_after_wake_min <= 180 then coalesce(meal_base(g.near_meal), g.fasting_mgdl)
            else g.fasting_mgdl end - g.late_nadir_mgdl as dawn_delta_mgdl,
        meal_base(g.near_meal) as base_mgdl,
        meal_part(g.near_meal, 0, least(g.meal_until_min, 180)) as until_next,
        case when g.meal_until_min >= 120 then meal_part(g.near_meal, 0, 120) end as until_2h,
        coalesce(
            g.day_coverage_pct >= rule_day_coverage_min_pct() and g.day_gap_min <= 180, false
        ) as is_day_valid,
        coalesce(
            g.night_coverage_pct >= rule_night_coverage_min_pct() and g.night_gap_min <= 60, false
        ) as is_overnight_covered,
        coalesce(g.night_inferred_count, 0) + coalesce(g.day_inferred_count, 0) > 0
            as is_glucose_inferred
    from glucose as g
),

-- what was found out about clocks in the night or the day after; a move as such is no doubt
touched as (
    select
        n.participant_id,
        n.sleep_date,
        bool_or(f.kind = 'unresolved') as is_unresolved,
        string_agg(distinct replace(f.kind, '_', ' '), ', ' order by replace(f.kind, '_', ' '))
            as clock_doubts
    from known as n
    join clock_finding as f
        on f.participant_id = n.participant_id
        and f.from_at < n.wake_at + to_seconds(3600 * rule_day_cap_h())
        and f.to_at >= n.onset_at
    where f.kind <> 'clock_change'
    group by n.participant_id, n.sleep_date
),

together as (
    select
        *,
        clock_offset_us(wake_local, wake_at) as wake_offset,
        wake_offset <> clock_offset_us(onset_local, onset_at)
            or coalesce(wake_offset <> lag(wake_offset) over (
                partition by participant_id order by sleep_date
            ), false) as timezone_changed
    from known
    left join touched using (participant_id, sleep_date)
)

select
    participant_id,
    sleep_date,
    connector as sleep_connector,
    sleep_basis,
    onset_at,
    wake_at,
    onset_local,
    wake_local,
    timezone_changed,
    time_in_bed_min,
    sleep_period_min,
    total_sleep_min,
    sleep_latency_min,
    wake_after_onset_min,
    sleep_efficiency_pct,
    awakening_count,
    light_min,
    deep_min,
    rem_min,
    rem_latency_min,
    midpoint_local_h,
    nap_min,
    total_sleep_24h_min,
    sleep_heart_rate_bpm,
    sleep_heart_rate_min_bpm,
    sleep_hrv_rmssd_ms,
    sleep_hrv_sdnn_ms,
    sleep_respiratory_rate_brpm,
    sleep_spo2_pct,
    skin_temperature_deviation_cel,
    history.sleep_debt_3d_min,
    history.sleep_debt_7d_min,
    history.total_sleep_mean_4d_min,
    history.sleep_regularity_index_7d,
    history.midpoint_sd_7d_min,
    history.social_jetlag_28d_min,
    history.is_short_6h,
    history.is_restriction_run_4d,
    night_mean_mgdl as overnight_mean_mgdl,
    night_sd_mgdl as overnight_sd_mgdl,
    100 * night_sd_mgdl / night_mean_mgdl as overnight_cv_pct,
    night_min_mgdl as overnight_min_mgdl,
    night_nadir_mgdl as overnight_nadir_mgdl,
    night_tbr70_pct as overnight_tbr70_pct,
    night_tir_pct as overnight_tir_pct,
    night_titr_pct as overnight_titr_pct,
    night_coverage_pct as overnight_coverage_pct,
    night_reading_count as overnight_reading_count,
    has_compression_low,
    onset_mgdl,
    fasting_mgdl,
    dawn_delta_mgdl,
    dawn_delta_mgdl >= rule_dawn_min_mgdl() and late_nadir_mgdl >= 70 as has_dawn_phenomenon,
    case when meal_until_min >= 60 then meal_peak(until_next, meal_until_min) - base_mgdl end
        as breakfast_peak_delta_mgdl,
    meal_iauc(until_2h, base_mgdl, 120) as breakfast_iauc_2h_mgdl_min,
    day_hours,
    day_mean_mgdl,
    day_median_mgdl,
    day_sd_mgdl,
    100 * day_sd_mgdl / day_mean_mgdl as day_cv_pct,
    day_tir_pct,
    day_titr_pct,
    day_tbr70_pct,
    day_tbr54_pct,
    day_tar180_pct,
    day_tar250_pct,
    day_mag_mgdl_h,
    day_lbgi,
    day_hbgi,
    glycemia_risk_index(day_tbr54_pct, day_tbr70_pct, day_tar180_pct, day_tar250_pct) as day_gri,
    day_coverage_pct,
    day_reading_count,
    is_day_capped,
    wake16h_mean_mgdl,
    wake16h_sd_mgdl,
    100 * wake16h_sd_mgdl / wake16h_mean_mgdl as wake16h_cv_pct,
    wake16h_tir_pct,
    wake16h_titr_pct,
    wake16h_coverage_pct,
    exposure.eating_window_h,
    exposure.last_meal_to_bed_min,
    exposure.kcal_before_15h_pct,
    exposure.postmeal_steps_60min,
    exposure.step_count,
    exposure.exercise_min,
    exposure.fasted_morning_exercise_min,
    exposure.resistance_exercise_min,
    exposure.morning_daylight_min,
    exposure.bedroom_temperature_cel,
    exposure.caffeine_after_14h_mg,
    exposure.alcohol_drink_count,
    is_night_valid,
    is_day_valid,
    is_night_valid and is_day_valid and is_overnight_covered
        and not is_glucose_inferred and not is_inferred and not coalesce(is_unresolved, false)
        as is_complete,
    nullif(concat_ws('; ',
        case when not is_night_valid then 'sleep period outside the valid range' end,
        case when sleep_basis = 'totals' then 'sleep from totals, no segments' end,
        case when night_mean_mgdl is null then 'no overnight glucose'
             when not is_overnight_covered then 'overnight glucose incomplete' end,
        case when day_mean_mgdl is null then 'no daytime glucose'
             when not is_day_valid then 'daytime glucose incomplete' end,
        case when is_day_capped then 'next night unknown, day capped' end,
        case when timezone_changed then 'clock changed' end,
        case when is_glucose_inferred or is_inferred then 'some instants inferred' end,
        'clocks: ' || clock_doubts,
        case when night_censored_pct > 1 then 'overnight mean includes sensor limits' end,
        case when day_censored_pct > 1 then 'day mean includes sensor limits' end
    ), '') as quality_notes
from together
