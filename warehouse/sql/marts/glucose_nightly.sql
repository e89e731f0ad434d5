-- Glucose between sleep onset and final wake.
-- grain: participant_id, sleep_date
--
-- participant_id | who
-- sleep_date | local date of the final wake
-- window_min | onset to wake, minutes
-- reading_count | readings
-- coverage_pct | observed share of the night, %
-- largest_gap_min | longest time without a reading, minutes
-- mean_mgdl | mean
-- sd_mgdl | standard deviation
-- cv_pct | standard deviation per mean, %
-- min_mgdl | lowest reading
-- nadir_mgdl | lowest mean of 15 minutes, whatever the sensor's pace
-- tbr54_pct | share below 54 mg/dL (3.0 mmol/L), %
-- tbr70_pct | share below 70 (3.9), %
-- tir_pct | share in 70 to 180 (3.9 to 10.0), %
-- titr_pct | share in 70 to 140 (3.9 to 7.8), %
-- tir_own_pct | share in the own range of [targets] in the settings, both ends included, %; NULL without one
-- onset_mgdl | mean of the readings within 15 minutes of sleep onset
-- fasting_mgdl | mean of the 15 minutes before wake, mg/dL; NULL below ten observed ones
-- fasting_30min_mgdl | mean of the 30 minutes before wake, mg/dL
-- fasting_60min_mgdl | mean of the hour before wake, mg/dL
-- hours_since_last_meal | from the last logged meal to wake, hours; NULL where none is logged in 24: whether it was a fast is not known
-- censored_pct | share of readings that are a sensor's limit, %
-- inferred_count | readings whose instant was inferred
-- compression_low_count | times that someone lay on the sensor; NULL where readings are too few to tell
-- compression_low_min | length of these compression lows, fall and return included, minutes
-- clean_mean_mgdl | mean without them, mg/dL
-- clean_sd_mgdl | standard deviation without them, mg/dL
-- clean_min_mgdl | lowest reading without them, mg/dL
-- clean_nadir_mgdl | lowest 15-minute mean without them, mg/dL
-- clean_tbr70_pct | share below 70 (3.9) without them, %
select
    g.participant_id,
    g.sleep_date,
    g.window_min,
    g.reading_count,
    g.coverage_pct,
    g.largest_gap_min,
    g.mean_mgdl,
    g.sd_mgdl,
    100 * g.sd_mgdl / g.mean_mgdl as cv_pct,
    g.min_mgdl,
    g.nadir_mgdl,
    g.tbr54_pct,
    g.tbr70_pct,
    g.tir_pct,
    g.titr_pct,
    g.tir_own_pct,
    m.onset_mgdl,
    m.fasting_mgdl,
    m.fasting_30min_mgdl,
    m.fasting_60min_mgdl,
    m.hours_since_last_meal,
    g.censored_pct,
    g.inferred_count,
    c.compression_low_count,
    c.compression_low_min,
    c.clean_mean_mgdl,
    c.clean_sd_mgdl,
    c.clean_min_mgdl,
    c.clean_nadir_mgdl,
    c.clean_tbr70_pct
from overnight_glucose as g
left join morning_glucose as m using (participant_id, sleep_date)
left join overnight_clean as c using (participant_id, sleep_date)
