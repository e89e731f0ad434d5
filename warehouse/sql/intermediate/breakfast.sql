-- The first meal of each day, if within five hours of wake: a logged one, else a detected rise.
-- grain: participant_id, sleep_date
--
-- participant_id | who
-- sleep_date | local date of the final wake
-- basis | logged or detected_rise
-- after_wake_min | minutes after wake
-- base_mgdl | see `meal_response`, as the next two
-- peak_delta_mgdl | highest reading within 3 hours, or until the next meal, minus base
-- iauc_2h_mgdl_min | area above base in its 2 hours
with first as (
    select
        n.participant_id,
        n.sleep_date,
        n.wake_us,
        n.until_us,
        m.start_at,
        m.kind
    from night_window as n
    asof join meal as m
        on m.participant_id = n.participant_id
        and m.start_at >= make_timestamptz(n.wake_us)
)

select
    f.participant_id,
    f.sleep_date,
    case f.kind when 'meal' then 'logged' else f.kind end as basis,
    (epoch_us(f.start_at) - f.wake_us) / 6e7 as after_wake_min,
    r.base_mgdl,
    r.peak_delta_mgdl,
    r.iauc_2h_mgdl_min
from first as f
join meal_response as r using (participant_id, start_at)
where epoch_us(f.start_at) < least(f.until_us, f.wake_us + 18000000000)
