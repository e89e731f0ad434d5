-- Recorded exercise; of two records of the same time what the first does not cover.
-- grain: participant_id, connector, begins_us, ends_us, label
--
-- participant_id | who
-- connector | export format
-- label | what it was
-- is_resistance | strength training
-- ends_us | end, microseconds since 1970 (UTC)
-- begins_us | begin, after the end of all before it
-- own_begins_us | begin, after the end of all of its kind before it
with exercise as (
    select
        participant_id,
        connector,
        label,
        epoch_us(start_at) as begins_us,
        epoch_us(end_at) as ends_us,
        coalesce(regexp_matches(
            lower(label), 'strength|weight|resistance|calisthenics|crossfit|functional'
        ), false) as is_resistance
    from episode
    where kind = 'exercise' and start_at is not null and end_at - start_at < interval 24 hours
)

select
    participant_id,
    connector,
    label,
    is_resistance,
    ends_us,
    greatest(begins_us, coalesce(max(ends_us) over every, 0)) as begins_us,
    greatest(begins_us, coalesce(max(ends_us) over same, 0)) as own_begins_us
from exercise
window
    every as (
        partition by participant_id order by begins_us, ends_us, connector, is_resistance
        rows between unbounded preceding and 1 preceding
    ),
    same as (
        partition by participant_id, is_resistance order by begins_us, ends_us, connector
        rows between unbounded preceding and 1 preceding
    )
