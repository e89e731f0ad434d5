-- The grid of each participant: how far its points are apart, and where it begins.
-- parameters: reading like glucose_reading
-- grain: participant_id
--
-- participant_id | who
-- step_us | from one point to the next, microseconds
-- origin_us | local midnight before the first reading, microseconds since 1970 (UTC)
--
-- Step: the minutes that most readings stand for, whole. Of a number that does not divide the day the
-- nearest multiple of five is taken, a remainder of 2 going down (iglu's rule). Without a rhythm
-- there is no grid.
with pace as (
    select
        participant_id,
        greatest(round(median(interval_min)), 1)::bigint as step_min,
        arg_min(at_us - wall_us % 86400000000, at_us) as origin_us
    from query_table(reading)
    group by participant_id
    having median(interval_min) is not null
)

select
    participant_id,
    60000000 * case when 1440 % step_min = 0 then step_min else 5 * ((step_min + 2) // 5) end
        as step_us,
    origin_us
from pace
