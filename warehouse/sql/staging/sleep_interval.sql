-- Reported stretches of sleep and wake: stages, and whole sessions that came without any.
--
-- participant_id | who
-- connector | export format it came from
-- device | device or app, '' where the export names none
-- session | the vendor's own sleep, NULL where the export has none
-- label | awake, light, deep, rem, asleep_unspecified, unknown
-- is_staged | false for a session that came without stages
-- is_inferred | its instants were inferred from the order of records
-- start_at | begin (UTC)
-- end_at | end (UTC)
-- start_local | begin on the wall clock
-- end_local | end on the wall clock
-- flag | doubts about the record, comma-separated; NULL for none
-- file | source file
-- record | record number in that file
with placed as not materialized (
    select *
    from episode
    where kind in ('sleep', 'sleep_stage')
        and end_at > start_at
        and start_local is not null
        and label not in ('in_bed', 'out_of_bed')
),

stage as not materialized (select * from placed where kind = 'sleep_stage'),

unstaged as (
    select *
    from placed
    anti join stage using (participant_id, connector, session)
    where kind = 'sleep'
),

both_kinds as (
    select *, true as is_staged from stage
    union all
    select * replace ('asleep_unspecified' as label), false as is_staged from unstaged
)

select
    participant_id,
    connector,
    coalesce(device, '') as device,
    session,
    label,
    is_staged,
    time_basis = 'zone_inferred' as is_inferred,
    start_at,
    end_at,
    start_local,
    end_local,
    flag,
    file,
    record
from both_kinds
