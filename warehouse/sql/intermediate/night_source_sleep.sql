-- What the sleep of each night rests on: segments of the main sleep and of naps, and times in bed.
--
-- participant_id | who
-- sleep_date | local date of the final wake
-- part | what of the night rests on it: sleep, nap, secondary, in_bed
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
with segment as (
    select
        p.participant_id,
        p.sleep_date,
        case p.part when 'main' then 'sleep' else p.part end as part,
        t.start_at as begins_at,
        t.end_at as ends_at,
        t.wake_at,
        t.onset_at,
        s.* exclude (participant_id)
    from night_part as p
    join sleep_total as t using (participant_id, connector, device, episode_number)
    join sleep_segment as s
        on s.participant_id = t.participant_id
        and s.connector = t.connector
        and s.device = t.device
        and s.episode_at = t.episode_at
),

bed as (
    select p.participant_id, p.sleep_date, e.*
    from night_part as p
    join sleep_bed as b using (participant_id, connector, device, episode_number)
    join episode as e
        on e.participant_id = b.participant_id
        and e.connector = b.connector
        and e.start_at < b.rise_at
        and e.end_at > b.bed_at
        and (b.basis = 'in_bed_other_device') = (coalesce(e.device, '') <> b.device)
    where p.part = 'main'
        and e.kind = 'sleep_stage'
        and e.label = 'in_bed'
        and e.end_at - e.start_at <= interval 24 hours
),

together as (
    select *, case when is_staged then label else 'session' end as what, minutes as value,
        'min' as unit
    from segment
    union all by name
    select
        participant_id,
        sleep_date,
        'in_bed' as part,
        label as what,
        start_at,
        start_local,
        epoch_us(end_at - start_at) / 6e7 as value,
        'min' as unit,
        flag,
        connector,
        device,
        file,
        record
    from bed
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
