-- Incremental areas after each meal: of straight lines through the readings, from its begin to the end.
-- grain: participant_id, meal_at, hours
--
-- participant_id | who
-- meal_at | begin of the meal (UTC)
-- hours | 2 or 3
-- iauc_mgdl_min | area above base, mg/dL x min; NULL where lines do not reach from begin to end
--
-- Wolever's area: of a crossing only the triangle above base (FAO 1998, Brouns 2005). Lines are drawn
-- between readings at most 20 minutes apart, and cut at the begin and at the end.
with base as (
    select
        participant_id,
        meal_at,
        coalesce(
            mean_of(case when minute between -15 and 0 then mgdl end),
            mean_of(case when minute between -30 and 5 then mgdl end)
        ) as base_mgdl
    from meal_reading
    group by participant_id, meal_at
),

line as (
    select
        r.participant_id,
        r.meal_at,
        h.hours,
        greatest(r.before_minute, 0) as from_minute,
        least(r.minute, 60 * h.hours) as to_minute,
        (r.mgdl - r.before_mgdl) / (r.minute - r.before_minute) as slope,
        r.before_mgdl + slope * (from_minute - r.before_minute) - b.base_mgdl as from_mgdl,
        r.before_mgdl + slope * (to_minute - r.before_minute) - b.base_mgdl as to_mgdl
    from meal_reading as r
    join base as b using (participant_id, meal_at)
    cross join (values (2), (3)) as h(hours)
    where r.minute > 0
        and r.minute - r.before_minute <= 20
        and r.before_minute < 60 * h.hours
)

select
    participant_id,
    meal_at,
    hours,
    case when sum_of(to_minute - from_minute) >= 60 * hours - 1e-6
        then sum_of(area_above(to_minute - from_minute, from_mgdl, to_mgdl))
    end as iauc_mgdl_min
from line
group by participant_id, meal_at, hours
