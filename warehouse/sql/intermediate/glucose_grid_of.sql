-- Glucose at regular points of elapsed time, straight lines between readings.
-- parameters: reading like glucose_reading, pace like glucose_pace
-- grain: participant_id, point
--
-- participant_id | who
-- point | number of the point: 1 is one step after local midnight before the first reading
-- step_us | from one point to the next, microseconds
-- at_us | instant, microseconds since 1970 (UTC)
-- wall_us | the same on the wall clock
-- is_observed | whether a reading lies within half a step
-- is_beyond | whether it is after the last reading: an hour of NULL, in which whatever runs ends
-- reported_as | whether the reading before is in mmol/L
-- mgdl | glucose, mg/dL; NULL inside gaps
--
-- The grid of iglu 4.3.0 (`CGMS2DayByDay`): from local midnight on, the reading where one lies on
-- the point, else interpolated, NULL where readings are more than grid_gap_max_min apart, NULL
-- before the first and after the last reading. iglu knows wall clocks only. Here points follow
-- each other in elapsed time, so that a day of a clock change has 23 or 25 hours of them and no
-- step is an hour long; where the clock moved between two readings, it moved at the full hour.
-- Of a gap only the first year (366 days) has points: a reading of the year 1 must not fill the disk.
with followed as (
    select
        participant_id,
        at_us,
        wall_us - at_us as offset_us,
        glucose_mgdl,
        reported_as,
        lead(at_us) over person as next_us,
        lead(glucose_mgdl) over person as next_mgdl,
        lead(wall_us - at_us) over person as next_offset_us
    from query_table(reading)
    window person as (partition by participant_id order by at_us)
),

-- points from each reading to before the next
stretch as (
    select
        f.* rename (at_us as reading_us),
        p.step_us,
        p.origin_us,
        unnest(range(
            greatest(1, (f.at_us - p.origin_us + p.step_us - 1) // p.step_us),
            (
                least(coalesce(f.next_us, f.at_us + 3600000000), f.at_us + 31622400000000)
                - p.origin_us + p.step_us - 1
            ) // p.step_us
        )) as point
    from followed as f
    join query_table(pace) as p using (participant_id)
)

select
    participant_id,
    point,
    step_us,
    origin_us + point * step_us as at_us,
    at_us + case
        when next_offset_us <> offset_us
            and at_us >= least(next_us, (reading_us // 3600000000 + 1) * 3600000000)
            then next_offset_us
        else offset_us
    end as wall_us,
    least(at_us - reading_us, next_us - at_us) * 2 <= step_us as is_observed,
    next_us is null and at_us > reading_us as is_beyond,
    reported_as,
    case
        when at_us = reading_us then glucose_mgdl
        when next_us - reading_us <= rule_grid_gap_max_min() * 60000000
            then glucose_mgdl
                + (next_mgdl - glucose_mgdl) * (at_us - reading_us) / (next_us - reading_us)
    end as mgdl
from stretch as s
