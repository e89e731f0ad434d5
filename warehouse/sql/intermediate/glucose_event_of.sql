-- Hypo- and hyperglycaemic events on the sensor's own grid.
-- parameters: grid like glucose_grid
-- grain: participant_id, kind, level, begins_us
--
-- participant_id | who
-- kind | hypo or hyper
-- level | l1, l2 or extended
-- begin_point | its first point on the grid
-- end_point | the first point no longer in it
-- begins_us | instant of the first point, microseconds since 1970 (UTC)
-- begins_wall_us | the same on the wall clock
-- duration_min | number of its points times the step, short returns included
-- is_right_censored | whether a gap or the end of the data ended it
--
-- Battelino 2023, by the state machine of iglu 4.3.0: an event begins with episode_start_min beyond
-- the limit (hypo_l1_mgdl 70, hypo_l2_mgdl 54, hyper_l1_mgdl 180, hyper_l2_mgdl 250) and ends before
-- episode_end_min on the other side of it, or of hypo_l2_end_mgdl and hyper_l2_end_mgdl. Extended: more
-- than hypo_extended_min in a row below hypo_l1_mgdl. No event crosses a gap. Limits are compared
-- as readings were reported. Of a sensor slower than 10 minutes slow_event_readings in a row begin an
-- event: one point says nothing of how long it lasted.
with coded as (
    select
        participant_id, point, step_us, at_us, wall_us,
        is_below(mgdl, rule_hypo_l1_mgdl(), reported_as)::int
            + 2 * is_below(mgdl, rule_hypo_l2_mgdl(), reported_as)::int
            + 4 * is_below(mgdl, rule_hypo_l2_end_mgdl(), reported_as)::int
            + 8 * is_above(mgdl, rule_hyper_l1_mgdl(), reported_as)::int
            + 16 * is_above(mgdl, rule_hyper_l2_mgdl(), reported_as)::int
            + 32 * is_above(mgdl, rule_hyper_l2_end_mgdl(), reported_as)::int as code
    from query_table(grid)
),

changed as (
    select *
    from coded
    qualify code is distinct from lag(code) over (partition by participant_id order by point)
),

-- bits of the code that say beyond the limit, and not yet back; minutes to begin
definition as (
    select unnest([
        {kind: 'hypo', level: 'l1', beyond: 1, not_back: 1, begin_min: rule_episode_start_min()},
        {kind: 'hypo', level: 'l2', beyond: 2, not_back: 4, begin_min: rule_episode_start_min()},
        {kind: 'hypo', level: 'extended', beyond: 1, not_back: 1, begin_min: null},
        {kind: 'hyper', level: 'l1', beyond: 8, not_back: 8, begin_min: rule_episode_start_min()},
        {kind: 'hyper', level: 'l2', beyond: 16, not_back: 32, begin_min: rule_episode_start_min()}
    ], recursive := true)
),

-- state: 1 beyond, 0 back, NULL between them and in a gap
run as (
    select
        c.participant_id, d.kind, d.level, c.point, c.at_us, c.wall_us,
        c.step_us / 6e7 as step_min,
        case when c.code & d.beyond > 0 then 1 when c.code & d.not_back = 0 then 0 end as state,
        c.code is null as is_gap,
        case
            when d.begin_min is null then floor(rule_hypo_extended_min() / step_min) + 1
            else greatest(ceil(d.begin_min / step_min), case when step_min > 10 then rule_slow_event_readings() else 1 end)
        end as begin_count,
        ceil(rule_episode_end_min() / step_min) as end_count
    from changed as c
    cross join definition as d
    qualify row(state, is_gap) is distinct from lag(row(state, is_gap)) over (
        partition by c.participant_id, d.kind, d.level order by c.point
    )
),

measured as (
    select
        *,
        lead(point) over series - point as point_count
    from run
    window series as (partition by participant_id, kind, level order by point)
),

bounded as (
    select
        *,
        lag(state) over series as state_before
    from measured
    where is_gap
        or state = 1 and point_count >= begin_count
        or state = 0 and point_count >= end_count
    window series as (partition by participant_id, kind, level order by point)
),

turned as (
    select
        *,
        lead(point) over series as end_point,
        lead(is_gap) over series as is_right_censored
    from bounded
    where is_gap or state = 1 and state_before is distinct from 1
        or state = 0 and state_before = 1
    window series as (partition by participant_id, kind, level order by point)
)

select
    participant_id,
    kind,
    level,
    point as begin_point,
    end_point,
    at_us as begins_us,
    wall_us as begins_wall_us,
    (end_point - point) * step_min as duration_min,
    is_right_censored
from turned
where state = 1
