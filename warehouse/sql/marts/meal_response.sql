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
--
-- Near base: at most 10 mg/dL or a tenth of the peak's height above it. Areas are Wolever's (of a
-- crossing only the triangle above base) and want readings over 80 % of the time without a gap
-- above 20 minutes; so does a peak over 80 %.
with eaten as materialized (
    select participant_id, start_at, start_local, kind, next_min, epoch_us(start_at) as meal_us
    from meal
),

by_hour as (
    select
        participant_id,
        meal_us,
        unnest(range(
            (meal_us - 1800000000) // 3600000000, (meal_us + 10800000000) // 3600000000 + 1
        )) as hour
    from eaten
),

placed as (
    select
        h.participant_id,
        h.meal_us,
        (epoch_us(g.start_at) - h.meal_us) / 6e7 as minute,
        g.glucose_mgdl as mgdl
    from glucose_chosen as g
    join by_hour as h
        on h.participant_id = g.participant_id
        and h.hour = epoch_us(g.start_at) // 3600000000
    where epoch_us(g.start_at) between h.meal_us - 1800000000 and h.meal_us + 10800000000
),

listed as (
    select
        participant_id,
        meal_us,
        list({minute: minute, mgdl: mgdl, mean15: mean15_mgdl} order by minute) as near
    from (
        select
            *,
            mean_of_sums(count(mgdl) over near, sum(billionths(mgdl)) over near) as mean15_mgdl
        from placed
        window near as (
            partition by participant_id, meal_us order by minute
            range between 7.5 preceding and 7.5 following
        )
    )
    group by participant_id, meal_us
),

based as (
    select
        e.participant_id,
        e.start_at,
        e.start_local,
        e.kind,
        e.next_min,
        l.near,
        meal_part(l.near, 0, 180) as after,
        meal_base(l.near) as base_mgdl,
        least(180, coalesce(e.next_min, 180)) as until_min,
        case when until_min >= 60 then meal_peak(meal_part(l.near, 0, until_min), until_min) end
            as peak_mgdl
    from eaten as e
    left join listed as l using (participant_id, meal_us)
),

peaked as (
    select
        *,
        peak_mgdl - base_mgdl as peak_delta_mgdl,
        case when peak_delta_mgdl > 5 then
            list_filter(after, lambda r: r.mgdl = peak_mgdl)[1].minute
        end as time_to_peak_min
    from based
)

select
    participant_id,
    start_at,
    start_local,
    kind,
    next_min,
    base_mgdl,
    peak_mgdl,
    peak_delta_mgdl,
    time_to_peak_min,
    case when coalesce(next_min, 120) >= 120
        then meal_iauc(meal_part(after, 0, 120), base_mgdl, 120) end as iauc_2h_mgdl_min,
    case when coalesce(next_min, 180) >= 180 then meal_iauc(after, base_mgdl, 180) end
        as iauc_3h_mgdl_min,
    reading_near(near, 60) as after_1h_mgdl,
    case when coalesce(next_min, 120) >= 120 then reading_near(near, 120) end as after_2h_mgdl,
    list_filter(
        after,
        lambda r: r.minute > time_to_peak_min and r.minute <= until_min
            and r.mean15 <= base_mgdl + greatest(10, 0.1 * peak_delta_mgdl)
    )[1].minute - time_to_peak_min as recovery_min,
    coalesce(len(after), 0) as reading_count,
    list_gap(after) as gap_min
from peaked
