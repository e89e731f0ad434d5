-- Glucose by local calendar date.
-- grain: participant_id, date
--
-- participant_id | who
-- date | local calendar date
-- reading_count | readings
-- coverage_pct | observed share of the day, %; a day of a clock change has 23 or 25 hours
-- mean_mgdl | mean
-- median_mgdl | median
-- sd_mgdl | standard deviation
-- cv_pct | standard deviation per mean, %
-- min_mgdl | lowest reading
-- max_mgdl | highest reading
-- tbr54_pct | share below 54 mg/dL (3.0 mmol/L), %
-- tbr70_pct | share below 70 (3.9), %
-- tir_pct | share in 70 to 180 (3.9 to 10.0), %
-- titr_pct | share in 70 to 140 (3.9 to 7.8), %
-- tar180_pct | share above 180 (10.0), %
-- tar250_pct | share above 250 (13.9), %
-- lbgi | low blood glucose index
-- hbgi | high blood glucose index
-- gri | glycemia risk index, 0 to 100
with day as (
    select
        participant_id,
        start_local::date as date,
        count(*) as reading_count,
        sum(interval_min) as observed_min,
        -- the last wall clock minus the first is too long or short by what the clock was moved
        1440 - (epoch_us(max(start_local)) - epoch_us(min(start_local))
            - epoch_us(max(start_at)) + epoch_us(min(start_at))) / 6e7 as day_min,
        avg(glucose_mgdl) as mean_mgdl,
        median(glucose_mgdl) as median_mgdl,
        stddev_samp(glucose_mgdl) as sd_mgdl,
        min(glucose_mgdl) as min_mgdl,
        max(glucose_mgdl) as max_mgdl,
        100 * avg((range_band = 0)::int) as tbr54_pct,
        100 * avg((range_band <= 1)::int) as tbr70_pct,
        100 * avg((range_band in (2, 3))::int) as tir_pct,
        100 * avg((range_band = 2)::int) as titr_pct,
        100 * avg((range_band >= 4)::int) as tar180_pct,
        100 * avg((range_band = 5)::int) as tar250_pct,
        22.77 * avg(least(ln(glucose_mgdl) ** 1.084 - 5.381, 0) ** 2) as lbgi,
        22.77 * avg(greatest(ln(glucose_mgdl) ** 1.084 - 5.381, 0) ** 2) as hbgi
    from glucose
    where start_local is not null
    group by participant_id, start_local::date
)

select
    participant_id,
    date,
    reading_count,
    at_most_100(100 * observed_min / day_min) as coverage_pct,
    mean_mgdl,
    median_mgdl,
    sd_mgdl,
    100 * sd_mgdl / mean_mgdl as cv_pct,
    min_mgdl,
    max_mgdl,
    tbr54_pct,
    tbr70_pct,
    tir_pct,
    titr_pct,
    tar180_pct,
    tar250_pct,
    lbgi,
    hbgi,
    glycemia_risk_index(tbr54_pct, tbr70_pct, tar180_pct, tar250_pct) as gri
from day
