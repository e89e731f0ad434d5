-- Each night and the day that followed it: when they begin and end.
-- grain: participant_id, sleep_date
--
-- participant_id | who
-- sleep_date | local date of the final wake
-- onset_us | sleep onset, microseconds since 1970 (UTC)
-- wake_us | final wake, begin of the day
-- midnight_us | local midnight of the wake date
-- before_us | wake of the night before
-- until_us | end of the day: next onset, or day_cap_h after wake
-- is_capped | the day was ended day_cap_h after wake: next onset unknown, or more than 24 h away
-- night | the row of `night_body`
with night as (
    select
        participant_id,
        sleep_date,
        epoch_us(onset_at) as onset_us,
        epoch_us(wake_at) as wake_us,
        epoch_us(wake_at) - (epoch_us(wake_local) - epoch_us(wake_local::date::timestamp))
            as midnight_us,
        lead(epoch_us(onset_at)) over person as next_us,
        lag(epoch_us(wake_at)) over person as before_us,
        night_body as night
    from night_body
    window person as (partition by participant_id order by onset_at)
)

select
    participant_id,
    sleep_date,
    onset_us,
    wake_us,
    midnight_us,
    before_us,
    case
        when next_us - wake_us <= 86400000000 then next_us
        else wake_us + (rule_day_cap_h() * 3600000000)::bigint
    end as until_us,
    coalesce(next_us - wake_us > 86400000000, true) as is_capped,
    night
from night
