-- Glucose of each participant over a period: one row of everything.
-- parameters: from_date, to_date
-- grain: participant_id
--
-- participant_id | who
-- first_date | local date of the first reading
-- last_date | of the last
-- day_count | local dates with a reading
-- valid_day_count | of them with coverage of day_coverage_min_pct and no gap above 3 hours
-- reading_count | readings
-- coverage_pct | readings that are there, of those that the sensor's pace lets expect between the first and the last, %
-- mean_mgdl | mean
-- median_mgdl | median
-- sd_mgdl | standard deviation (n - 1)
-- cv_pct | standard deviation per mean, %
-- min_mgdl | lowest reading
-- max_mgdl | highest reading
-- iqr_mgdl | third minus first quartile (type 7)
-- mad_mgdl | 1.4826 times the median distance from the median
-- gmi_pct | glucose management indicator, 3.31 + 0.02392 mean, %: an estimate, not a laboratory's A1c; needs estimate_min_days
-- ea1c_pct | estimated A1c by ADAG, (46.7 + mean) / 28.7, %; needs estimate_min_days
-- tir_pct | share of readings in 70 to 180 mg/dL (3.9 to 10.0 mmol/L), %
-- titr_pct | share in 70 to 140 (3.9 to 7.8), %
-- tir_63_140_pct | share in 63 to 140 (3.5 to 7.8), %
-- tbr54_pct | share below 54 (3.0), %
-- tbr70_pct | share below 70 (3.9), %
-- ta140_pct | share above 140 (7.8), %
-- tar180_pct | share above 180 (10.0), %
-- tar250_pct | share above 250 (13.9), %
-- j_index | (mean + standard deviation) squared / 1000
-- lbgi | low blood glucose index, Kovatchev's, with the constant 22.77
-- hbgi | high blood glucose index
-- bgri | both together
-- adrr | average daily risk range: mean over days of highest low risk plus highest high risk; needs pattern_min_days
-- grade | GRADE: mean score of the readings
-- grade_hypo_pct | share of it that is of readings below 80 mg/dL, %
-- grade_eu_pct | of readings in 70 to 140 (the three do not add up to 100), %
-- grade_hyper_pct | of readings above 140, %
-- m_value_r90 | M-value with the reference 90 mg/dL, without the term of the range
-- hypo_index | hypoglycaemia index, limit 80 mg/dL
-- hyper_index | hyperglycaemia index, limit 140 mg/dL
-- igc | both together
-- gri | glycemia risk index, 0 to 100
-- gri_zone | its zone, A (to 20) to E
-- cogi | continuous glucose monitoring index, 0 to 100; needs pattern_min_days
-- sd_roc_mgdl_min | standard deviation of the rate of change over 15 minutes, mg/dL per minute; it, all that follows and events per day need variability_min_h
-- mag_mgdl_h | mean absolute glucose change from point to point, mg/dL per hour
-- gvp_pct | glycemic variability percentage: how much longer the trace is than a level one, %
-- modd_mgdl | mean absolute difference to the same time of the day before
-- conga_1h_mgdl | standard deviation of the differences over an hour
-- conga_2h_mgdl | over two hours
-- conga_4h_mgdl | over four hours
-- conga_24h_mgdl | over 24 hours; needs pattern_min_days
-- sd_within_day_mgdl | SDw: mean of the days' standard deviations
-- sd_daily_mean_mgdl | SDdm: standard deviation of the days' means
-- sd_time_of_day_mgdl | SDhhmm: standard deviation of the mean profile over the day
-- sd_within_hour_mgdl | SDwsh: mean standard deviation within an hour
-- sd_between_days_mgdl | SDb: mean over times of day of the standard deviation between days
-- sd_between_days_adjusted_mgdl | SDbdm: the same after the mean of each day is taken off
-- cv_daily_mean_pct | CVmean: mean of the days' coefficients of variation, %
-- cv_daily_sd_pct | CVsd: their standard deviation, %
-- mage_service_mgdl | mean amplitude of glycemic excursions in the direction of the first one; needs all data, not a part of them
-- mage_plus_mgdl | of upward excursions
-- mage_minus_mgdl | of downward excursions
-- mage_avg_mgdl | of both, iglu's default
-- mage_max_mgdl | of the larger of the two
-- hypo_l1_count | events of at least 15 minutes below 70 mg/dL (see `glucose_episode`)
-- hypo_l2_count | below 54
-- hypo_extended_count | of more than 120 minutes below 70
-- hyper_l1_count | of at least 15 minutes above 180
-- hyper_l2_count | above 250
-- hypo_l1_per_day | events per observed day
-- hypo_l2_per_day | the same of level 2
-- hypo_extended_per_day | of extended ones
-- hyper_l1_per_day | above 180
-- hyper_l2_per_day | above 250
-- hypo_l1_mean_min | mean length, minutes; NULL without an event
-- hypo_l2_mean_min | of level 2
-- hypo_extended_mean_min | of extended ones
-- hyper_l1_mean_min | above 180
-- hyper_l2_mean_min | above 250
--
-- MAGE is not made in SQL: it lies in the table `mage`, over all data. Turning points need the whole
-- trace, so of a period that leaves readings out it is NULL. It needs day_coverage_min_pct of its span too.
-- Both dates belong to the period; NULL leaves it open. Equal to iglu 4.3.0 to 1e-9, but: coverage is
-- by the sensor's own pace, where iglu counts any sensor's readings per five minutes; a metric is NULL
-- where it has too little data; the mean length of no events is NULL, not 0. Other packages: cgmquantify
-- and glucose360 divide by n in standard deviations; EasyGV's LBGI divides by the low readings alone,
-- its GRADE is a median; glucostats exchanges the two upper weights of GRI; the constant of LBGI
-- is elsewhere 10 * 1.509 ** 2, 4e-5 more; M-values have references of 90, 100 or 120.
with reading as materialized (select * from glucose_between(from_date, to_date)),

