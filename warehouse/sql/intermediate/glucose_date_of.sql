-- What the readings of each local date come to.
-- parameters: reading like glucose_reading, pace like glucose_pace
-- grain: participant_id, date
--
-- participant_id | who
-- date | local calendar date
-- reading_count | readings
-- coverage_pct | observed share of the day, %; a day of a clock change has 23 or 25 hours
-- largest_gap_min | longest time without a reading, both ends of the day included, minutes
-- is_valid | coverage of day_coverage_min_pct and no gap above 3 hours
-- missed_count | readings that the sensor's pace lets expect since the one before, and that are not there
-- censored_pct | share of readings that are a sensor's limit, %
-- mean_mgdl | mean
-- median_mgdl | median
-- sd_mgdl | standard deviation (n - 1)
-- min_mgdl | lowest reading
-- max_mgdl | highest reading
-- tbr54_pct | share below 54 mg/dL (3.0 mmol/L), %
-- tbr70_pct | share below 70 (3.9), %
-- tir_pct | share in 70 to 180 (3.9 to 10.0), %
-- titr_pct | share in 70 to 140 (3.9 to 7.8), %
-- tir_own_pct | share in the own range of [targets] in the settings, both ends included, %; NULL without one
-- ta140_pct | share above 140 (7.8), %
-- tar180_pct | share above 180 (10.0), %
-- tar250_pct | share above 250 (13.9), %
-- lbgi | low blood glucose index
-- hbgi | high blood glucose index
-- risk_range | highest low risk plus highest high risk
with followed as (
    select
        r.participant_id,
        (r.wall_us // 86400000000)::int as day,
        r.at_us,
        r.wall_us,
        r.glucose_mgdl,
        r.range_band,
        r.reported_as,
        r.covers_min,
        r.is_bound,
        p.step_us,
        r.at_us - r.wall_us % 86400000000 as midnight_us,
        lag(r.at_us) over (partition by r.participant_id order by r.at_us) as before_us
    from query_table(reading) as r
    left join query_table(pace) as p using (participant_id)
),

day as (
    select
        participant_id,
        day,
        count(*) as reading_count,
        sum_min(covers_min) as observed_min,
        100 * avg(is_bound::int) as censored_pct,
        -- the last wall clock minus the first is too long or short by what the clock was moved
        1440 - (max(wall_us) - min(wall_us) - max(at_us) + min(at_us)) / 6e7 as day_min,
        max(at_us - greatest(before_us, midnight_us)) / 6e7 as gap_min,
        1440 - max(wall_us % 86400000000) / 6e7 as last_gap_min,
        coalesce(sum(greatest(round((at_us - before_us) / step_us) - 1, 0)), 0) as missed_count,
        mean_of(glucose_mgdl) as mean_mgdl,
        median(glucose_mgdl) as median_mgdl,
        sd_of(glucose_mgdl) as sd_mgdl,
        min(glucose_mgdl) as min_mgdl,
        max(glucose_mgdl) as max_mgdl,
        100 * avg((range_band = 0)::int) as tbr54_pct,
        100 * avg((range_band <= 1)::int) as tbr70_pct,
        100 * avg((range_band in (2, 3))::int) as tir_pct,
        100 * avg((range_band = 2)::int) as titr_pct,
        100 * avg(is_in_own_range(glucose_mgdl, reported_as)::int) as tir_own_pct,
        100 * avg((range_band >= 3)::int) as ta140_pct,
        100 * avg((range_band >= 4)::int) as tar180_pct,
        100 * avg((range_band = 5)::int) as tar250_pct,
        mean_of(low_risk(glucose_mgdl)) as lbgi,
        mean_of(high_risk(glucose_mgdl)) as hbgi
    from followed
    group by participant_id, day
)

select
    participant_id,
    date '1970-01-01' + day as date,
    reading_count,
    at_most_100(100 * observed_min / day_min) as coverage_pct,
    greatest(gap_min, last_gap_min) as largest_gap_min,
    coalesce(coverage_pct >= rule_day_coverage_min_pct() and largest_gap_min <= 180, false)
        as is_valid,
    missed_count,
    censored_pct,
    mean_mgdl,
    median_mgdl,
    sd_mgdl,
    min_mgdl,
    max_mgdl,
    tbr54_pct,
    tbr70_pct,
    tir_pct,
    titr_pct,
    tir_own_pct,
    ta140_pct,
    tar180_pct,
    tar250_pct,
    lbgi,
    hbgi,
    low_risk(min_mgdl) + high_risk(max_mgdl) as risk_range
from day
