-- The chosen readings around each meal or detected rise: from 30 minutes before to 200 after.
-- grain: participant_id, meal_at, minute
--
-- participant_id | who
-- meal_at | begin of the meal (UTC)
-- minute | minutes after it, negative before
-- mgdl | glucose, mg/dL
-- mean15_mgdl | mean of the readings within 7.5 minutes of it, mg/dL
-- before_minute | minute of the reading before it
-- before_mgdl | that reading
with placed as (
    select
        m.participant_id,
        m.start_at as meal_at,
        (epoch_us(g.start_at) - epoch_us(m.start_at)) / 6e7 as minute,
        g.glucose_mgdl as mgdl
    from meal as m
    join glucose as g
        on g.participant_id = m.participant_id
        and g.start_at >= m.start_at - interval 30 minutes
        and g.start_at <= m.start_at + interval 200 minutes
)

select
    participant_id,
    meal_at,
    minute,
    mgdl,
    mean_of_sums(count(mgdl) over around, sum(billionths(mgdl)) over around) as mean15_mgdl,
    lag(minute) over meal as before_minute,
    lag(mgdl) over meal as before_mgdl
from placed
window
    meal as (partition by participant_id, meal_at order by minute),
    around as (
        partition by participant_id, meal_at order by minute
        range between 7.5 preceding and 7.5 following
    )