pace as materialized (select * from glucose_pace_of('reading')),

pace_5min as (select participant_number, 300000000 as step_us, origin_us from pace),

grid as materialized (select * from glucose_grid_of('reading', 'pace')),

grid_5min as (select * from glucose_grid_of('reading', 'pace_5min')),

day as (
    select
        participant_number,
        count(*) as day_count,
        count(*) filter (is_valid) as valid_day_count,
        sum(missed_count) as missed_count,
        avg(risk_range) as adrr
    from glucose_date_of('reading', 'pace')
    group by participant_number
),

change as materialized (select * from glucose_change_of('grid')),

observed as (
    select participant_number, observed_min / 1440 as observed_days
    from change
    where date is null
),

varied as (
    select
        w.*,
        c.* exclude (participant_number),
        d.cv_daily_mean_pct,
        d.cv_daily_sd_pct
    from change as w
    join glucose_clock_of('grid_5min') as c using (participant_number)
    join (
        select
            participant_number,
            avg(100 * sd_mgdl / mean_mgdl) as cv_daily_mean_pct,
            stddev_samp(100 * sd_mgdl / mean_mgdl) as cv_daily_sd_pct
        from change
        where date is not null
        group by participant_number
    ) as d using (participant_number)
    where w.date is null and w.observed_min >= 60 * rule_variability_min_h()
),

event as (
    select
        participant_number,
        count(*) filter (kind = 'hypo' and level = 'l1') as hypo_l1,
        count(*) filter (kind = 'hypo' and level = 'l2') as hypo_l2,
        count(*) filter (kind = 'hypo' and level = 'extended') as hypo_extended,
        count(*) filter (kind = 'hyper' and level = 'l1') as hyper_l1,
        count(*) filter (kind = 'hyper' and level = 'l2') as hyper_l2,
        avg(duration_min) filter (kind = 'hypo' and level = 'l1') as hypo_l1_mean_min,
        avg(duration_min) filter (kind = 'hypo' and level = 'l2') as hypo_l2_mean_min,
        avg(duration_min) filter (kind = 'hypo' and level = 'extended') as hypo_extended_mean_min,
        avg(duration_min) filter (kind = 'hyper' and level = 'l1') as hyper_l1_mean_min,
        avg(duration_min) filter (kind = 'hyper' and level = 'l2') as hyper_l2_mean_min
    from glucose_event_of('grid')
    group by participant_number
),

