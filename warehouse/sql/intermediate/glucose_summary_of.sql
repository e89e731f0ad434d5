-- Glucose of each participant over a period, from what its parts come to.
-- parameters: levels like glucose_level, paces like glucose_pace, dates like glucose_date, changes like glucose_change, clocks like glucose_clock, events like glucose_event
-- columns: glucose_summary_between
-- grain: participant_id
with day as (
    select
        participant_id,
        count(*) as day_count,
        count(*) filter (is_valid) as valid_day_count,
        sum(missed_count) as missed_count,
        mean_of(risk_range) as adrr
    from query_table(dates)
    group by participant_id
),

observed as (
    select participant_id, observed_min / 1440 as observed_days
    from query_table(changes)
    where date is null
),

varied as (
    select
        w.*,
        c.* exclude (participant_id),
        d.cv_daily_mean_pct,
        d.cv_daily_sd_pct
    from query_table(changes) as w
    join query_table(clocks) as c using (participant_id)
    join (
        select
            participant_id,
            mean_of(100 * sd_mgdl / mean_mgdl) as cv_daily_mean_pct,
            sd_of(100 * sd_mgdl / mean_mgdl) as cv_daily_sd_pct
        from query_table(changes)
        where date is not null
        group by participant_id
    ) as d using (participant_id)
    where w.date is null and w.observed_min >= 60 * rule_variability_min_h()
),

event as (
    select
        participant_id,
        count(*) filter (kind = 'hypo' and level = 'l1') as hypo_l1,
        count(*) filter (kind = 'hypo' and level = 'l2') as hypo_l2,
        count(*) filter (kind = 'hypo' and level = 'extended') as hypo_extended,
        count(*) filter (kind = 'hyper' and level = 'l1') as hyper_l1,
        count(*) filter (kind = 'hyper' and level = 'l2') as hyper_l2,
        mean_of(case when kind = 'hypo' and level = 'l1' then duration_min end) as hypo_l1_mean_min,
        mean_of(case when kind = 'hypo' and level = 'l2' then duration_min end) as hypo_l2_mean_min,
        mean_of(case when kind = 'hypo' and level = 'extended' then duration_min end) as hypo_extended_mean_min,
        mean_of(case when kind = 'hyper' and level = 'l1' then duration_min end) as hyper_l1_mean_min,
        mean_of(case when kind = 'hyper' and level = 'l2' then duration_min end) as hyper_l2_mean_min
    from query_table(events)
    group by participant_id
),

told as (
    select
        l.*,
        d.* exclude (participant_id),
        v.* exclude (participant_id, mean_mgdl, sd_mgdl),
        m.* exclude (participant_id, date, reading_count, observed_min, span_min),
        e.* exclude (participant_id),
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
    from query_table(levels) as l
    join day as d using (participant_id)
    left join query_table(paces) as p using (participant_id)
    left join observed as o using (participant_id)
    left join varied as v using (participant_id)
    left join event as e using (participant_id)
    left join mage as m
        on m.participant_id = l.participant_id
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
    censored_pct,
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
    tir_own_pct,
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
