-- Sleeps in which the clock was changed by an hour, and when.
-- grain: participant_id, connector, device, episode_number
--
-- participant_id | who
-- connector | export format
-- device | device or app
-- episode_number | which sleep of this source
-- change_local | the full hour at which the old clock was changed
-- change_us | by how much, microseconds: positive in spring
--
-- The full hour after the last segment on the old clock began; 02:00 where that lasts too long to tell.
with moved as (
    select
        *,
        clock_offset_us(onset_local, onset_at) as old_us,
        clock_offset_us(wake_local, wake_at) - clock_offset_us(onset_local, onset_at) as change_us
    from sleep_total
),

last_old as (
    select
        m.participant_id,
        m.connector,
        m.device,
        m.episode_number,
        m.change_us,
        m.wake_local,
        max(s.start_local) as start_local,
        arg_max(s.minutes, s.start_at) as minutes
    from moved as m
    join sleep_segment as s using (participant_id, connector, device, episode_at)
    where abs(m.change_us) between 1 and 3600000000
        and clock_offset_us(s.start_local, s.start_at) = m.old_us
    group by m.participant_id, m.connector, m.device, m.episode_number, m.change_us, m.wake_local
)

select
    participant_id,
    connector,
    device,
    episode_number,
    case
        when minutes <= 120 then date_trunc('hour', start_local + interval 3599999999 microseconds)
        else wake_local::date::timestamp + interval 2 hours
    end as change_local,
    change_us
from last_old
