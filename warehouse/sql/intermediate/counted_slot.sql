-- Steps, and minutes of exercise and daylight, of each quarter of an hour, by the one source that
-- counted most in it.
-- grain: participant_id, metric, slot
--
-- participant_id | who
-- metric | step_count, exercise_time or daylight_time
-- slot | quarter of an hour: microseconds since 1970 (UTC) by 900 000 000
-- millionths | of a step or minute; integers, whose sum does not depend on their order
-- connectors | export formats that counted in it
--
-- A phone and a watch that count the same walk are never added.
with told as (
    select
        participant_id,
        metric,
        slot,
        connector,
        device,
        sum(millionths)::bigint as millionths
    from counted_record
    group by participant_id, metric, slot, connector, device
)

select
    participant_id,
    metric,
    slot,
    max(millionths) as millionths,
    list(distinct connector order by connector) as connectors
from told
group by participant_id, metric, slot
