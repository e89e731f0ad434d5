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
--
-- Streams are numbered, since hundreds of thousands of rows are divided by a number in a third of the
-- time that names take.
with numbered as (
    select
        participant_id,
        metric,
        connector,
        device,
        interval_min,
        row_number() over () as number
    from stream
),

placed as (
    select
        n.number,
        s.start_local::date as date,
        epoch_us(s.start_at) as start_us
    from sample as s
    join numbered as n
        on n.participant_id = s.participant_id
        and n.metric = s.metric
        and n.connector = s.connector
        and n.device is not distinct from s.device
    where s.start_at is not null and s.start_local is not null
),

stepped as (
    select
        number,
        date,
        start_us,
        start_us - lag(start_us) over (partition by number, date order by start_us) as step_us
    from placed
),

day as (
    select
        number,
        date,
        count(*) as reading_count,
        max(step_us) / 6e7 as largest_gap_min,
        make_timestamptz(min(start_us)) as first_at,
        make_timestamptz(max(start_us)) as last_at
    from stepped
    group by number, date
)

select
    n.participant_id,
    n.metric,
    n.connector,
    n.device,
    d.date,
    d.reading_count,
    case when n.interval_min <= 60 then at_most_100(100 * d.reading_count * n.interval_min / 1440) end
        as observed_pct,
    d.largest_gap_min,
    d.first_at,
    d.last_at
from day as d
join numbered as n using (number)
