-- Each night and the day that followed it: when they begin and end.
-- grain: participant_id, sleep_date
-- kept: in buckets
--
-- participant_id | who
-- sleep_date | local date of the final wake
-- onset_us | sleep onset, microseconds since 1970 (UTC)
-- wake_us | final wake, begin of the day
-- midnight_us | local midnight of the wake date
-- until_us | end of the day: onset of the next sleep of three hours, or day_cap_h after wake
-- is_capped | the day was ended day_cap_h after wake: next onset unknown, or more than 24 h away
-- until16_us | 16 hours after wake, or the end of the day if that is earlier
with night as (
    select
        participant_id,
        sleep_date,
        epoch_us(onset_at) as onset_us,
        epoch_us(wake_at) as wake_us,
        epoch_us(wake_at) - (epoch_us(wake_local) - epoch_us(wake_local::date::timestamp))
            as midnight_us
    from sleep_nightly
),

-- a main sleep ends the day before it however short it is
next as (
    select n.participant_id, n.sleep_date, min(epoch_us(p.onset_at)) as next_us
    from night as n
    join night_part as p
        on p.participant_id = n.participant_id
        and epoch_us(p.onset_at) >= n.wake_us
        and epoch_us(p.onset_at) <= n.wake_us + 86400000000
    where p.part = 'main' or p.length_min >= 180
    group by n.participant_id, n.sleep_date
)

select
    participant_id,
    sleep_date,
    onset_us,
    wake_us,
    midnight_us,
    coalesce(x.next_us, wake_us + (rule_day_cap_h() * 3600000000)::bigint) as until_us,
    x.next_us is null as is_capped,
    least(wake_us + 57600000000, until_us) as until16_us
from night
left join next as x using (participant_id, sleep_date)
