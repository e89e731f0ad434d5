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
-- meal_until_min | see `glucose_span`
-- reading_count | readings
-- observed_min | minutes that they stand for
-- censored_count | readings that are a sensor's limit
-- inferred_count | readings whose instant was inferred
-- interval_min | minutes that one of them stands for
-- mean_mgdl | mean
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
-- median_mgdl | median of a day; NULL for a night
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
-- fallen | of a night with a fall of compression_drop_mgdl in 15 minutes: all its readings in time
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
        * exclude (participant_id, sleep_date, is_capped, meal_until_min, night)
    from span
),

-- few and narrow columns from here on
placed as materialized (
    select
        h.span_id,
        epoch_us(g.start_at) as at_us,
        g.glucose_mgdl,
        g.interval_min,
        (g.range_band
            + case when g.bound is not null then 8 else 0 end
            + case when g.time_basis = 'zone_inferred' then 16 else 0 end
            + case when at_us >= h.midnight_us then 32 else 0 end
            + case when at_us >= h.edge_begins_us and at_us < h.edge_ends_us then 64 else 0 end
            + case when at_us < h.until16_us then 128 else 0 end
            + case when not h.is_night then 256 else 0 end)::smallint as traits,
        -- of the two readings before, those of the same stretch
        case when at_us - g.step_us >= h.begins_us then g.step_us end as step_us,
        case when at_us - g.step_us >= h.begins_us and g.step_us <= 2700000000
            then abs(g.glucose_mgdl - g.before_mgdl) end as change_mgdl,
        case
            when coalesce(g.interval_min, 15) >= 7.5 then g.glucose_mgdl
            when g.step2_us < 900000000 and at_us - g.step2_us >= h.begins_us
                then (g.glucose_mgdl + g.before_mgdl + g.before2_mgdl) / 3
        end as mean15_mgdl,
        h.is_night and g.high15_mgdl - g.glucose_mgdl >= rule_compression_drop_mgdl() as is_fallen,
        h.is_night and at_us >= h.wake_us - 2700000000 as is_near_wake,
        at_us between h.meal_us - 1800000000 and h.meal_us + 10800000000 as is_near_meal
    from glucose_chosen as g
    join span_hour as h
        on h.participant_id = g.participant_id
        and h.hour = epoch_us(g.start_at) // 3600000000
    where epoch_us(g.start_at) >= h.begins_us and epoch_us(g.start_at) < h.ends_us
),

-- Sums of readings with the same traits first: a few rows per stretch to choose from. They are
-- of integers so that they do not depend on the order in which threads come by.
alike as (
    select
        span_id,
        traits & 7 as range_band,
        traits & 8 > 0 as is_bound,
        traits & 16 > 0 as is_inferred,
        traits & 32 > 0 as is_late,
        traits & 64 > 0 as is_edge,
        traits & 128 > 0 as is_16h,
        count(*) as n,
        any_value(interval_min) as interval_min,
        sum(round(interval_min * 6e8)::bigint) as minutes,
        sum(millionths(glucose_mgdl)) as total,
        sum(millionths(glucose_mgdl) * millionths(glucose_mgdl)) as squares,
        sum(case when risk < 0 then round(risk * risk * 1e12)::bigint end) as low_risk,
        sum(case when risk > 0 then round(risk * risk * 1e12)::bigint end) as high_risk,
        sum(millionths(change_mgdl)) as change,
        sum(case when step_us <= 2700000000 then step_us end) as change_us,
        min(glucose_mgdl) as min_mgdl,
        min(mean15_mgdl) as nadir_mgdl,
        max(step_us) as step_us,
        min(at_us) as first_us,
        max(at_us) as last_us
    from (select *, ln(glucose_mgdl) ** 1.084 - 5.381 as risk from placed)
    group by span_id, traits
),

