-- Time in bed around each sleep, as its own or another device of the same export tells it.
-- grain: participant_id, connector, device, episode_number
--
-- participant_id | who
-- connector | export format of the sleep
-- device | device or app of the sleep
-- episode_number | which sleep of this source
-- bed_at | begin of the time in bed (UTC)
-- rise_at | its end (UTC)
-- basis | in_bed, in_bed_other_device
--
-- Its own device speaks first. Another one, such as a phone beside a watch, only where that tells no
-- more than when somebody was asleep: no session, and no minute awake before or after. And only if its time in bed encloses the sleep closely:
-- begins at most an hour before onset and ends at most an hour after the final wake. What lasts
-- longer than a day says nothing.
with lain as (
    select participant_id, connector, coalesce(device, '') as device, start_at, end_at
    from episode
    where kind = 'sleep_stage'
        and label = 'in_bed'
        and end_at > start_at
        and end_at - start_at <= interval 24 hours
),

around as (
    select
        t.participant_id,
        t.connector,
        t.device,
        t.episode_number,
        l.device as teller,
        any_value(t.start_at) as start_at,
        any_value(t.end_at) as end_at,
        any_value(t.onset_at) as onset_at,
        any_value(t.wake_at) as wake_at,
        any_value(t.is_session) as is_session,
        min(l.start_at) as bed_at,
        max(l.end_at) as rise_at
    from sleep_total as t
    join lain as l
        on l.participant_id = t.participant_id
        and l.connector = t.connector
        and l.start_at < t.end_at
        and l.end_at > t.start_at
    group by t.participant_id, t.connector, t.device, t.episode_number, l.device
)

select
    participant_id,
    connector,
    device,
    episode_number,
    least(bed_at, start_at) as bed_at,
    greatest(rise_at, end_at) as rise_at,
    case when teller = device then 'in_bed' else 'in_bed_other_device' end as basis
from around
where teller = device
    or (
        not is_session
        and start_at = onset_at
        and end_at = wake_at
        and bed_at between onset_at - interval 1 hour and onset_at
        and rise_at between wake_at and wake_at + interval 1 hour
    )
qualify row_number() over (
    partition by participant_id, connector, device, episode_number
    order by teller = device desc, rise_at - bed_at, teller
) = 1
