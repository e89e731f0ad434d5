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
-- wake16h_coverage_pct | observed share of the 16 hours after wake, %
-- wake16h_mean_mgdl | mean of the 16 hours after wake, mg/dL; NULL below day_coverage_min_pct, as the next two
-- wake16h_sd_mgdl | standard deviation, mg/dL
-- wake16h_titr_pct | share in 70 to 140, %
-- fasting_mgdl | mean of the last three readings before wake, mg/dL
-- breakfast_iauc_2h_mgdl_min | area above base in the 2 hours of the first meal, mg/dL x min
--
-- Glucose is NULL unless `is_complete`.
with valid as (
    select
        *,
        case when is_complete then wake16h_coverage_pct end as coverage_pct,
        coalesce(coverage_pct >= rule_day_coverage_min_pct(), false) as is_covered
    from night_to_day
    where is_night_valid
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
    coverage_pct as wake16h_coverage_pct,
    case when is_covered then wake16h_mean_mgdl end as wake16h_mean_mgdl,
    case when is_covered then wake16h_sd_mgdl end as wake16h_sd_mgdl,
    case when is_covered then wake16h_titr_pct end as wake16h_titr_pct,
    case when is_complete then fasting_mgdl end as fasting_mgdl,
    case when is_complete then breakfast_iauc_2h_mgdl_min end as breakfast_iauc_2h_mgdl_min
from valid
