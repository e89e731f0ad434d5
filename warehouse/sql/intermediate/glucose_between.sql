-- The chosen readings of a period that have a wall clock, in few and narrow columns.
-- parameters: from_date, to_date
--
-- participant_id | who
-- at_us | instant, microseconds since 1970 (UTC)
-- wall_us | the same on the wall clock
-- glucose_mgdl | glucose, mg/dL
-- range_band | see `glucose`
-- reported_as | see `glucose`
-- interval_min | minutes that one reading stands for
-- covers_min | minutes from it to the next reading, at most interval_min
-- is_bound | whether the sensor gave no number
--
-- from_date and to_date are local and belong to the period; NULL leaves it open. Everything that is
-- told of a period is made of its own readings, as if the lake had no others.
select
    participant_id,
    epoch_us(start_at) as at_us,
    epoch_us(start_local) as wall_us,
    glucose_mgdl,
    range_band,
    reported_as,
    interval_min,
    covers_min,
    bound is not null as is_bound
from glucose
where start_local is not null
    and (from_date is null or start_local >= from_date::date)
    and (to_date is null or start_local < to_date::date + interval 1 day)
