-- What the food, movement, light and warmth of each night and its day rest on.
--
-- participant_id | who
-- sleep_date | local date of the final wake
-- part | what of the night rests on it: meals, drinks, steps, daylight, exercise, room
-- what | metric, stage or kind
-- start_at | begin (UTC)
-- start_local | the same on the wall clock
-- value | the number; of steps, daylight and exercise what of it counts; NULL of a meal as such
-- unit | of the value
-- flag | doubts about the record, comma-separated; NULL for none
-- connector | export format it came from
-- device | device or app, as the export names it
-- file | source file (first 16 hex digits of its sha256)
-- record | line or record number in that file
with window_ as materialized (select * from day_window),

-- each day by the dates that it touches
daytime as materialized (
    select
        participant_id,
        sleep_date,
        wake_us,
        until_us,
        unnest(range(wake_us // 86400000000, (until_us - 1) // 86400000000 + 1)) as date_utc
    from (select * exclude (night) from window_)
),

entry as materialized (select * from meal_entry),

-- every entry of the app that speaks for a meal
eaten as (
    select w.participant_id, w.sleep_date, e.connector, e.start_at
    from logged_meal as m
    join daytime as w
        on w.participant_id = m.participant_id
        and w.date_utc = epoch_us(m.start_at) // 86400000000
    join entry as f
        on f.participant_id = m.participant_id
        and f.connector = m.connector
        and f.start_at = m.start_at
    join entry as e
        on e.participant_id = f.participant_id
        and e.connector = f.connector
        and e.number = f.number
    where epoch_us(m.start_at) >= w.wake_us and epoch_us(m.start_at) < w.until_us
),

meal as (
    select e.participant_id, e.sleep_date, 'meals' as part, m.kind as what, null::double as value,
        null::varchar as unit, m.* exclude (participant_id, kind)
    from eaten as e
    join episode as m using (participant_id, connector, start_at)
    where m.kind = 'meal'
    union all by name
    select e.participant_id, e.sleep_date, 'meals' as part, s.metric as what,
        s.* exclude (participant_id, metric)
    from eaten as e
    join sample as s using (participant_id, connector, start_at)
    where s.metric = 'dietary_energy' and s.flag is null
),

-- of two apps the one that logged more
logged as (
    select
        w.participant_id,
        w.sleep_date,
        'drinks' as part,
        s.metric as what,
        sum(s.value) over (
            partition by w.participant_id, w.sleep_date, s.metric, s.connector
        ) as total,
        s.* exclude (participant_id, metric)
    from sample as s
    join daytime as w
        on w.participant_id = s.participant_id
        and w.date_utc = epoch_us(s.start_at) // 86400000000
    where s.metric in ('dietary_caffeine', 'alcohol_drink')
        and s.flag is null
        and epoch_us(s.start_at) >= w.wake_us
        and epoch_us(s.start_at) < w.until_us
        and (s.metric = 'alcohol_drink' or s.start_local >= w.sleep_date + interval 14 hours)
),

drink as (
    select *
    from logged
    qualify dense_rank() over (
        partition by participant_id, sleep_date, what order by total desc, connector
    ) = 1
),

share as materialized (
    select * from counted_record where metric in ('step_count', 'daylight_time')
),

-- the device that counted most in a quarter of an hour: see `counted_slot`
speaking as (
    select participant_id, metric, slot, connector, device
    from share
    group by participant_id, metric, slot, connector, device
    qualify row_number() over (
        partition by participant_id, metric, slot
        order by sum(millionths) desc, connector, device
    ) = 1
),

-- of steps what falls into the day, of daylight into the hour after wake
step as (
    select
        w.participant_id,
        w.sleep_date,
        case s.metric when 'step_count' then 'steps' else 'daylight' end as part,
        s.metric as what,
        s.start_at,
        s.start_local,
        sum(s.millionths * case s.metric when 'step_count' then 1 else us_within(
            s.slot * 900000000, (s.slot + 1) * 900000000, w.wake_us, w.wake_us + 3600000000
        ) / 9e8 end) / 1e6 as value,
        case s.metric when 'step_count' then '{count}' else 'min' end as unit,
        s.connector,
        s.device,
        s.file,
        s.record
    from share as s
    join speaking using (participant_id, metric, slot, connector, device)
    join daytime as w on w.participant_id = s.participant_id and w.date_utc = s.slot // 96
    where s.slot * 900000000 + 450000000 >= w.wake_us
        and s.slot * 900000000 + 450000000 < w.until_us
        and (s.metric = 'step_count' or s.slot * 900000000 < w.wake_us + 3600000000)
    group by all
),

-- an exercise begins on a date of the day or on the one before
exercise as (
    select
        w.participant_id,
        w.sleep_date,
        'exercise' as part,
        coalesce(e.label, e.kind) as what,
        us_within(epoch_us(e.start_at), epoch_us(e.end_at), w.wake_us, w.until_us) / 6e7 as value,
        'min' as unit,
        e.* exclude (participant_id, label, kind)
    from episode as e
    join (
        select *, unnest(range(wake_us // 86400000000 - 1, (until_us - 1) // 86400000000 + 1))
            as date_utc
        from (select * exclude (night) from window_)
    ) as w
        on w.participant_id = e.participant_id
        and w.date_utc = epoch_us(e.start_at) // 86400000000
    where e.kind = 'exercise'
        and e.end_at - e.start_at < interval 24 hours
        and epoch_us(e.start_at) < w.until_us
        and epoch_us(e.end_at) > w.wake_us
),

room as (
    select r.participant_id, r.sleep_date, 'room' as part, s.metric as what,
        s.* exclude (participant_id, metric)
    from room_of('window_') as r
    join (
        select *, unnest(range(onset_us // 86400000000, wake_us // 86400000000 + 1)) as date_utc
        from (select * exclude (night) from window_)
    ) as w using (participant_id, sleep_date)
    join sample as s
        on s.participant_id = w.participant_id
        and s.connector = r.connector
        and s.device is not distinct from r.device
        and w.date_utc = epoch_us(s.start_at) // 86400000000
    where s.metric = 'room_temperature'
        and s.flag is null
        and epoch_us(s.start_at) >= w.onset_us
        and epoch_us(s.start_at) < w.wake_us
),

together as (
    select * from meal
    union all by name
    select * from drink
    union all by name
    select * from step
    union all by name
    select * from exercise
    union all by name
    select * from room
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
