-- A mean lies between the extremes, a deviation and an index are not negative, a risk index ends
-- at 100, a day at 24 hours.
select participant_id, date::varchar as date, 'glucose_daily' as relation
from glucose_daily
where not mean_mgdl between min_mgdl - 1e-9 and max_mgdl + 1e-9
    or not median_mgdl between min_mgdl and max_mgdl
    or sd_mgdl < 0 or lbgi < 0 or hbgi < 0
    or not gri between 0 and 100
    or reading_count < 1
union all
select participant_id, sleep_date::varchar, 'night_to_day'
from night_to_day
where overnight_min_mgdl > overnight_mean_mgdl + 1e-9
    or overnight_min_mgdl > overnight_nadir_mgdl + 1e-9
    or overnight_sd_mgdl < 0 or day_sd_mgdl < 0 or wake16h_sd_mgdl < 0
    or day_lbgi < 0 or day_hbgi < 0 or day_mag_mgdl_h < 0
    or not day_gri between 0 and 100
    or breakfast_iauc_2h_mgdl_min < 0
    or not (day_hours > 0 and day_hours <= 24)
union all
select participant_id, sleep_date::varchar, 'glucose_nightly'
from glucose_nightly
where clean_min_mgdl < min_mgdl
    or clean_min_mgdl > clean_mean_mgdl + 1e-9
    or clean_min_mgdl > clean_nadir_mgdl + 1e-9
    or clean_sd_mgdl < 0
    or not compression_low_min between 0 and window_min
    or (compression_low_count > 0) <> (compression_low_min > 0)