told as (
    select
        n.participant_id,
        l.* exclude (participant_number),
        d.* exclude (participant_number),
        v.* exclude (participant_number, mean_mgdl, sd_mgdl),
        m.* exclude (participant_id, date, reading_count, observed_min, span_min),
        e.* exclude (participant_number),
        d.valid_day_count >= rule_estimate_min_days() as can_estimate,
        d.valid_day_count >= rule_pattern_min_days() as has_pattern,
        round(l.span_min * 6e7 / p.step_us) + 1 as expected_count,
        case when o.observed_days > 0 then coalesce(e.hypo_l1, 0) end as hypo_l1_count,
        case when o.observed_days > 0 then coalesce(e.hypo_l2, 0) end as hypo_l2_count,
        case when o.observed_days > 0 then coalesce(e.hypo_extended, 0) end
            as hypo_extended_count,
        case when o.observed_days > 0 then coalesce(e.hyper_l1, 0) end as hyper_l1_count,
        case when o.observed_days > 0 then coalesce(e.hyper_l2, 0) end as hyper_l2_count,
        -- days to divide by, if they are enough
        case when o.observed_days * 24 >= rule_variability_min_h() and o.observed_days > 0
            then o.observed_days end as rate_days
    from glucose_level_of('reading') as l
    join participant_number as n using (participant_number)
    join day as d using (participant_number)
    left join pace as p using (participant_number)
    left join observed as o using (participant_number)
    left join varied as v using (participant_number)
    left join event as e using (participant_number)
    left join mage as m
        on m.participant_id = n.participant_id
        and m.date is null
        and m.reading_count = l.reading_count
        and m.observed_min >= 60 * rule_variability_min_h()
        and 100 * m.observed_min >= rule_day_coverage_min_pct() * m.span_min
)

select
    participant_id,
    first_date,
    last_date,
    day_count,
    valid_day_count,
    reading_count,
    100 * (expected_count - missed_count) / expected_count as coverage_pct,
    mean_mgdl,
    median_mgdl,
    sd_mgdl,
    100 * sd_mgdl / mean_mgdl as cv_pct,
    min_mgdl,
    max_mgdl,
    iqr_mgdl,
    mad_mgdl,
    case when can_estimate then 3.31 + 0.02392 * mean_mgdl end as gmi_pct,
    case when can_estimate then (46.7 + mean_mgdl) / 28.7 end as ea1c_pct,
    tir_pct,
    titr_pct,
    tir_63_140_pct,
    tbr54_pct,
    tbr70_pct,
    ta140_pct,
    tar180_pct,
    tar250_pct,
    (mean_mgdl + sd_mgdl) ** 2 / 1000 as j_index,
    lbgi,
    hbgi,
    lbgi + hbgi as bgri,
    case when has_pattern then adrr end as adrr,
    grade,
    grade_hypo_pct,
    grade_eu_pct,
    grade_hyper_pct,
    m_value_r90,
    hypo_index,
    hyper_index,
    hypo_index + hyper_index as igc,
    glycemia_risk_index(tbr54_pct, tbr70_pct, tar180_pct, tar250_pct) as gri,
    gri_zone(gri) as gri_zone,
    case when has_pattern then continuous_glucose_index(tir_pct, tbr70_pct, sd_mgdl) end as cogi,
    sd_roc_mgdl_min,
    mag_mgdl_h,
    gvp_pct,
    modd_mgdl,
    conga_1h_mgdl,
    conga_2h_mgdl,
    conga_4h_mgdl,
    case when has_pattern then conga_24h_mgdl end as conga_24h_mgdl,
    sd_within_day_mgdl,
    sd_daily_mean_mgdl,
    sd_time_of_day_mgdl,
    sd_within_hour_mgdl,
    sd_between_days_mgdl,
    sd_between_days_adjusted_mgdl,
    cv_daily_mean_pct,
    cv_daily_sd_pct,
    mage_service_mgdl,
    mage_plus_mgdl,
    mage_minus_mgdl,
    mage_avg_mgdl,
    mage_max_mgdl,
    hypo_l1_count,
    hypo_l2_count,
    hypo_extended_count,
    hyper_l1_count,
    hyper_l2_count,
    hypo_l1_count / rate_days as hypo_l1_per_day,
    hypo_l2_count / rate_days as hypo_l2_per_day,
    hypo_extended_count / rate_days as hypo_extended_per_day,
    hyper_l1_count / rate_days as hyper_l1_per_day,
    hyper_l2_count / rate_days as hyper_l2_per_day,
    hypo_l1_mean_min,
    hypo_l2_mean_min,
    hypo_extended_mean_min,
    hyper_l1_mean_min,
    hyper_l2_mean_min
from told
