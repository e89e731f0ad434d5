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
with entry as (
    select n.participant_id, n.sleep_date, e.connector, e.start_at
    from night_window as n
    join logged_meal as m
        on m.participant_id = n.participant_id
        and epoch_us(m.start_at) >= n.wake_us
        and epoch_us(m.start_at) < n.until_us
    join meal_entry as f
        on f.participant_id = m.participant_id
        and f.connector = m.connector
        and f.start_at = m.start_at
    -- every entry of the app that speaks for a meal
    join meal_entry as e
        on e.participant_id = f.participant_id
        and e.connector = f.connector
        and e.number = f.number
),

-- what a second app told too
copy as materialized (select * from food_copy),

meal_row as (
    select e.participant_id, e.sleep_date, 'meals' as part, m.kind as what, null::double as value,
        null::varchar as unit, m.* exclude (participant_id, kind)
    from entry as e
    join episode as m using (participant_id, connector, start_at)
    anti join copy as c
        on c.participant_id = m.participant_id
        and c.connector = m.connector
        and c.device = coalesce(m.device, '')
        and c.start_at = m.start_at
        and c.what = 'food'
    where m.kind = 'meal'
    union all by name
    select e.participant_id, e.sleep_date, 'meals' as part, s.metric as what,
        s.* exclude (participant_id, metric)
    from entry as e
    join sample as s using (participant_id, connector, start_at)
    anti join copy as c
        on c.participant_id = s.participant_id
        and c.connector = s.connector
        and c.device = coalesce(s.device, '')
        and c.start_at = s.start_at
        and c.what = 'food'
    where s.metric in ('dietary_energy', 'dietary_carbohydrate', 'dietary_fiber')
        and s.flag is null
),

logged as (
    select
        n.participant_id,
        n.sleep_date,
        'drinks' as part,
        s.metric as what,
        sum(millionths(s.value)) over (
            partition by n.participant_id, n.sleep_date, s.metric, s.connector
        ) as total,
        s.* exclude (participant_id, metric)
    from night_window as n
    join sample as s
        on s.participant_id = n.participant_id
        and epoch_us(s.start_at) >= n.wake_us
        and epoch_us(s.start_at) < n.until_us
    anti join copy as c
        on c.participant_id = s.participant_id
        and c.connector = s.connector
        and c.device = coalesce(s.device, '')
        and c.start_at = s.start_at
        and c.what = s.metric
    where s.metric in ('dietary_caffeine', 'alcohol_drink')
        and s.flag is null
        and (s.metric = 'alcohol_drink' or s.start_local >= n.sleep_date + interval 14 hours)
),

-- of two apps the one that logged more
drink as (
    select * exclude (total)
    from logged
    qualify dense_rank() over (
        partition by participant_id, sleep_date, what order by total desc, connector
    ) = 1
),

-- of steps what falls into the day, of daylight into the hour after wake
step as (
    select
        n.participant_id,
        n.sleep_date,
        case c.metric when 'step_count' then 'steps' else 'daylight' end as part,
        c.metric as what,
        c.start_at,
        c.start_local,
        c.value * us_within(c.begins_us, c.ends_us, n.wake_us, case c.metric
            when 'step_count' then n.until_us else n.wake_us + 3600000000 end)
            / (c.ends_us - c.begins_us) as value,
        case c.metric when 'step_count' then '{count}' else 'min' end as unit,
        c.connector,
        c.device,
        c.file,
        c.record
    from night_window as n
    join counted as c
        on c.participant_id = n.participant_id
        and c.begins_us < n.until_us
        and c.begins_us > n.wake_us - 10800000000
        and c.ends_us > n.wake_us
    where c.metric = 'step_count'
        or (c.metric = 'daylight_time' and c.begins_us < n.wake_us + 3600000000)
),

exercise as (
    select
        n.participant_id,
        n.sleep_date,
        'exercise' as part,
        coalesce(e.label, e.kind) as what,
        us_within(epoch_us(e.start_at), epoch_us(e.end_at), n.wake_us, n.until_us) / 6e7 as value,
        'min' as unit,
        e.* exclude (participant_id, label, kind)
    from night_window as n
    join episode as e
        on e.participant_id = n.participant_id
        and epoch_us(e.start_at) < n.until_us
        and epoch_us(e.end_at) > n.wake_us
    where e.kind = 'exercise' and e.end_at - e.start_at < interval 24 hours
),

room as (
    select r.participant_id, r.sleep_date, 'room' as part, s.metric as what,
        s.* exclude (participant_id, metric)
    from bedroom as r
    join night_window as n using (participant_id, sleep_date)
    join sample as s
        on s.participant_id = r.participant_id
        and s.connector = r.connector
        and s.device is not distinct from r.device
        and epoch_us(s.start_at) >= n.onset_us
        and epoch_us(s.start_at) < n.wake_us
    where s.metric = 'room_temperature' and s.flag is null
),

together as (
    select * from meal_row
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
