-- Steps, and minutes in daylight and of exercise as a vendor counts them, of the day after each night.
-- grain: participant_id, sleep_date
--
-- participant_id | who
-- sleep_date | local date of the final wake
-- step_count | steps
-- step_connector | export format that counted most of them
-- vendor_exercise_min | minutes that the vendor counts as exercise, recorded or not
-- daylight_min | minutes in daylight
-- morning_daylight_min | of them in the hour after wake
--
-- Of one source on each date (see `counted`). What was counted across wake or the end of the day is
-- divided by time.
with shared as (
    select
        n.participant_id,
        n.sleep_date,
        c.metric,
        c.connector,
        c.value * us_within(c.begins_us, c.ends_us, n.wake_us, n.until_us)
            / (c.ends_us - c.begins_us) as value,
        c.value * us_within(c.begins_us, c.ends_us, n.wake_us, n.wake_us + 3600000000)
            / (c.ends_us - c.begins_us) as morning_value
    from night_window as n
    join counted as c
        on c.participant_id = n.participant_id
        and c.begins_us < n.until_us
        and c.begins_us > n.wake_us - 10800000000
        and c.ends_us > n.wake_us
)

select
    participant_id,
    sleep_date,
    sum_of(case when metric = 'step_count' then value end) as step_count,
    mode(connector order by connector) filter (metric = 'step_count') as step_connector,
    sum_of(case when metric = 'exercise_time' then value end) as vendor_exercise_min,
    sum_of(case when metric = 'daylight_time' then value end) as daylight_min,
    sum_of(case when metric = 'daylight_time' then morning_value end) as morning_daylight_min
from shared
group by participant_id, sleep_date
