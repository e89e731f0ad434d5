-- The chosen readings between onset and wake.
-- grain: participant_id, sleep_date, at_us
--
-- participant_id | who
-- sleep_date | local date of the final wake
-- at_us | instant, microseconds since 1970 (UTC)
-- mgdl | glucose, mg/dL
-- range_band | see `glucose`
-- reported_as | see `glucose`
-- is_bound | whether it is a sensor's limit
-- is_inferred | whether its instant was inferred
-- interval_min | minutes that one reading stands for
-- covers_min | minutes from it to the next, at most interval_min
-- step_us | microseconds since the reading of that night before it
-- mean15_mgdl | mean of the 15 minutes that end with it, mg/dL; NULL below 12 observed minutes
-- mean15_from_us | instant of the first reading of that mean
with reading as (
    select
        g.participant_id,
        n.sleep_date,
        epoch_us(g.start_at) as at_us,
        g.glucose_mgdl as mgdl,
        g.range_band,
        g.reported_as,
        g.bound is not null as is_bound,
        g.time_basis = 'zone_inferred' as is_inferred,
        g.interval_min,
        g.covers_min,
        n.wake_us
    from glucose as g
    asof join night_window as n
        on n.participant_id = g.participant_id and n.onset_us <= epoch_us(g.start_at)
)

select
    participant_id,
    sleep_date,
    at_us,
    mgdl,
    range_band,
    reported_as,
    is_bound,
    is_inferred,
    interval_min,
    covers_min,
    at_us - lag(at_us) over night as step_us,
    -- sensors do not keep the second
    case when coalesce(sum(round(interval_min * 6e7)::hugeint) over last15, 720000000) >= 720000000
        then mean_of_sums(count(mgdl) over last15, sum(billionths(mgdl)) over last15)
    end as mean15_mgdl,
    min(at_us) over last15 as mean15_from_us
from reading
where at_us < wake_us
window
    night as (partition by participant_id, sleep_date order by at_us),
    last15 as (
        partition by participant_id, sleep_date order by at_us
        range between 895000000 preceding and current row
    )
