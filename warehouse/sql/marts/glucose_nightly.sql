-- Glucose between sleep onset and final wake.
-- grain: participant_id, sleep_date
--
-- participant_id | who
-- sleep_date | local date of the final wake
-- window_min | onset to wake, minutes
-- reading_count | readings
-- coverage_pct | observed share: readings times their stream's interval per window, %
-- largest_gap_min | longest time without a reading, minutes
-- mean_mgdl | mean
-- sd_mgdl | standard deviation
-- cv_pct | standard deviation per mean, %
-- min_mgdl | lowest reading
-- nadir_mgdl | lowest 15-minute mean
-- tbr54_pct | share below 54 mg/dL (3.0 mmol/L), %
-- tbr70_pct | share below 70 (3.9), %
-- tir_pct | share in 70 to 180 (3.9 to 10.0), %
-- titr_pct | share in 70 to 140 (3.9 to 7.8), %
-- onset_mgdl | mean of the readings within 15 minutes of sleep onset
-- fasting_mgdl | mean of the last three readings within 30 minutes before wake (15-minute sensors: two in 45)
-- censored_pct | share of readings that are a sensor's limit, %
-- inferred_count | readings whose instant was inferred
-- compression_low_count | times that someone lay on the sensor; NULL where readings are too few to tell
-- compression_low_min | length of these compression lows, fall and return included, minutes
-- clean_mean_mgdl | mean without them, mg/dL
-- clean_sd_mgdl | standard deviation without them, mg/dL
-- clean_min_mgdl | lowest reading without them, mg/dL
-- clean_nadir_mgdl | lowest 15-minute mean without them, mg/dL
-- clean_tbr70_pct | share below 70 (3.9) without them, %
with night as (select * exclude (participant_id, sleep_date, glucose), unnest(glucose) from night_clean)

select
    participant_id,
    sleep_date,
    night_min as window_min,
    night_reading_count as reading_count,
    night_coverage_pct as coverage_pct,
    night_gap_min as largest_gap_min,
    night_mean_mgdl as mean_mgdl,
    night_sd_mgdl as sd_mgdl,
    100 * night_sd_mgdl / night_mean_mgdl as cv_pct,
    night_min_mgdl as min_mgdl,
    night_nadir_mgdl as nadir_mgdl,
    night_tbr54_pct as tbr54_pct,
    night_tbr70_pct as tbr70_pct,
    night_tir_pct as tir_pct,
    night_titr_pct as titr_pct,
    onset_mgdl,
    fasting_mgdl,
    night_censored_pct as censored_pct,
    night_inferred_count as inferred_count,
    compression_low_count,
    compression_low_min,
    clean_mean_mgdl,
    clean_sd_mgdl,
    clean_min_mgdl,
    clean_nadir_mgdl,
    clean_tbr70_pct
from night
where night_reading_count is not null
