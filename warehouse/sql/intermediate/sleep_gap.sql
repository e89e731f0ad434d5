-- Times awake between two segments asleep of one sleep.
-- grain: participant_id, connector, device, episode_number, from_at
--
-- participant_id | who
-- connector | export format
-- device | device or app
-- episode_number | which sleep of this source
-- from_at | end of the sleep before it (UTC)
-- to_at | begin of the sleep after it (UTC)
-- to_local | the same on the wall clock
-- awake_min | its minutes less those that were not scored
select
    t.participant_id,
    t.connector,
    t.device,
    t.episode_number,
    s.asleep_until as from_at,
    s.start_at as to_at,
    s.start_local as to_local,
    (epoch_us(s.start_at) - epoch_us(s.asleep_until)) / 6e7 - coalesce(sum_min(u.minutes), 0)
        as awake_min
from sleep_total as t
join sleep_segment as s using (participant_id, connector, device, episode_at)
left join sleep_segment as u
    on u.participant_id = t.participant_id
    and u.connector = t.connector
    and u.device = t.device
    and u.episode_at = t.episode_at
    and u.label = 'unknown'
    and u.start_at > t.onset_at
    and u.start_at >= s.asleep_until
    and u.start_at < s.start_at
where s.is_asleep
    and s.start_at > s.asleep_until
    and s.asleep_until >= t.onset_at
group by
    t.participant_id, t.connector, t.device, t.episode_number, s.asleep_until, s.start_at,
    s.start_local
