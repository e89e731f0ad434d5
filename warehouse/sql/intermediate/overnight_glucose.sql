-- Glucose of each night.
-- grain: participant_id, sleep_date
--
-- participant_id | who
-- sleep_date | local date of the final wake
-- window_min | onset to wake, minutes
-- reading_count | readings
-- coverage_pct | observed share, %
-- largest_gap_min | longest time without a reading, both ends of the night included, minutes
-- mean_mgdl | mean
-- sd_mgdl | standard deviation (n - 1)
-- min_mgdl | lowest reading
-- nadir_mgdl | lowest mean of 15 minutes
-- late_nadir_mgdl | the same of those that begin after local midnight
-- tbr54_pct | share below 54, %
-- tbr70_pct | share below 70, %
-- tir_pct | share in 70 to 180, %
-- titr_pct | share in 70 to 140, %
-- tir_own_pct | share in the own range of [targets] in the settings, both ends included, %; NULL without one
-- censored_pct | share of readings that are a sensor's limit, %
-- inferred_count | readings whose instant was inferred
-- is_covered | coverage of night_coverage_min_pct and no gap above an hour
select
    r.participant_id,
    r.sleep_date,
    (any_value(n.wake_us) - any_value(n.onset_us)) / 6e7 as window_min,
    count(*) as reading_count,
    at_most_100(100 * sum_min(r.covers_min) / window_min) as coverage_pct,
    greatest(
        max(r.step_us), min(r.at_us) - any_value(n.onset_us), any_value(n.wake_us) - max(r.at_us)
    ) / 6e7 as largest_gap_min,
    mean_of(r.mgdl) as mean_mgdl,
    sd_of(r.mgdl) as sd_mgdl,
    min(r.mgdl) as min_mgdl,
    min(r.mean15_mgdl) as nadir_mgdl,
    min(r.mean15_mgdl) filter (r.mean15_from_us >= n.midnight_us) as late_nadir_mgdl,
    100 * avg((r.range_band = 0)::int) as tbr54_pct,
    100 * avg((r.range_band <= 1)::int) as tbr70_pct,
    100 * avg((r.range_band in (2, 3))::int) as tir_pct,
    100 * avg((r.range_band = 2)::int) as titr_pct,
    100 * avg(is_in_own_range(r.mgdl, r.reported_as)::int) as tir_own_pct,
    100 * avg(r.is_bound::int) as censored_pct,
    count(*) filter (r.is_inferred) as inferred_count,
    coalesce(
        coverage_pct >= rule_night_coverage_min_pct() and largest_gap_min <= 60, false
    ) as is_covered
from overnight_reading as r
join night_window as n using (participant_id, sleep_date)
group by r.participant_id, r.sleep_date
