-- Hypo- and hyperglycaemic events.
-- grain: participant_id, kind, level, start_at
--
-- participant_id | who
-- kind | hypo or hyper
-- level | l1 (below 70 or above 180 mg/dL), l2 (below 54 or above 250), extended (below 70 for more than 120 minutes)
-- start_at | begin: the first point beyond the limit (UTC)
-- start_local | the same on the wall clock
-- end_at | end: the first point that is back (UTC)
-- duration_min | from begin to end, minutes; short returns are part of it
-- mean_mgdl | mean glucose of the event
-- extreme_mgdl | lowest of a hypo, highest of a hyper
-- is_right_censored | whether a gap or the end of the data ended it, so that it may have lasted longer
-- has_l2 | of level l1: whether an event of l2 began in it
--
-- An event of l2 or an extended one lies in one of l1 and is counted beside it. Limits and durations are
-- rules of the settings. Extended hyperglycaemia is not told. See `glucose_event_of` for the rules.
with point as (
    select participant_id, kind, level, begin_point, unnest(range(begin_point, end_point)) as point
    from glucose_event
),

inside as (
    select
        p.participant_id,
        p.kind,
        p.level,
        p.begin_point,
        mean_of(g.mgdl) as mean_mgdl,
        case when p.kind = 'hypo' then min(g.mgdl) else max(g.mgdl) end as extreme_mgdl
    from point as p
    join glucose_grid as g using (participant_id, point)
    group by p.participant_id, p.kind, p.level, p.begin_point
),

deeper as (
    select participant_id, kind, begin_point
    from glucose_event
    where level = 'l2'
)

select
    e.participant_id,
    e.kind,
    e.level,
    make_timestamptz(e.begins_us) as start_at,
    make_timestamp(e.begins_wall_us) as start_local,
    make_timestamptz(e.begins_us + (e.duration_min * 60000000)::bigint) as end_at,
    e.duration_min,
    i.mean_mgdl,
    i.extreme_mgdl,
    e.is_right_censored,
    case when e.level = 'l1' then coalesce(d.begin_point >= e.begin_point, false) end as has_l2
from glucose_event as e
join inside as i using (participant_id, kind, level, begin_point)
asof left join deeper as d
    on d.participant_id = e.participant_id
    and d.kind = e.kind
    and d.begin_point < e.end_point
