-- Sleep and wake of one source without overlaps, each with the sleep it belongs to.
--
-- participant_id | who
-- connector | export format
-- device | device or app, '' where the export names none
-- episode_at | begin of the sleep it belongs to (UTC); a gap above merge_gap_min begins the next
-- session | the vendor's own sleep, NULL where the export has none
-- label | awake, light, deep, rem, asleep_unspecified, unknown
-- is_asleep | light, deep, rem or asleep_unspecified
-- is_staged | false for a session that came without stages
-- is_inferred | its instants were inferred
-- asleep_until | latest end of sleep before it, of this or the sleep before (UTC)
-- start_at | begin (UTC), after the end of what came before
-- end_at | end (UTC)
-- start_local | begin on the wall clock
-- end_local | end on the wall clock
-- minutes | length
-- flag | doubts about the record, comma-separated; NULL for none
-- file | source file
-- record | record number in that file
with part as (
    select
        *,
        (
            covered_until is null
            or start_at > covered_until + to_seconds(60 * rule_merge_gap_min())
        ) as begins_episode
    from sleep_part
)

select
    participant_id,
    connector,
    coalesce(device, '') as device,
    -- cheaper than a running count; nothing overlaps, so begins are in order
    last_value(case when begins_episode then start_at end ignore nulls) over (
        partition by participant_id, connector, device
        order by start_at
        rows between unbounded preceding and current row
    ) as episode_at,
    session,
    label,
    is_asleep,
    is_staged,
    time_basis = 'zone_inferred' as is_inferred,
    asleep_until,
    start_at,
    end_at,
    start_local,
    end_local,
    (epoch_us(end_at) - epoch_us(start_at)) / 6e7 as minutes,
    flag,
    file,
    record
from part
