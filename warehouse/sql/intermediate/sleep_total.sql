-- What the segments of each sleep add up to.
--
-- participant_id | who
-- connector | export format
-- device | device or app
-- episode_number | which sleep of this source
-- has_stages | light, deep or REM is told apart
-- is_staged | false if it came as a session without stages
-- is_inferred | some of its instants were inferred
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
-- unknown_min | minutes between onset and wake that were not scored
-- rem_at | begin of the first REM segment (UTC)
-- sessions | the vendor's own sleeps that were merged into it
-- awakening_count | wake runs of at least awakening_min_min between onset and wake
with run as (
    select
        *,
        is_asleep and coalesce(
            epoch_us(start_at) - epoch_us(asleep_until) >= rule_awakening_min_min() * 6e7, false
        ) as is_awakening
    from sleep_segment
)

select
    participant_id,
    connector,
    device,
    row_number() over (partition by participant_id, connector, device order by episode_at)::int
        as episode_number,
    bool_or(label in ('light', 'deep', 'rem')) as has_stages,
    bool_or(is_staged) as is_staged,
    bool_or(is_inferred) as is_inferred,
    min(start_at) as start_at,
    max(end_at) as end_at,
    min(start_at) filter (is_asleep) as onset_at,
    max(end_at) filter (is_asleep) as wake_at,
    arg_min(start_local, start_at) filter (is_asleep) as onset_local,
    arg_max(end_local, end_at) filter (is_asleep) as wake_local,
    sum(minutes) filter (is_asleep) as asleep_min,
    sum(minutes) filter (label = 'light') as light_min,
    sum(minutes) filter (label = 'deep') as deep_min,
    sum(minutes) filter (label = 'rem') as rem_min,
    -- of unscored segments those before the final wake
    coalesce(
        list_sum(list_transform(list_filter(
            list({start_at: start_at, minutes: minutes}) filter (label = 'unknown'),
            lambda x: x.start_at < max(end_at) filter (is_asleep)
                and x.start_at > min(start_at) filter (is_asleep)
        ), lambda x: x.minutes)), 0
    ) as unknown_min,
    min(start_at) filter (label = 'rem') as rem_at,
    list_distinct(list(session)) as sessions,
    -- the first sleep of an episode follows no wake run of its own
    count(*) filter (is_awakening) - coalesce(arg_min(is_awakening::int, start_at) filter (is_asleep), 0)
        as awakening_count
from run
group by participant_id, connector, device, episode_at
-- what was never asleep is no sleep, but has its number
qualify bool_or(is_asleep)
