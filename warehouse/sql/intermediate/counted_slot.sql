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
-- A phone and a watch that count the same walk are never added. What was counted over a longer time
-- is spread evenly over it; over more than three hours it says too little about when. A count without
-- an end is of its minute.
with counted as (
    select
        participant_id,
        metric,
        connector,
        coalesce(device, '') as device,
        value,
        epoch_us(start_at) as begins_us,
        greatest(epoch_us(coalesce(end_at, start_at)), begins_us + 60000000) as ends_us
    from sample
    where metric in ('step_count', 'exercise_time', 'daylight_time')
        and start_at is not null
        and value is not null
        and flag is null
),

spread as (
    select
        participant_id,
        metric,
        connector,
        device,
        unnest(range(begins_us // 900000000, (ends_us - 1) // 900000000 + 1)) as slot,
        value,
        begins_us,
        ends_us
    from counted
    where ends_us - begins_us <= 10800000000
),

told as (
    select
        participant_id,
        metric,
        slot,
        connector,
        device,
        sum(millionths(
            value * (least(ends_us, (slot + 1) * 900000000) - greatest(begins_us, slot * 900000000))
            / (ends_us - begins_us)
        ))::bigint as millionths
    from spread
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
