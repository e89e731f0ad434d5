-- How much two days from noon to noon, one after the other, agree in being asleep.
--
-- participant_id | who
-- sleep_date | the later day: from noon of the day before to noon of this date, local time
-- agreement_min | minutes of the 1440 in which the person was asleep on both days or on neither
--
-- Both days need a main sleep. Sleep is what the chosen source of the day calls so, naps included.
-- Paired by the clock on the wall, so that a day of 23 or 25 hours is a day.
with main as (select participant_id, sleep_date, connector, device from sleep_nightly),

asleep as (
    select
        participant_id,
        connector,
        device,
        epoch_us(start_local) + 43200000000 as begins_us,
        epoch_us(end_local) + 43200000000 as ends_us
    from sleep_segment
    where is_asleep
),

dated as (
    select
        * exclude (begins_us, ends_us),
        unnest(range(begins_us // 86400000000, (ends_us - 1) // 86400000000 + 1)) as day,
        greatest(begins_us - day * 86400000000, 0) as begins_us,
        least(ends_us - day * 86400000000, 86400000000) as ends_us
    from asleep
),

piece as (
    select d.participant_id, d.day, d.begins_us, d.ends_us
    from dated as d
    join main as m
        on m.participant_id = d.participant_id
        and epoch_us(m.sleep_date::timestamp) // 86400000000 = d.day
        and m.connector = d.connector
        and m.device = d.device
),

total as (
    select participant_id, day, sum(ends_us - begins_us) as asleep_us
    from piece
    group by participant_id, day
),

shared as (
    select
        p.participant_id,
        p.day,
        sum(least(p.ends_us, b.ends_us) - greatest(p.begins_us, b.begins_us)) as both_us
    from piece as p
    join piece as b on b.participant_id = p.participant_id and b.day = p.day - 1
    where p.begins_us < b.ends_us and b.begins_us < p.ends_us
    group by p.participant_id, p.day
)

select
    t.participant_id,
    (date '1970-01-01' + t.day::integer) as sleep_date,
    1440 - (t.asleep_us + b.asleep_us - 2 * coalesce(s.both_us, 0)) / 6e7 as agreement_min
from total as t
join total as b on b.participant_id = t.participant_id and b.day = t.day - 1
left join shared as s on s.participant_id = t.participant_id and s.day = t.day
