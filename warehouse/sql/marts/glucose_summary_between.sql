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
-- censored_pct | share of readings that are a sensor's limit, %; above 1 % mean and deviation are biased
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
-- tir_own_pct | share in the own range of [targets] in the settings, both ends included, %; NULL without one
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

pace_5min as (select participant_id, 300000000 as step_us, origin_us from pace),

grid as materialized (select * from glucose_grid_of('reading', 'pace')),

grid_5min as (select * from glucose_grid_of('reading', 'pace_5min')),

level as (select * from glucose_level_of('reading')),

days as (select * from glucose_date_of('reading', 'pace')),

change as materialized (select * from glucose_change_of('grid')),

clock as (select * from glucose_clock_of('grid_5min')),

event as (select * from glucose_event_of('grid'))

select * from glucose_summary_of('level', 'pace', 'days', 'change', 'clock', 'event')
