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
with night as materialized (select * from body_chosen),

by_hour as (
    select
        participant_id,
        sleep_date,
        metric,
        connector,
        onset_at,
        wake_at,
        unnest(range(epoch_us(onset_at) // 3600000000, epoch_us(wake_at) // 3600000000 + 1)) as hour
    from (
        select participant_id, sleep_date, night.onset_at, night.wake_at, chosen
        from night
    ) as n,
    lateral (select unnest(n.chosen, recursive := true))
),

reading as (
    select
        n.participant_id,
        n.sleep_date,
        'body' as part,
        s.metric as what,
        s.* exclude (participant_id, metric)
    from sample as s
    join by_hour as n
        on n.participant_id = s.participant_id
        and n.metric = s.metric
        and n.connector = s.connector
        and n.hour = epoch_us(s.start_at) // 3600000000
    where s.start_at >= n.onset_at
        and s.start_at < n.wake_at
        and s.flag is null
        and s.value is not null
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
from reading
