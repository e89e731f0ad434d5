-- What the readings of each night and each day come to; stretches without readings are kept.
--
-- participant_id | who
-- sleep_date | local date of the final wake
-- span_id | number of the stretch, in time within a participant
-- is_night | the night, else the day
-- is_capped | see `glucose_span`
-- night | see `glucose_span`
-- window_min | length, minutes
-- meal_after_wake_min | the first meal, minutes after wake
-- reading_count | readings
-- observed_min | minutes that they stand for
-- censored_count | readings that are a sensor's limit
-- inferred_count | readings whose instant was inferred
-- interval_min | minutes that one of them stands for
-- mean_mgdl | mean
-- median_mgdl | median
-- sd_mgdl | standard deviation (n - 1)
-- min_mgdl | lowest
-- nadir_mgdl | lowest 15-minute mean
-- late_nadir_mgdl | the same from local midnight of the wake date
-- tbr54_pct | share below 54, %
-- tbr70_pct | share below 70, %
-- tir_pct | share in 70 to 180, %
-- titr_pct | share in 70 to 140, %
-- tar180_pct | share above 180, %
-- tar250_pct | share above 250, %
-- lbgi | low blood glucose index
-- hbgi | high blood glucose index
-- mag_mgdl_h | mean absolute glucose change, mg/dL per hour
-- largest_gap_min | longest time without a reading, ends included
-- edge_count | readings of the 15 minutes at sleep onset
-- edge_sum | their sum
-- count16 | readings before `until16_us`
-- observed16_min | minutes that they stand for
-- sum16 | their sum
-- square16 | sum of their squares
-- tir16 | of them in 70 to 180
-- titr16 | of them in 70 to 140
-- before_wake | readings of the last 45 minutes of a night: minutes before wake and mg/dL
-- near_meal | readings from 30 minutes before the first meal to 180 after: minute and mg/dL
--
-- Indices: Kovatchev; 22.77 f(x)^2 with f(x) = ln(x)^1.084 - 5.381, over all readings.
--
-- Times are integers, because arithmetic on instants goes through calendar code that costs more
-- than all else; readings find their stretch by the hour, which is a hash join.
with span as materialized (select * from glucose_span),

