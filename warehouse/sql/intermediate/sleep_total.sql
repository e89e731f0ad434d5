-- What the segments of each sleep add up to.
-- grain: participant_id, connector, device, episode_number
--
-- participant_id | who
-- connector | export format
-- device | device or app
-- episode_number | which sleep of this source
-- episode_at | begin of its first segment, asleep or not (UTC)
-- has_stages | light, deep or REM is told apart
-- is_staged | false if it came as a session without stages
-- is_inferred | some of its instants were inferred
-- is_session | the export tells it as a session, with a begin and an end
-- start_at | begin of the first segment (UTC)
-- end_at | end of the last segment (UTC)
-- onset_at | begin of the first asleep segment (UTC)
-- wake_at | end of the last asleep segment (UTC)
-- onset_local | onset on the wall clock
-- wake_local | final wake on the wall clock
-- asleep_min | minutes asleep
-- light_min | minutes of light sleep
-- deep_min | minutes of deep sleep
-- rem_min | minutes of REM sleep
-- rem_at | begin of the first REM segment (UTC)
-- is_shifted | a copy of what another source tells at a better clock
select
    participant_id,
    connector,
    device,
    row_number() over (partition by participant_id, connector, device order by episode_at)::int
        as episode_number,
    episode_at,
    bool_or(label in ('light', 'deep', 'rem')) as has_stages,
    bool_or(is_staged) as is_staged,
    bool_or(is_inferred) as is_inferred,
    bool_or(session is not null) as is_session,
    min(start_at) as start_at,
    max(end_at) as end_at,
    min(start_at) filter (is_asleep) as onset_at,
    max(end_at) filter (is_asleep) as wake_at,
    arg_min(start_local, start_at) filter (is_asleep) as onset_local,
    arg_max(end_local, end_at) filter (is_asleep) as wake_local,
    sum_min(case when is_asleep then minutes end) as asleep_min,
    sum_min(case when label = 'light' then minutes end) as light_min,
    sum_min(case when label = 'deep' then minutes end) as deep_min,
    sum_min(case when label = 'rem' then minutes end) as rem_min,
    min(start_at) filter (label = 'rem') as rem_at,
    bool_or(coalesce(contains(flag, 'shifted_copy'), false)) as is_shifted
from sleep_segment
group by participant_id, connector, device, episode_at
-- what was never asleep is no sleep, but has its number
qualify bool_or(is_asleep)
