-- What the sleep of each night rests on: segments of the main sleep and of naps, and times in bed.
--
-- participant_id | who
-- sleep_date | local date of the final wake
-- part | what of the night rests on it: sleep, nap, in_bed
-- what | metric, stage or kind
-- start_at | begin (UTC)
-- start_local | the same on the wall clock
-- value | minutes that count
-- unit | of the value
-- flag | doubts about the record, comma-separated; NULL for none
-- connector | export format it came from
-- device | device or app, as the export names it
-- file | source file (first 16 hex digits of its sha256)
-- record | line or record number in that file
--
-- A segment begins where what came before it ended, so it may begin later than its record.
with segment as materialized (
    select participant_id, sleep_date, part, begins_at, ends_at, unnest(segment)
    from (select * from night_segment)
),

framed as (
    select participant_id, sleep_date, connector, any_value(begins_at) as begins_at,
        any_value(ends_at) as ends_at
    from segment
    where part = 'sleep'
    group by participant_id, sleep_date, connector
),

together as (
    select *, label as what, minutes as value, 'min' as unit from segment
    union all by name
    select
        f.participant_id,
        f.sleep_date,
        'in_bed' as part,
        e.label as what,
        e.start_at,
        e.start_local,
        epoch_us(e.end_at - e.start_at) / 6e7 as value,
        'min' as unit,
        e.flag,
        e.connector,
        e.device,
        e.file,
        e.record
    from framed as f
    join episode as e
        on e.participant_id = f.participant_id
        and e.connector = f.connector
        and e.start_at < f.ends_at
        and e.end_at > f.begins_at
    where e.kind = 'sleep_stage' and e.label = 'in_bed'
)

select
    participant_id,
    sleep_date,
    part,
    what,
    start_at,
    start_local,
    value,
    unit,
    flag,
    connector,
    device,
    file,
    record
from together
