-- Percentiles of glucose over the day, of a relation like `glucose_5min`.
-- parameters: grid like glucose_5min
-- columns: agp_profile
-- grain: participant_id, minute_of_day
with slot as (
    select
        participant_id,
        (epoch_us(start_local) % 86400000000 // 300000000)::int as slot,
        count(distinct start_local::date) as day_count,
        quantile_cont(glucose_mgdl, [0.05, 0.25, 0.5, 0.75, 0.95]) as percentiles
    from query_table(grid)
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
