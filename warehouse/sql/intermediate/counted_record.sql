-- Counts of steps, and of minutes of exercise and daylight, with the time that they were counted in.
-- grain: participant_id, metric, connector, device, begins_us, file, record
--
-- participant_id | who
-- metric | step_count, exercise_time or daylight_time
-- connector | export format it came from
-- device | device or app, '' where the export names none
-- begins_us | begin, microseconds since 1970 (UTC)
-- ends_us | end; a count without one is of its minute
-- date | local calendar date of its begin
-- value | steps or minutes
-- start_at | its begin (UTC)
-- start_local | the same on the wall clock
-- file | source file (first 16 hex digits of its sha256)
-- record | line or record number in that file
--
-- What was counted over more than three hours says too little about when.
select
    participant_id,
    metric,
    connector,
    coalesce(device, '') as device,
    epoch_us(start_at) as begins_us,
    greatest(epoch_us(coalesce(end_at, start_at)), begins_us + 60000000) as ends_us,
    start_local::date as date,
    value,
    start_at,
    start_local,
    file,
    record
from sample
where metric in ('step_count', 'exercise_time', 'daylight_time')
    and start_at is not null
    and value is not null
    and flag is null
    and ends_us - begins_us <= 10800000000
