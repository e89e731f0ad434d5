-- Sleep stages of every source, without overlaps within a source.
-- grain: participant_id, connector, device, start_at
--
-- participant_id | who
-- connector | export format it came from
-- device | device or app, '' where the export names none
-- episode_number | which sleep of this source
-- stage | awake, light, deep, rem, asleep_unspecified, unknown
-- start_at | begin (UTC)
-- end_at | end (UTC)
-- start_local | begin on the wall clock
-- end_local | end on the wall clock
-- stage_min | length, minutes
-- file | source file
-- record | record number in that file
select
    participant_id,
    connector,
    device,
    dense_rank() over (partition by participant_id, connector, device order by episode_at)::int
        as episode_number,
    label as stage,
    start_at,
    end_at,
    start_local,
    end_local,
    minutes as stage_min,
    file,
    record
from sleep_segment
-- numbers count all sleeps of a source, so the rest is left out after numbering
qualify is_staged
