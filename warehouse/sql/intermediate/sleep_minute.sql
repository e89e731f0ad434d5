-- Each day from noon to noon, minute by minute of the wall clock: asleep or not, and whether it was.
-- grain: participant_id, day
--
-- participant_id | who
-- day | the date of its second noon, days since 1970
-- asleep | 1440 bits
-- missing | 1440 bits: minutes that the clock skipped
--
-- The chosen source's main sleep, and its other sleeps of 30 minutes or more.
with run as (
    select p.participant_id, r.from_min, r.to_min
    from night_part as p
    join sleep_run as r using (participant_id, connector, device, episode_number)
    where (p.part = 'main' or p.length_min >= 30) and r.to_min > r.from_min
),

skipped as (
    select
        p.participant_id,
        epoch_us(c.change_local) // 60000000 as from_min,
        (epoch_us(c.change_local) + c.change_us) // 60000000 as to_min
    from night_part as p
    join sleep_clock_change as c using (participant_id, connector, device, episode_number)
    where c.change_us > 0
),

stretch as (
    select participant_id, false as is_skipped, from_min, to_min from run
    union all
    select participant_id, true, from_min, to_min from skipped
),

-- each by the days that it touches, in minutes of that day
placed as (
    select
        participant_id,
        is_skipped,
        day,
        greatest(from_min - (day * 1440 - 720), 0) as from_min,
        least(to_min - (day * 1440 - 720), 1440) as to_min
    from (
        select *, unnest(range((from_min + 720) // 1440, (to_min + 719) // 1440 + 1)) as day
        from stretch
    )
),

apart as (
    select
        *,
        coalesce(max(to_min) over (
            partition by participant_id, is_skipped, day
            order by from_min, to_min
            rows between unbounded preceding and 1 preceding
        ), 0) as covered_min
    from placed
),

text as (
    select
        participant_id,
        day,
        is_skipped,
        rpad(string_agg(
            repeat('0', greatest(from_min - covered_min, 0))
                || repeat('1', greatest(to_min - greatest(from_min, covered_min), 0)),
            '' order by from_min, to_min
        ), 1440, '0') as minutes
    from apart
    group by participant_id, day, is_skipped
)

select
    participant_id,
    day,
    coalesce(max(minutes) filter (not is_skipped), repeat('0', 1440))::bit as asleep,
    coalesce(max(minutes) filter (is_skipped), repeat('0', 1440))::bit as missing
from text
group by participant_id, day
