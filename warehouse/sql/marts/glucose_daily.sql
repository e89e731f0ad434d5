-- Glucose by local calendar date.
-- grain: participant_id, date
--
-- participant_id | who
-- date | local calendar date
-- reading_count | readings
-- coverage_pct | observed share of the day, %; a day of a clock change has 23 or 25 hours
-- largest_gap_min | longest time without a reading, both ends of the day included, minutes
-- is_valid | coverage of day_coverage_min_pct and no gap above 3 hours
-- censored_pct | share of readings that are a sensor's limit, %; above 1 % mean and deviation are biased
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
-- tir_own_pct | share in the own range of [targets] in the settings, both ends included, %; NULL without one
-- ta140_pct | share above 140 (7.8), %
-- tar180_pct | share above 180 (10.0), %
-- tar250_pct | share above 250 (13.9), %
-- j_index | (mean + standard deviation) squared / 1000
-- lbgi | low blood glucose index
-- hbgi | high blood glucose index
-- risk_range | highest low risk plus highest high risk: what ADRR is the mean of
-- gri | glycemia risk index, 0 to 100
-- sd_roc_mgdl_min | standard deviation of the rate of change over 15 minutes, mg/dL per minute
-- mag_mgdl_h | mean absolute glucose change from point to point, mg/dL per hour
-- gvp_pct | glycemic variability percentage, %
-- modd_mgdl | mean absolute difference to the same time of the day before; needs day_coverage_min_pct of pairs
-- auc_above_140_mgdl_min | area between the trace and 140 mg/dL where it is above, mg/dL times minutes; of a valid day
-- mage_service_mgdl | mean amplitude of glycemic excursions, direction of the first one; needs 20 hours
-- mage_avg_mgdl | of both directions; needs 20 hours
-- hypo_l1_count | events below 70 mg/dL that begin on the day (see `glucose_episode`)
-- hypo_l1_min | their minutes together
-- hypo_l2_count | below 54
-- hypo_l2_min | their minutes together
-- hyper_l1_count | above 180
-- hyper_l1_min | their minutes together
-- hyper_l2_count | above 250
-- hyper_l2_min | their minutes together
--
-- GMI, eA1c, ADRR, COGI and CONGA over 24 hours are of many days and have no daily value. Everything
-- else is told of any day: look at `is_valid` before days are compared.
with event as (
    select
        participant_id,
        make_timestamp(begins_wall_us)::date as date,
        count(*) filter (kind = 'hypo' and level = 'l1') as hypo_l1_count,
        sum_min(case when kind = 'hypo' and level = 'l1' then duration_min end) as hypo_l1_min,
        count(*) filter (kind = 'hypo' and level = 'l2') as hypo_l2_count,
        sum_min(case when kind = 'hypo' and level = 'l2' then duration_min end) as hypo_l2_min,
        count(*) filter (kind = 'hyper' and level = 'l1') as hyper_l1_count,
        sum_min(case when kind = 'hyper' and level = 'l1' then duration_min end) as hyper_l1_min,
        count(*) filter (kind = 'hyper' and level = 'l2') as hyper_l2_count,
        sum_min(case when kind = 'hyper' and level = 'l2' then duration_min end) as hyper_l2_min
    from glucose_event
    group by participant_id, date
)

select
    d.participant_id,
    d.date,
    d.reading_count,
    d.coverage_pct,
    d.largest_gap_min,
    d.is_valid,
    d.censored_pct,
    d.mean_mgdl,
    d.median_mgdl,
    d.sd_mgdl,
    100 * d.sd_mgdl / d.mean_mgdl as cv_pct,
    d.min_mgdl,
    d.max_mgdl,
    d.tbr54_pct,
    d.tbr70_pct,
    d.tir_pct,
    d.titr_pct,
    d.tir_own_pct,
    d.ta140_pct,
    d.tar180_pct,
    d.tar250_pct,
    (d.mean_mgdl + d.sd_mgdl) ** 2 / 1000 as j_index,
    d.lbgi,
    d.hbgi,
    d.risk_range,
    glycemia_risk_index(d.tbr54_pct, d.tbr70_pct, d.tar180_pct, d.tar250_pct) as gri,
    c.sd_roc_mgdl_min,
    c.mag_mgdl_h,
    c.gvp_pct,
    case when 100 * c.modd_min >= 1440 * rule_day_coverage_min_pct() then c.modd_mgdl end
        as modd_mgdl,
    case when d.is_valid then c.auc_above_140_mgdl_min end as auc_above_140_mgdl_min,
    m.mage_service_mgdl,
    m.mage_avg_mgdl,
    case when c.observed_min > 0 then coalesce(e.hypo_l1_count, 0) end as hypo_l1_count,
    case when c.observed_min > 0 then coalesce(e.hypo_l1_min, 0) end as hypo_l1_min,
    case when c.observed_min > 0 then coalesce(e.hypo_l2_count, 0) end as hypo_l2_count,
    case when c.observed_min > 0 then coalesce(e.hypo_l2_min, 0) end as hypo_l2_min,
    case when c.observed_min > 0 then coalesce(e.hyper_l1_count, 0) end as hyper_l1_count,
    case when c.observed_min > 0 then coalesce(e.hyper_l1_min, 0) end as hyper_l1_min,
    case when c.observed_min > 0 then coalesce(e.hyper_l2_count, 0) end as hyper_l2_count,
    case when c.observed_min > 0 then coalesce(e.hyper_l2_min, 0) end as hyper_l2_min
from glucose_date as d
left join glucose_change as c using (participant_id, date)
left join event as e using (participant_id, date)
left join mage as m
    on m.participant_id = d.participant_id and m.date = d.date and m.observed_min >= 1200
