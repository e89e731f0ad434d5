-- The two stretches of each sleep_date that glucose is looked at in: the night and the day after;
-- and the quarter of an hour before a night that no day leads up to.
--
-- participant_id | who
-- sleep_date | local date of the final wake
-- span_id | number of the stretch
-- is_night | true for [onset, wake), false for [wake, next onset), NULL for what is only before a night
-- is_capped | the day was ended day_cap_h after wake: next onset unknown, or more than 24 h away
-- begins_us | first instant, microseconds since 1970 (UTC)
-- ends_us | first instant no longer in it
-- until16_us | 16 hours after a wake: of a day its own, of a night that of the night before
-- edge_begins_us | begin of the 15 minutes at sleep onset: first of a night, last of a day
-- edge_ends_us | their end
-- midnight_us | local midnight of the wake date
-- wake_us | final wake
-- meal_us | first logged meal of the day, if within five hours of wake
-- meal_until_min | minutes from it to the next one, at most 180
-- night | see `day_exposure`
with bounded as (select * rename (until_us as next_us) from day_exposure),

span as (
    select
        participant_id, sleep_date, true as is_night, false as is_capped,
        onset_us as begins_us, wake_us as ends_us, before_us + 57600000000 as until16_us,
        onset_us as edge_begins_us, onset_us + 900000000 as edge_ends_us,
        midnight_us, wake_us, meal_us, meal_until_min, night
    from bounded
    union all
    select
        participant_id, sleep_date, false as is_night, is_capped,
        wake_us as begins_us, next_us as ends_us, wake_us + 57600000000 as until16_us,
        next_us - case when is_capped then 0 else 900000000 end as edge_begins_us,
        next_us as edge_ends_us,
        midnight_us, wake_us, meal_us, meal_until_min, night
    from bounded
    union all
    select
        participant_id, sleep_date, null as is_night, false as is_capped,
        greatest(onset_us - 900000000, before_us + (rule_day_cap_h() * 3600000000)::bigint)
            as begins_us,
        onset_us as ends_us, null as until16_us, begins_us as edge_begins_us,
        onset_us as edge_ends_us, midnight_us, wake_us, null as meal_us,
        null as meal_until_min, night
    from bounded
    where coalesce(onset_us - before_us > 86400000000, true)
)

select
    participant_id,
    sleep_date,
    -- unique over all participants, and counted within each so that a filter on one reads only one
    p.participant_number * 1000000::bigint
        + row_number() over (partition by participant_id order by begins_us) as span_id,
    is_night,
    is_capped,
    begins_us,
    ends_us,
    until16_us,
    edge_begins_us,
    edge_ends_us,
    midnight_us,
    wake_us,
    meal_us,
    meal_until_min,
    night
from span
join participant_number as p using (participant_id)
where ends_us > begins_us
