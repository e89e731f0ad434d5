-- Counts of steps, and of minutes of exercise and daylight, by the quarters of an hour they lie in.
--
-- participant_id | who
-- metric | step_count, exercise_time or daylight_time
-- connector | export format it came from
-- device | device or app, '' where the export names none
-- slot | quarter of an hour: microseconds since 1970 (UTC) by 900 000 000
-- millionths | of a step or minute: what of the record falls into it
-- value | the whole record, steps or minutes
-- start_at | its begin (UTC)
-- start_local | the same on the wall clock
-- file | source file (first 16 hex digits of its sha256)
-- record | line or record number in that file
--
-- What was counted over a longer time is spread evenly over it; over more than three hours it says
-- too little about when. A count without an end is of its minute.
with counted as (
    select
        participant_id,
        metric,
        connector,
        coalesce(device, '') as device,
        value,
        start_at,
        start_local,
        file,
        record,
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
        *,
        unnest(range(begins_us // 900000000, (ends_us - 1) // 900000000 + 1)) as slot
    from counted
    where ends_us - begins_us <= 10800000000
)

select
    participant_id,
    metric,
    connector,
    device,
    slot,
    millionths(
        value * (least(ends_us, (slot + 1) * 900000000) - greatest(begins_us, slot * 900000000))
        / (ends_us - begins_us)
    ) as millionths,
    value,
    start_at,
    start_local,
    file,
    record
from spread
