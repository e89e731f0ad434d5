-- A fingerprint of all that the statistics of sleep_effect read of a participant.
-- grain: participant_id
--
-- participant_id | who
-- fingerprint | MD5 of their rows of effect_night, by date, numbers to six digits
with told as (
    select
        participant_id,
        sleep_date,
        array_to_string(list_transform(
            [
                is_free_day::integer, total_sleep_min, sleep_efficiency_pct, midpoint_local_h,
                sleep_regularity_index_7d, deep_min, rem_min, last_meal_to_bed_min,
                eating_window_h, kcal_before_15h_pct, carbohydrate_before_15h_pct,
                last_meal_carbohydrate_g, overnight_fast_h, day_nap_min, onset_sd_7d_min,
                bedroom_temperature_cel, resistance_exercise_48h_min,
                fasted_morning_exercise_min, morning_daylight_min, postmeal_steps_60min,
                wake_local_h, sensor_day, alcohol_drink_count, caffeine_after_14h_mg,
                wake16h_coverage_pct, wake16h_mean_mgdl, wake16h_excess_mgdl, wake16h_sd_mgdl,
                wake16h_titr_pct, fasting_mgdl, breakfast_iauc_2h_mgdl_min
            ]::double[],
            lambda value: coalesce(round(value, 6)::varchar, '')
        ), ' ') as words
    from effect_night
)

select
    participant_id,
    md5(string_agg(sleep_date::varchar || ' ' || words, ';' order by sleep_date)) as fingerprint
from told
group by participant_id