span_hour as (
    select
        participant_id,
        unnest(range(begins_us // 3600000000, (ends_us - 1) // 3600000000 + 1)) as hour,
        * exclude (participant_id, sleep_date, is_capped, night)
    from span
),

-- few and narrow columns from here on: millions of rows are sorted
placed as (
    select
        h.span_id,
        epoch_us(g.start_at) as at_us,
        g.glucose_mgdl,
        g.range_band,
        g.bound is not null as is_bound,
        g.time_basis = 'zone_inferred' as is_inferred,
        g.interval_min,
        at_us >= h.midnight_us as is_late,
        at_us >= h.edge_begins_us and at_us < h.edge_ends_us as is_edge,
        at_us < h.until16_us as is_16h,
        h.is_night and at_us >= h.wake_us - 2700000000 as is_near_wake,
        at_us between h.meal_us - 1800000000 and h.meal_us + 10800000000 as is_near_meal
    from glucose as g
    join span_hour as h
        on h.participant_id = g.participant_id
        and h.hour = epoch_us(g.start_at) // 3600000000
    where epoch_us(g.start_at) >= h.begins_us and epoch_us(g.start_at) < h.ends_us
),

followed as (
    select
        *,
        (at_us - lag(at_us) over near) / 6e7 as step_min,
        abs(glucose_mgdl - lag(glucose_mgdl) over near) as change_mgdl,
        case
            when coalesce(interval_min, 15) >= 7.5 then glucose_mgdl
            when at_us - lag(at_us, 2) over near < 900000000
                then (glucose_mgdl + lag(glucose_mgdl) over near + lag(glucose_mgdl, 2) over near) / 3
        end as mean15_mgdl,
        ln(glucose_mgdl) ** 1.084 - 5.381 as risk
    from placed
    window near as (partition by span_id order by at_us)
),

total as (
    select
        span_id,
        count(*) as reading_count,
        sum(interval_min) as observed_min,
        count(*) filter (is_bound) as censored_count,
        count(*) filter (is_inferred) as inferred_count,
        any_value(interval_min) as interval_min,
        avg(glucose_mgdl) as mean_mgdl,
        median(glucose_mgdl) as median_mgdl,
        stddev_samp(glucose_mgdl) as sd_mgdl,
        min(glucose_mgdl) as min_mgdl,
        min(mean15_mgdl) as nadir_mgdl,
        min(mean15_mgdl) filter (is_late) as late_nadir_mgdl,
        100 * count(*) filter (range_band = 0) / count(*) as tbr54_pct,
        100 * count(*) filter (range_band <= 1) / count(*) as tbr70_pct,
        100 * count(*) filter (range_band in (2, 3)) / count(*) as tir_pct,
        100 * count(*) filter (range_band = 2) / count(*) as titr_pct,
        100 * count(*) filter (range_band >= 4) / count(*) as tar180_pct,
        100 * count(*) filter (range_band = 5) / count(*) as tar250_pct,
        22.77 * avg(case when risk < 0 then risk * risk else 0 end) as lbgi,
        22.77 * avg(case when risk > 0 then risk * risk else 0 end) as hbgi,
        sum(change_mgdl) filter (step_min <= 45) / (sum(step_min) filter (step_min <= 45) / 60)
            as mag_mgdl_h,
        max(step_min) as step_min,
        min(at_us) as first_us,
        max(at_us) as last_us,
        count(*) filter (is_edge) as edge_count,
        sum(glucose_mgdl) filter (is_edge) as edge_sum,
        count(*) filter (is_16h) as count16,
        sum(interval_min) filter (is_16h) as observed16_min,
        sum(glucose_mgdl) filter (is_16h) as sum16,
        sum(glucose_mgdl * glucose_mgdl) filter (is_16h) as square16,
        count(*) filter (is_16h and range_band in (2, 3)) as tir16,
        count(*) filter (is_16h and range_band = 2) as titr16,
        list({at_us: at_us, mgdl: glucose_mgdl} order by at_us desc) filter (is_near_wake)
            as before_wake,
        list({at_us: at_us, mgdl: glucose_mgdl} order by at_us) filter (is_near_meal) as near_meal
    from followed
    group by span_id
)

select
    s.participant_id,
    s.sleep_date,
    s.span_id,
    s.is_night,
    s.is_capped,
    s.night,
    (s.ends_us - s.begins_us) / 6e7 as window_min,
    (s.meal_us - s.wake_us) / 6e7 as meal_after_wake_min,
    t.* exclude (span_id, step_min, first_us, last_us, edge_count, edge_sum, count16,
        observed16_min, sum16, square16, tir16, titr16, before_wake, near_meal),
    greatest(t.step_min, (t.first_us - s.begins_us) / 6e7, (s.ends_us - t.last_us) / 6e7)
        as largest_gap_min,
    coalesce(t.edge_count, 0) as edge_count,
    coalesce(t.edge_sum, 0) as edge_sum,
    coalesce(t.count16, 0) as count16,
    coalesce(t.observed16_min, 0) as observed16_min,
    coalesce(t.sum16, 0) as sum16,
    coalesce(t.square16, 0) as square16,
    coalesce(t.tir16, 0) as tir16,
    coalesce(t.titr16, 0) as titr16,
    list_transform(
        t.before_wake, lambda r: {minute: (s.wake_us - r.at_us) / 6e7, mgdl: r.mgdl}
    ) as before_wake,
    list_transform(
        t.near_meal, lambda r: {minute: (r.at_us - s.meal_us) / 6e7, mgdl: r.mgdl}
    ) as near_meal
from span as s
left join total as t using (span_id)
