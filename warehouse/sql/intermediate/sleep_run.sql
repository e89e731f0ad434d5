-- Stretches asleep of every sleep, on the wall clock.
-- grain: participant_id, connector, device, episode_number, from_min
--
-- participant_id | who
-- connector | export format
-- device | device or app
-- episode_number | which sleep of this source
-- from_min | begin, minutes since 1970 on the wall clock
-- to_min | end
--
-- The wall clock of a stretch is known where it begins. If it is another one at the next, it ends on
-- the later of both (by an hour at most: more is travel) and before the next begins: an hour that a
-- clock skips or repeats in someone's sleep was slept.
with begun as (
    select
        participant_id, connector, device, episode_number, onset_at as begins_at,
        onset_local as begins_local, null as before_at
    from sleep_total
    union all
    select participant_id, connector, device, episode_number, to_at, to_local, from_at
    from sleep_gap
),

run as (
    select
        b.participant_id,
        b.connector,
        b.device,
        b.episode_number,
        epoch_us(b.begins_at) as begins_us,
        clock_offset_us(b.begins_local, b.begins_at) as offset_us,
        epoch_us(lead(b.before_at) over near) as ends_us,
        epoch_us(lead(b.begins_local) over near) as next_wall_us,
        clock_offset_us(lead(b.begins_local) over near, lead(b.begins_at) over near)
            as next_offset_us,
        epoch_us(t.wake_local) as wake_wall_us
    from begun as b
    join sleep_total as t using (participant_id, connector, device, episode_number)
    window near as (
        partition by b.participant_id, b.connector, b.device, b.episode_number
        order by b.begins_at
    )
)

select
    participant_id,
    connector,
    device,
    episode_number,
    round((begins_us + offset_us) / 6e7)::bigint as from_min,
    round(case
        when ends_us is null then wake_wall_us
        else least(
            ends_us + least(greatest(offset_us, next_offset_us), offset_us + 3600000000),
            case when next_wall_us > begins_us + offset_us then next_wall_us end
        )
    end / 6e7)::bigint as to_min
from run