total as (
    select
        span_id,
        sum(n)::bigint as reading_count,
        sum(minutes) / 6e8 as observed_min,
        coalesce(sum(n) filter (is_bound), 0)::bigint as censored_count,
        coalesce(sum(n) filter (is_inferred), 0)::bigint as inferred_count,
        any_value(interval_min) as interval_min,
        sum(total) / 1e6 / sum(n) as mean_mgdl,
        sd_of_sums(sum(n), sum(total), sum(squares)) as sd_mgdl,
        min(min_mgdl) as min_mgdl,
        min(nadir_mgdl) as nadir_mgdl,
        min(nadir_mgdl) filter (is_late) as late_nadir_mgdl,
        100 * coalesce(sum(n) filter (range_band = 0), 0) / sum(n) as tbr54_pct,
        100 * coalesce(sum(n) filter (range_band <= 1), 0) / sum(n) as tbr70_pct,
        100 * coalesce(sum(n) filter (range_band in (2, 3)), 0) / sum(n) as tir_pct,
        100 * coalesce(sum(n) filter (range_band = 2), 0) / sum(n) as titr_pct,
        100 * coalesce(sum(n) filter (range_band >= 4), 0) / sum(n) as tar180_pct,
        100 * coalesce(sum(n) filter (range_band = 5), 0) / sum(n) as tar250_pct,
        22.77 * coalesce(sum(low_risk), 0) / 1e12 / sum(n) as lbgi,
        22.77 * coalesce(sum(high_risk), 0) / 1e12 / sum(n) as hbgi,
        sum(change) / 1e6 / (sum(change_us) / 3.6e9) as mag_mgdl_h,
        max(step_us) as step_us,
        min(first_us) as first_us,
        max(last_us) as last_us,
        sum(n) filter (is_edge)::bigint as edge_count,
        sum(total) filter (is_edge) / 1e6 as edge_sum,
        sum(n) filter (is_16h)::bigint as count16,
        sum(minutes) filter (is_16h) / 6e8 as observed16_min,
        sum(total) filter (is_16h) / 1e6 as sum16,
        sum(squares) filter (is_16h) / 1e12 as square16,
        sum(n) filter (is_16h and range_band in (2, 3))::bigint as tir16,
        sum(n) filter (is_16h and range_band = 2)::bigint as titr16
    from alike
    group by span_id
),

middle as (
    select span_id, median(glucose_mgdl) as median_mgdl
    from placed
    where traits & 256 > 0
    group by span_id
),

listed as (
    select
        span_id,
        list({at_us: at_us, mgdl: glucose_mgdl} order by at_us desc) filter (is_near_wake)
            as before_wake,
        list({at_us: at_us, mgdl: glucose_mgdl} order by at_us) filter (is_near_meal) as near_meal
    from placed
    where is_near_wake or is_near_meal
    group by span_id
),

fallen as (
    select
        span_id,
        list(
            {
                at_us: at_us,
                mgdl: glucose_mgdl,
                is_low: traits & 7 <= 1,
                mean15_mgdl: mean15_mgdl,
                is_slow: coalesce(interval_min, 15) >= 7.5
            }
            order by at_us
        ) as fallen
    from placed
    semi join (select span_id from placed where is_fallen) as falling using (span_id)
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
    s.meal_until_min,
    t.* exclude (span_id, step_us, first_us, last_us, edge_count, edge_sum, count16,
        observed16_min, sum16, square16, tir16, titr16),
    m.median_mgdl,
    greatest(t.step_us, t.first_us - s.begins_us, s.ends_us - t.last_us) / 6e7
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
        l.before_wake, lambda r: {minute: (s.wake_us - r.at_us) / 6e7, mgdl: r.mgdl}
    ) as before_wake,
    f.fallen,
    list_transform(
        l.near_meal, lambda r: {minute: (r.at_us - s.meal_us) / 6e7, mgdl: r.mgdl}
    ) as near_meal
from span as s
left join total as t using (span_id)
left join middle as m using (span_id)
left join listed as l using (span_id)
left join fallen as f using (span_id)
