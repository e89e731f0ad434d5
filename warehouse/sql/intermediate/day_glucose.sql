-- Glucose of the day that follows each night.
-- grain: participant_id, sleep_date
--
-- participant_id | who
-- sleep_date | local date of the final wake
-- reading_count | readings
-- coverage_pct | observed share of the day, %
-- largest_gap_min | longest time without a reading, both ends of the day included, minutes
-- mean_mgdl | mean
-- median_mgdl | median
-- sd_mgdl | standard deviation (n - 1)
-- tbr54_pct | share below 54, %
-- tbr70_pct | share below 70, %
-- tir_pct | share in 70 to 180, %
-- titr_pct | share in 70 to 140, %
-- tar180_pct | share above 180, %
-- tar250_pct | share above 250, %
-- mag_mgdl_h | mean absolute change of neighbours at most 45 minutes apart, mg/dL per hour
-- lbgi | low blood glucose index
-- hbgi | high blood glucose index
-- censored_pct | share of readings that are a sensor's limit, %
-- inferred_count | readings whose instant was inferred
-- is_valid | coverage of day_coverage_min_pct and no gap above 3 hours
select
    r.participant_id,
    r.sleep_date,
    count(*) as reading_count,
    at_most_100(
        100 * sum_min(r.covers_min) / ((any_value(n.until_us) - any_value(n.wake_us)) / 6e7)
    ) as coverage_pct,
    greatest(
        max(r.step_us), min(r.at_us) - any_value(n.wake_us), any_value(n.until_us) - max(r.at_us)
    ) / 6e7 as largest_gap_min,
    mean_of(r.mgdl) as mean_mgdl,
    median(r.mgdl) as median_mgdl,
    sd_of(r.mgdl) as sd_mgdl,
    100 * avg((r.range_band = 0)::int) as tbr54_pct,
    100 * avg((r.range_band <= 1)::int) as tbr70_pct,
    100 * avg((r.range_band in (2, 3))::int) as tir_pct,
    100 * avg((r.range_band = 2)::int) as titr_pct,
    100 * avg((r.range_band >= 4)::int) as tar180_pct,
    100 * avg((r.range_band = 5)::int) as tar250_pct,
    sum_of(case when r.step_us <= 2700000000 then r.change_mgdl end)
        / (sum(case when r.step_us <= 2700000000 then r.step_us end) / 3.6e9) as mag_mgdl_h,
    mean_of(low_risk(r.mgdl)) as lbgi,
    mean_of(high_risk(r.mgdl)) as hbgi,
    100 * avg(r.is_bound::int) as censored_pct,
    count(*) filter (r.is_inferred) as inferred_count,
    coalesce(coverage_pct >= rule_day_coverage_min_pct() and largest_gap_min <= 180, false)
        as is_valid
from day_reading as r
join night_window as n using (participant_id, sleep_date)
group by r.participant_id, r.sleep_date
