-- What is usual for a person at a clock time: of the two weeks before and after a date, without it.
-- grain: participant_id, date, half_hour
--
-- participant_id | who
-- date | local calendar date
-- half_hour | of the wall clock, 0 to 47
-- usual_mgdl | mean of the other dates' means of that half hour, mg/dL; NULL below pattern_min_days
with slot as (
    select
        participant_id,
        start_local::date as date,
        (epoch_us(start_local) % 86400000000 // 1800000000)::int as half_hour,
        mean_of(glucose_mgdl) as mgdl
    from glucose
    where start_local is not null
    group by participant_id, start_local::date, half_hour
)

select
    participant_id,
    date,
    half_hour,
    case when count(*) over near > rule_pattern_min_days()
        then (sum(billionths(mgdl)) over near - billionths(mgdl)) / (count(*) over near - 1) / 1e9
    end as usual_mgdl
from slot
window near as (
    partition by participant_id, half_hour order by date
    range between interval 14 days preceding and interval 14 days following
)
