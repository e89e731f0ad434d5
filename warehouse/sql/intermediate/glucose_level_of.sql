-- Level, ranges and risk of each participant's readings.
-- parameters: reading like glucose_reading
-- grain: participant_id
--
-- participant_id | who
-- first_date | local date of the first reading
-- last_date | of the last
-- span_min | minutes from the first to the last
-- reading_count | readings
-- censored_pct | share of readings that are a sensor's limit, %
-- mean_mgdl | mean
-- median_mgdl | median
-- sd_mgdl | standard deviation (n - 1)
-- min_mgdl | lowest reading
-- max_mgdl | highest reading
-- iqr_mgdl | third minus first quartile (type 7)
-- mad_mgdl | 1.4826 times the median distance from the median
-- tir_pct | share in 70 to 180 mg/dL (3.9 to 10.0 mmol/L), %
-- titr_pct | share in 70 to 140 (3.9 to 7.8), %
-- tir_63_140_pct | share in 63 to 140 (3.5 to 7.8), %
-- tir_own_pct | share in the own range of [targets] in the settings, both ends included, %; NULL without one
-- tbr54_pct | share below 54 (3.0), %
-- tbr70_pct | share below 70 (3.9), %
-- ta140_pct | share above 140 (7.8), %
-- tar180_pct | share above 180 (10.0), %
-- tar250_pct | share above 250 (13.9), %
-- lbgi | low blood glucose index
-- hbgi | high blood glucose index
-- grade | GRADE: mean of each reading's score
-- grade_hypo_pct | share of all scores that is of readings below 80 mg/dL, %
-- grade_eu_pct | of those in 70 to 140, %
-- grade_hyper_pct | of those above 140, %
-- m_value_r90 | M-value, reference 90 mg/dL, without the term of the range
-- hypo_index | squares of what readings are below 80 mg/dL, per 30 n
-- hyper_index | what readings are above 140 mg/dL to the power of 1.1, per 30 n
with scored as (
    select
        participant_id,
        at_us,
        wall_us,
        glucose_mgdl,
        range_band,
        is_bound,
        reported_as,
        grade_score(glucose_mgdl) as score
    from query_table(reading)
),

total as (
    select
        participant_id,
        make_timestamp(min(wall_us))::date as first_date,
        make_timestamp(max(wall_us))::date as last_date,
        (max(at_us) - min(at_us)) / 6e7 as span_min,
        count(*) as reading_count,
        100 * avg(is_bound::int) as censored_pct,
        mean_of(glucose_mgdl) as mean_mgdl,
        quantile_cont(glucose_mgdl, [0.25, 0.5, 0.75]) as quartiles,
        sd_of(glucose_mgdl) as sd_mgdl,
        min(glucose_mgdl) as min_mgdl,
        max(glucose_mgdl) as max_mgdl,
        1.4826 * mad(glucose_mgdl) as mad_mgdl,
        100 * avg((range_band in (2, 3))::int) as tir_pct,
        100 * avg((range_band = 2)::int) as titr_pct,
        100 * avg((range_band <= 2 and not is_below(glucose_mgdl, 63, reported_as))::int) as tir_63_140_pct,
        100 * avg(is_in_own_range(glucose_mgdl, reported_as)::int) as tir_own_pct,
        100 * avg((range_band = 0)::int) as tbr54_pct,
        100 * avg((range_band <= 1)::int) as tbr70_pct,
        100 * avg((range_band >= 3)::int) as ta140_pct,
        100 * avg((range_band >= 4)::int) as tar180_pct,
        100 * avg((range_band = 5)::int) as tar250_pct,
        mean_of(low_risk(glucose_mgdl)) as lbgi,
        mean_of(high_risk(glucose_mgdl)) as hbgi,
        mean_of(score) as grade,
        100 * coalesce(sum_of(case when glucose_mgdl < 80 then score end), 0) / sum_of(score) as grade_hypo_pct,
        100 * coalesce(sum_of(case when range_band = 2 then score end), 0) / sum_of(score) as grade_eu_pct,
        100 * coalesce(sum_of(case when range_band >= 3 then score end), 0) / sum_of(score) as grade_hyper_pct,
        mean_of(1000 * abs(log10(glucose_mgdl / 90)) ** 3) as m_value_r90,
        mean_of(greatest(80 - glucose_mgdl, 0) ** 2) / 30 as hypo_index,
        mean_of(greatest(glucose_mgdl - 140, 0) ** 1.1) / 30 as hyper_index
    from scored
    group by participant_id
)

select
    participant_id,
    first_date,
    last_date,
    span_min,
    reading_count,
    censored_pct,
    mean_mgdl,
    quartiles[2] as median_mgdl,
    sd_mgdl,
    min_mgdl,
    max_mgdl,
    quartiles[3] - quartiles[1] as iqr_mgdl,
    mad_mgdl,
    tir_pct,
    titr_pct,
    tir_63_140_pct,
    tir_own_pct,
    tbr54_pct,
    tbr70_pct,
    ta140_pct,
    tar180_pct,
    tar250_pct,
    lbgi,
    hbgi,
    grade,
    grade_hypo_pct,
    grade_eu_pct,
    grade_hyper_pct,
    m_value_r90,
    hypo_index,
    hyper_index
from total
