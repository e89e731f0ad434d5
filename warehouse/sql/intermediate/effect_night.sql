-- What the statistics of sleep_effect read: measures of valid nights, glucose of complete ones.
-- grain: participant_id, sleep_date
--
-- participant_id | who
-- sleep_date | local date of the final wake
-- is_free_day | that date is one of the person's free days
-- total_sleep_min | minutes asleep
-- sleep_efficiency_pct | total sleep per time in bed, %
-- midpoint_local_h | middle of the sleep period, hours from the local midnight of sleep_date
-- sleep_regularity_index_7d | sleep regularity index over 7 pairs of days, -100 to 100
-- deep_min | deep sleep, minutes
-- rem_min | REM sleep, minutes
-- last_meal_to_bed_min | last meal of the day after wake to the next sleep onset, minutes
-- eating_window_h | first logged meal of that day to the last, hours
-- kcal_before_15h_pct | share of its energy eaten before 15:00, %
-- carbohydrate_before_15h_pct | share of its carbohydrate eaten before 15:00, %
-- last_meal_carbohydrate_g | carbohydrate of its last meal, g
-- overnight_fast_h | last logged meal of the day before to the first of this day, hours
-- day_nap_min | minutes asleep in sleeps that begin in the day after wake
-- onset_sd_7d_min | standard deviation of sleep onset in 7 nights, minutes
-- bedroom_temperature_cel | mean room temperature between onset and wake, degrees Celsius
-- resistance_exercise_48h_min | minutes of strength training in the 48 hours before wake
-- fasted_morning_exercise_min | minutes of exercise within 3 hours of wake and before the first meal
-- morning_daylight_min | minutes in daylight in the hour after wake
-- postmeal_steps_60min | steps in the hour after a meal, mean over the meals
-- wake_local_h | final wake, hours from the local midnight of sleep_date
-- sensor_day | whole days since the newest sensor of that date began; NULL where no export tells
-- alcohol_drink_count | standard drinks of the day after wake; NULL where none was logged
-- caffeine_after_14h_mg | caffeine from 14:00 on, mg; NULL where none was logged that day
-- wake16h_coverage_pct | observed share of the 16 hours after wake, %
-- wake16h_mean_mgdl | mean of the 16 hours after wake, mg/dL; NULL below day_coverage_min_pct, as the next three
-- wake16h_excess_mgdl | mean above the person's usual value at that clock time, mg/dL
-- wake16h_sd_mgdl | standard deviation, mg/dL
-- wake16h_titr_pct | share in 70 to 140, %
-- fasting_mgdl | mean of the 15 minutes before wake, mg/dL
-- breakfast_iauc_2h_mgdl_min | area above base in the 2 hours of the first meal, mg/dL x min
--
-- Glucose is NULL unless `is_complete`.
with sensor as (
    select participant_id, start_local::date as sleep_date, min(sensor_day) as sensor_day
    from sample
    where metric = 'interstitial_glucose' and sensor_day is not null and start_local is not null
    group by participant_id, start_local::date
),

valid as (
    select
        n.*,
        e.carbohydrate_before_15h_pct,
        e.last_meal_carbohydrate_g,
        e.overnight_fast_h,
        e.resistance_exercise_48h_min,
        r.onset_sd_7d_min,
        s.sensor_day,
        case when n.is_complete then n.wake16h_coverage_pct end as coverage_pct,
        coalesce(coverage_pct >= rule_day_coverage_min_pct(), false) as is_covered
    from night_to_day as n
    left join exposure_daily as e using (participant_id, sleep_date)
    left join sleep_regularity as r using (participant_id, sleep_date)
    left join sensor as s using (participant_id, sleep_date)
    where n.is_night_valid
)

select
    participant_id,
    sleep_date,
    list_contains(free_weekdays(participant_id), isodow(sleep_date)::integer) as is_free_day,
    total_sleep_min,
    sleep_efficiency_pct,
    midpoint_local_h,
    sleep_regularity_index_7d,
    deep_min,
    rem_min,
    last_meal_to_bed_min,
    eating_window_h,
    kcal_before_15h_pct,
    carbohydrate_before_15h_pct,
    last_meal_carbohydrate_g,
    overnight_fast_h,
    day_nap_min,
    onset_sd_7d_min,
    bedroom_temperature_cel,
    resistance_exercise_48h_min,
    fasted_morning_exercise_min,
    morning_daylight_min,
    postmeal_steps_60min,
    (epoch_us(wake_local) - epoch_us(sleep_date::timestamp)) / 3.6e9 as wake_local_h,
    sensor_day,
    alcohol_drink_count,
    caffeine_after_14h_mg,
    coverage_pct as wake16h_coverage_pct,
    case when is_covered then wake16h_mean_mgdl end as wake16h_mean_mgdl,
    case when is_covered then wake16h_excess_mgdl end as wake16h_excess_mgdl,
    case when is_covered then wake16h_sd_mgdl end as wake16h_sd_mgdl,
    case when is_covered then wake16h_titr_pct end as wake16h_titr_pct,
    case when is_complete then fasting_mgdl end as fasting_mgdl,
    case when is_complete then breakfast_iauc_2h_mgdl_min end as breakfast_iauc_2h_mgdl_min
from valid
