-- Recorded exercise of the day that follows each night, and strength training of the two days before.
-- grain: participant_id, sleep_date
--
-- participant_id | who
-- sleep_date | local date of the final wake
-- recorded_min | minutes of recorded exercise
-- resistance_exercise_min | minutes of strength training
-- resistance_exercise_48h_min | the same in the 48 hours before wake
-- fasted_morning_exercise_min | minutes within 3 hours of wake and before the first meal
-- evening_exercise_min | minutes in the 3 hours before the next sleep onset
select
    n.participant_id,
    n.sleep_date,
    sum(us_within(e.begins_us, e.ends_us, n.wake_us, n.until_us)) / 6e7 as recorded_min,
    sum(us_within(e.own_begins_us, e.ends_us, n.wake_us, n.until_us))
        filter (e.is_resistance) / 6e7 as resistance_exercise_min,
    sum(us_within(e.own_begins_us, e.ends_us, n.wake_us - 172800000000, n.wake_us))
        filter (e.is_resistance) / 6e7 as resistance_exercise_48h_min,
    sum(us_within(
        e.begins_us, e.ends_us, n.wake_us, least(f.first_us, n.wake_us + 10800000000)
    )) / 6e7 as fasted_morning_exercise_min,
    sum(us_within(e.begins_us, e.ends_us, n.until_us - 10800000000, n.until_us))
        filter (not n.is_capped) / 6e7 as evening_exercise_min
from night_window as n
join exercise_stretch as e
    on e.participant_id = n.participant_id
    and e.own_begins_us < n.until_us
    and e.ends_us > n.wake_us - 172800000000
left join day_food as f
    on f.participant_id = n.participant_id and f.sleep_date = n.sleep_date
group by n.participant_id, n.sleep_date
