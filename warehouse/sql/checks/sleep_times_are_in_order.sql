-- To bed, asleep, awake, up; and the clock on the wall agrees with the instants to 14 hours.
select participant_id, connector, onset_at, wake_at
from sleep_episode
where not coalesce(
        onset_at < wake_at
        and coalesce(bed_at <= onset_at, true)
        and coalesce(rise_at >= wake_at, true)
        and abs(epoch(onset_local) - epoch(onset_at)) <= 14 * 3600
        and abs(epoch(wake_local) - epoch(wake_at)) <= 14 * 3600,
        false
    )
