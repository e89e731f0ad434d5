-- The counts that count: of one source on each date.
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
-- The source that counted in the most quarters of an hour of that date, then the one that counted most.
-- A phone and a watch that count the same walk are never added, nor is one taken for an hour and the
-- other for the next: that would take the higher one each time.
with source as (
    select participant_id, metric, date, connector, device
    from counted_record
    group by participant_id, metric, date, connector, device
    qualify row_number() over (
        partition by participant_id, metric, date
        order by count(distinct begins_us // 900000000) filter (value > 0) desc, sum_of(value) desc,
            connector, device
    ) = 1
)

select
    participant_id,
    metric,
    connector,
    device,
    begins_us,
    ends_us,
    date,
    value,
    start_at,
    start_local,
    file,
    record
from counted_record
join source using (participant_id, metric, date, connector, device)
