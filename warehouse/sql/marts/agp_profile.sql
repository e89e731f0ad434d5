-- Ambulatory glucose profile: how glucose lies over the day, in percentiles of all days.
-- grain: participant_id, minute_of_day
--
-- participant_id | who
-- minute_of_day | begin of five minutes on the wall clock, minutes after midnight
-- day_count | local dates with a value in them
-- p05_mgdl | 5th percentile, smoothed
-- p25_mgdl | 25th
-- p50_mgdl | median
-- p75_mgdl | 75th
-- p95_mgdl | 95th
--
-- Percentiles (type 7) over days of the grid `glucose_5min`, then the mean of the 13 from 30 minutes
-- before to 30 after; the day is a circle, so that 23:55 and 0:00 are neighbours. NULL with less than
-- pattern_min_days days. Recommended are 14 days of 70 % coverage.
with slot as (
    select
        participant_id,
        (epoch_us(start_local) % 86400000000 // 300000000)::int as slot,
        count(distinct start_local::date) as day_count,
        quantile_cont(glucose_mgdl, [0.05, 0.25, 0.5, 0.75, 0.95]) as percentiles
    from glucose_5min
    where glucose_mgdl is not null
    group by participant_id, slot
),

enough as materialized (select * from slot where day_count >= rule_pattern_min_days()),

smoothed as (
    select
        participant_id,
        (slot + shift + 288) % 288 as slot,
        mean_of(percentiles[1]) as p05_mgdl,
        mean_of(percentiles[2]) as p25_mgdl,
        mean_of(percentiles[3]) as p50_mgdl,
        mean_of(percentiles[4]) as p75_mgdl,
        mean_of(percentiles[5]) as p95_mgdl
    from enough
    cross join range(-6, 7) as s(shift)
    group by participant_id, (slot + shift + 288) % 288
)

select
    s.participant_id,
    (5 * s.slot)::int as minute_of_day,
    s.day_count,
    m.p05_mgdl,
    m.p25_mgdl,
    m.p50_mgdl,
    m.p75_mgdl,
    m.p95_mgdl
from slot as s
left join enough as e using (participant_id, slot)
left join smoothed as m
    on m.participant_id = e.participant_id and m.slot = e.slot
