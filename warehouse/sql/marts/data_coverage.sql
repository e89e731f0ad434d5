-- How much of each local day a stream of samples covers.
-- grain: participant_id, metric, connector, device, date
--
-- participant_id | who
-- metric | what is measured
-- connector | export format it came from
-- device | device, as the export names it
-- date | local calendar date
-- reading_count | rows
-- observed_pct | rows times the stream's median interval per 24 h, %; NULL for streams without a rhythm
-- largest_gap_min | longest time between two rows of that date, minutes
-- first_at | first instant (UTC)
-- last_at | last instant (UTC)
with stepped as (
    select
        participant_id,
        metric,
        connector,
        device,
        start_local::date as date,
        start_at,
        start_at - lag(start_at) over (
            partition by participant_id, metric, connector, device, start_local::date
            order by start_at
        ) as step
    from sample
    where start_at is not null and start_local is not null
),

day as (
    select
        participant_id,
        metric,
        connector,
        device,
        date,
        count(*) as reading_count,
        epoch_us(max(step)) / 6e7 as largest_gap_min,
        min(start_at) as first_at,
        max(start_at) as last_at
    from stepped
    group by participant_id, metric, connector, device, date
)

select
    d.participant_id,
    d.metric,
    d.connector,
    d.device,
    d.date,
    d.reading_count,
    case when s.interval_min <= 60 then at_most_100(100 * d.reading_count * s.interval_min / 1440) end
        as observed_pct,
    d.largest_gap_min,
    d.first_at,
    d.last_at
from day as d
left join stream as s
    on s.participant_id = d.participant_id
    and s.metric = d.metric
    and s.connector = d.connector
    and s.device is not distinct from d.device
