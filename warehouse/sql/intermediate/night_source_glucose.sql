-- Readings of the chosen CGM that the glucose of each night, morning and day rests on.
--
-- participant_id | who
-- sleep_date | local date of the final wake
-- part | what of the night rests on it: overnight_glucose, onset, fasting, fasting_hour, breakfast, day_glucose, wake16h_glucose
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
with reading as (
    select
        *,
        epoch_us(start_at) as at_us,
        'interstitial_glucose' as what,
        glucose_mgdl as value,
        'mg/dL' as unit
    from glucose
),

-- begin and end of each part of each night, microseconds since 1970 (UTC)
window_ as (
    select participant_id, sleep_date, 'overnight_glucose' as part, onset_us as from_us,
        wake_us as to_us
    from night_window
    union all
    select participant_id, sleep_date, 'onset', onset_us - 900000000,
        least(onset_us + 900000000, wake_us)
    from night_window
    union all
    select n.participant_id, n.sleep_date, 'fasting', n.wake_us - 905000000, n.wake_us
    from night_window as n
    join morning_glucose as m using (participant_id, sleep_date)
    where m.fasting_mgdl is not null
    union all
    select n.participant_id, n.sleep_date, 'fasting_hour', n.wake_us - 3605000000,
        n.wake_us
    from night_window as n
    join morning_glucose as m using (participant_id, sleep_date)
    where m.fasting_30min_mgdl is not null or m.fasting_60min_mgdl is not null
    union all
    select n.participant_id, n.sleep_date, 'breakfast',
        n.wake_us + ((b.after_wake_min - 30) * 60000000)::bigint,
        n.wake_us + ((b.after_wake_min + 200) * 60000000)::bigint
    from night_window as n
    join breakfast as b using (participant_id, sleep_date)
    union all
    select participant_id, sleep_date, 'day_glucose', wake_us, until_us from night_window
    union all
    select participant_id, sleep_date, 'wake16h_glucose', wake_us, until16_us from night_window
),

together as (
    select w.sleep_date, w.part, r.*
    from window_ as w
    join reading as r
        on r.participant_id = w.participant_id and r.at_us >= w.from_us and r.at_us < w.to_us
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
