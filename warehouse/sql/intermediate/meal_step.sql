-- Steps in the hour after each meal or detected rise, by the source of that date.
-- grain: participant_id, meal_at
--
-- participant_id | who
-- meal_at | begin of the meal (UTC)
-- step_count | steps; what was counted across an end is divided by time; NULL where nothing counted that date
with walked as (
    select
        m.participant_id,
        m.start_at,
        sum_of(c.value * us_within(
            c.begins_us, c.ends_us, epoch_us(m.start_at), epoch_us(m.start_at) + 3600000000
        ) / (c.ends_us - c.begins_us)) as step_count
    from meal as m
    join counted as c
        on c.participant_id = m.participant_id
        and c.metric = 'step_count'
        and c.begins_us < epoch_us(m.start_at) + 3600000000
        and c.begins_us > epoch_us(m.start_at) - 10800000000
        and c.ends_us > epoch_us(m.start_at)
    group by m.participant_id, m.start_at
)

select
    m.participant_id,
    m.start_at as meal_at,
    case when d.date is not null then coalesce(w.step_count, 0) end as step_count
from meal as m
left join (select distinct participant_id, date from counted where metric = 'step_count') as d
    on d.participant_id = m.participant_id and d.date = m.start_local::date
left join walked as w on w.participant_id = m.participant_id and w.start_at = m.start_at
