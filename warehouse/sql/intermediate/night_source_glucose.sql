-- Readings of the chosen CGM that the glucose of each night, morning and day rests on.
--
-- participant_id | who
-- sleep_date | local date of the final wake
-- part | what of the night rests on it: overnight_glucose, onset, fasting, breakfast, day_glucose, wake16h_glucose
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
with bounded as materialized (
    select
        participant_id,
        sleep_date,
        onset_us,
        wake_us,
        until_us,
        -- the quarter of an hour before the night, as far as it follows on something
        greatest(onset_us - 900000000, before_us + case
            when onset_us - before_us > 86400000000 then (rule_day_cap_h() * 3600000000)::bigint
            else 0
        end) as edge_us,
        least(
            wake_us + 57600000000,
            case when is_capped then until_us else coalesce(lead(wake_us) over person, until_us) end
        ) as until16_us,
        meal_us,
        greatest(5, meal_until_min) as meal_until_min
    from day_exposure
    window person as (partition by participant_id order by onset_us)
),

by_hour as (
    select
        *,
        unnest(range(
            edge_us // 3600000000, greatest(until_us, until16_us, wake_us) // 3600000000 + 1
        )) as hour
    from bounded
),

placed as (
    select
        b.participant_id,
        b.sleep_date,
        b.onset_us,
        b.wake_us,
        epoch_us(g.start_at) as at_us,
        [
            case when at_us >= b.onset_us and at_us < b.wake_us then 'overnight_glucose' end,
            case when at_us >= b.edge_us and at_us < least(b.onset_us + 900000000, b.wake_us)
                then 'onset' end,
            case when at_us >= b.onset_us and at_us < b.wake_us
                and at_us >= b.wake_us - 2700000000 then 'fasting' end,
            case when at_us >= b.meal_us - 1800000000
                and at_us <= b.meal_us + b.meal_until_min * 60000000
                and at_us >= b.onset_us and at_us < b.until_us then 'breakfast' end,
            case when at_us >= b.wake_us and at_us < b.until_us then 'day_glucose' end,
            case when at_us >= b.wake_us and at_us < b.until16_us and b.until_us > b.wake_us
                then 'wake16h_glucose' end
        ] as parts,
        g.interval_min,
        'interstitial_glucose' as what,
        g.start_at,
        g.start_local,
        g.glucose_mgdl as value,
        'mg/dL' as unit,
        g.flag,
        g.connector,
        g.device,
        g.file,
        g.record
    from glucose_chosen as g
    join by_hour as b
        on b.participant_id = g.participant_id
        and b.hour = epoch_us(g.start_at) // 3600000000
),

parted as (
    select * exclude (parts), unnest(list_filter(parts, lambda p: p is not null)) as part
    from placed
),

-- the last three before wake, in half an hour; of slow sensors two in three quarters
last as (
    select *
    from parted
    where part = 'fasting'
        and (interval_min >= 10 or interval_min is null or at_us >= wake_us - 1800000000)
    qualify row_number() over (partition by participant_id, sleep_date order by at_us desc)
            <= case when interval_min < 10 then 3 else 2 end
        and count(*) over (partition by participant_id, sleep_date)
            >= case when interval_min < 10 then 3 else 2 end
),

together as (
    select * from parted where part <> 'fasting'
    union all
    select * from last
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
