-- Segments of the main sleep of each date and of its naps.
--
-- participant_id | who
-- sleep_date | local date of the final wake
-- part | sleep or nap
-- has_stages | light, deep or REM is told apart in this sleep
-- is_staged | false if it came as a session without stages
-- begins_at | begin of this sleep's first segment (UTC)
-- ends_at | end of its last (UTC)
-- segment | the row of `sleep_segment`
with night as materialized (
    select participant_id, sleep_date, night.connector, night.device, night.onset_at, night.nap_onsets
    from main_sleep
),

sleep as (
    select participant_id, sleep_date, connector, device, 'sleep' as part, onset_at
    from night
    union all
    select participant_id, sleep_date, connector, device, 'nap' as part, unnest(nap_onsets)
    from night
),

segment as materialized (select * from sleep_segment),

-- nothing overlaps in a source: one segment begins at an onset
begun as (
    select s.participant_id, s.sleep_date, s.connector, s.device, s.part, o.episode_at
    from sleep as s
    join segment as o
        on o.participant_id = s.participant_id
        and o.connector = s.connector
        and o.device = s.device
        and o.start_at = s.onset_at
)

select
    b.participant_id,
    b.sleep_date,
    b.part,
    bool_or(g.label in ('light', 'deep', 'rem')) over same as has_stages,
    bool_or(g.is_staged) over same as is_staged,
    min(g.start_at) over same as begins_at,
    max(g.end_at) over same as ends_at,
    g as segment
from begun as b
join segment as g using (participant_id, connector, device, episode_at)
window same as (partition by b.participant_id, b.sleep_date, b.part, b.episode_at)
