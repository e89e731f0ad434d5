-- Heart, breath and temperature of each night: readings of the source that speaks, between onset and wake.
--
-- participant_id | who
-- sleep_date | local date of the final wake
-- part | what of the night rests on it: body
-- what | metric, stage or kind
-- start_at | begin (UTC)
-- start_local | the same on the wall clock
-- value | the number
-- unit | of the value
-- flag | doubts about the record, comma-separated; NULL for none
-- connector | export format it came from
-- device | device or app, as the export names it
-- file | source file (first 16 hex digits of its sha256)
-- record | line or record number in that file
with together as (
    select
        n.participant_id,
        n.sleep_date,
        'body' as part,
        s.metric as what,
        s.* exclude (participant_id, metric)
    from night_vital as v
    join sleep_nightly as n using (participant_id, sleep_date)
    join sample as s
        on s.participant_id = v.participant_id
        and s.metric = v.metric
        and s.connector = v.connector
        and s.start_at >= n.onset_at
        and s.start_at < n.wake_at
    where s.flag is null and s.value is not null
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
