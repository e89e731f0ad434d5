-- The chosen readings of the day that follows each night.
-- grain: participant_id, sleep_date, at_us
--
-- participant_id | who
-- sleep_date | local date of the final wake
-- at_us | instant, microseconds since 1970 (UTC)
-- start_local | the same on the wall clock
-- mgdl | glucose, mg/dL
-- range_band | see `glucose`
-- is_bound | whether it is a sensor's limit
-- is_inferred | whether its instant was inferred
-- covers_min | minutes from it to the next, at most its sensor's pace
-- step_us | microseconds since the reading of that day before it
-- change_mgdl | how much it differs from that one, mg/dL
-- is_16h | within 16 hours of wake
with reading as (
    select
        g.participant_id,
        n.sleep_date,
        epoch_us(g.start_at) as at_us,
        g.start_local,
        g.glucose_mgdl as mgdl,
        g.range_band,
        g.bound is not null as is_bound,
        g.time_basis = 'zone_inferred' as is_inferred,
        g.covers_min,
        n.until_us,
        n.until16_us
    from glucose as g
    asof join night_window as n
        on n.participant_id = g.participant_id and n.wake_us <= epoch_us(g.start_at)
)

select
    participant_id,
    sleep_date,
    at_us,
    start_local,
    mgdl,
    range_band,
    is_bound,
    is_inferred,
    covers_min,
    at_us - lag(at_us) over day as step_us,
    abs(mgdl - lag(mgdl) over day) as change_mgdl,
    at_us < until16_us as is_16h
from reading
where at_us < until_us
window day as (partition by participant_id, sleep_date order by at_us)
