-- Glucose after each meal or detected rise.
-- grain: participant_id, start_at
--
-- participant_id | who
-- start_at | see `meal` (UTC)
-- start_local | the same on the wall clock
-- kind | meal or detected_rise
-- next_min | minutes to the next meal or rise
-- base_mgdl | mean of the 15 minutes before, else of 30 before to 5 after, mg/dL
-- peak_mgdl | highest reading of 3 hours, or until the next meal if that is an hour away, mg/dL
-- peak_delta_mgdl | the same above base, mg/dL
-- time_to_peak_min | minutes to that reading; NULL where the peak is not 5 mg/dL above base
-- iauc_2h_mgdl_min | area above base in 2 hours, mg/dL x min; NULL if the next meal is in them
-- iauc_3h_mgdl_min | the same in 3 hours
-- after_1h_mgdl | reading nearest to one hour after, within 7.5 minutes, mg/dL
-- after_2h_mgdl | reading nearest to two hours after, mg/dL
-- recovery_min | minutes from the peak to a 15-minute mean near base; NULL if not within 3 hours of the meal
-- reading_count | readings in 3 hours
-- gap_min | longest time between readings in 3 hours, minutes
-- postmeal_steps_60min | steps in the hour after it, by the source of that day; NULL where none counted
--
-- Near base: at most 10 mg/dL or a tenth of the peak's height above it. Areas: see `meal_area`. A peak
-- wants readings over 80 % of its time.
with around as (
    select
        m.participant_id,
        m.start_at,
        coalesce(
            mean_of(case when r.minute between -15 and 0 then r.mgdl end),
            mean_of(case when r.minute between -30 and 5 then r.mgdl end)
        ) as base_mgdl,
        least(180, coalesce(any_value(m.next_min), 180)) as until_min,
        max(r.mgdl) filter (r.minute between 0 and until_minute) as highest_mgdl,
        max(r.minute) filter (r.minute between 0 and until_minute)
            - min(r.minute) filter (r.minute between 0 and until_minute) as seen_min,
        count(*) filter (r.minute between 0 and 180) as reading_count,
        max(r.minute - r.before_minute) filter (r.before_minute >= 0 and r.minute <= 180) as gap_min,
        arg_min(r.mgdl, (abs(r.minute - 60), r.minute)) filter (r.minute between 52.5 and 67.5)
            as after_1h_mgdl,
        arg_min(r.mgdl, (abs(r.minute - 120), r.minute)) filter (r.minute between 112.5 and 127.5)
            as after_2h_mgdl
    from (select *, least(180, coalesce(next_min, 180)) as until_minute from meal) as m
    join meal_reading as r on r.participant_id = m.participant_id and r.meal_at = m.start_at
    group by m.participant_id, m.start_at
),

peaked as (
    select
        *,
        case when until_min >= 60 and seen_min >= 0.8 * until_min then highest_mgdl end as peak_mgdl,
        peak_mgdl - base_mgdl as peak_delta_mgdl
    from around
),

timed as (
    select
        p.participant_id,
        p.start_at,
        min(r.minute) as time_to_peak_min
    from peaked as p
    join meal_reading as r on r.participant_id = p.participant_id and r.meal_at = p.start_at
    where p.peak_delta_mgdl > 5
        and r.minute between 0 and p.until_min
        and r.mgdl = p.peak_mgdl
    group by p.participant_id, p.start_at
),

recovered as (
    select
        p.participant_id,
        p.start_at,
        min(r.minute) as minute
    from peaked as p
    join timed as t using (participant_id, start_at)
    join meal_reading as r on r.participant_id = p.participant_id and r.meal_at = p.start_at
    where r.minute > t.time_to_peak_min
        and r.minute <= p.until_min
        and r.mean15_mgdl <= p.base_mgdl + greatest(10, 0.1 * p.peak_delta_mgdl)
    group by p.participant_id, p.start_at
)

select
    m.participant_id,
    m.start_at,
    m.start_local,
    m.kind,
    m.next_min,
    p.base_mgdl,
    p.peak_mgdl,
    p.peak_delta_mgdl,
    t.time_to_peak_min,
    case when coalesce(m.next_min, 120) >= 120 then two.iauc_mgdl_min end as iauc_2h_mgdl_min,
    case when coalesce(m.next_min, 180) >= 180 then three.iauc_mgdl_min end as iauc_3h_mgdl_min,
    p.after_1h_mgdl,
    case when coalesce(m.next_min, 120) >= 120 then p.after_2h_mgdl end as after_2h_mgdl,
    r.minute - t.time_to_peak_min as recovery_min,
    coalesce(p.reading_count, 0) as reading_count,
    p.gap_min,
    s.step_count as postmeal_steps_60min
from meal as m
left join peaked as p using (participant_id, start_at)
left join timed as t using (participant_id, start_at)
left join recovered as r using (participant_id, start_at)
left join meal_area as two
    on two.participant_id = m.participant_id and two.meal_at = m.start_at and two.hours = 2
left join meal_area as three
    on three.participant_id = m.participant_id and three.meal_at = m.start_at and three.hours = 3
left join meal_step as s on s.participant_id = m.participant_id and s.meal_at = m.start_at
