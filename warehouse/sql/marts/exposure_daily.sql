-- What of food, movement, light and warmth was recorded of each night and the day after it.
-- grain: participant_id, sleep_date
--
-- participant_id | who
-- sleep_date | local date of the final wake
-- meal_count | logged meals of the day, from wake to the next sleep onset; NULL without any
-- energy_kcal | their energy, kcal; NULL unless all state it
-- carbohydrate_g | their carbohydrate, g; NULL unless all state it
-- eating_window_h | first meal to last, hours; NULL below two meals
-- last_meal_to_bed_min | last meal to the next sleep onset, minutes
-- kcal_before_15h_pct | share of the energy eaten before 15:00, %; NULL unless all meals state it
-- carbohydrate_before_15h_pct | share of the carbohydrate eaten before 15:00, %; NULL unless all meals state it
-- last_meal_carbohydrate_g | carbohydrate of the last meal of the day, g; NULL if that meal does not state it, as the next four
-- last_meal_fiber_g | its fibre, g
-- last_meal_sugar_g | its sugar, g
-- last_meal_protein_g | its protein, g
-- last_meal_fat_g | its fat, g
-- overnight_fast_h | last logged meal of the day before to the first of this day, hours; NULL above 24
-- postmeal_steps_60min | steps in the hour after a meal, mean over the meals
-- step_count | steps of the day
-- step_connector | export format that counted them
-- exercise_min | minutes of recorded exercise
-- resistance_exercise_min | minutes of strength training
-- resistance_exercise_48h_min | the same in the 48 hours before wake
-- fasted_morning_exercise_min | minutes of exercise within 3 hours of wake and before the first meal
-- evening_exercise_min | minutes of exercise in the 3 hours before the next sleep onset
-- vendor_exercise_min | minutes that the vendor counts as exercise, recorded or not
-- daylight_min | minutes in daylight
-- morning_daylight_min | minutes in daylight in the hour after wake
-- bedroom_temperature_cel | mean room temperature between onset and wake, degrees Celsius; NULL below 70 % coverage
-- caffeine_after_14h_mg | caffeine from 14:00 on, mg; NULL where none was logged that day
-- alcohol_drink_count | standard drinks; NULL where none was logged
--
-- What was recorded tells little of what was not: a day without a step, a meal or a drink in the log
-- is NULL, not 0. Steps and daylight are of one source on each date: a phone and a watch are never
-- added. Exercise is 0 on a day in which a source that records exercise counted steps, else NULL.
with exerciser as (
    select distinct participant_id, connector from exercise_stretch
),

fasted as (
    select
        participant_id,
        sleep_date,
        (first_us - lag(last_us) over (partition by participant_id order by sleep_date)) / 3.6e9
            as hours
    from (
        select
            f.participant_id,
            f.sleep_date,
            f.first_us,
            f.first_us + coalesce(f.eating_window_h, 0) * 3600000000 as last_us
        from day_food as f
    )
),

together as (
    select
        n.participant_id,
        n.sleep_date,
        n.is_capped,
        f.* exclude (participant_id, sleep_date),
        case when t.hours <= 24 then t.hours end as overnight_fast_h,
        m.* exclude (participant_id, sleep_date),
        coalesce(
            e.recorded_min, case when x.connector is not null then 0 end
        ) as exercise_min,
        e.* exclude (participant_id, sleep_date, recorded_min),
        d.caffeine_after_14h_mg,
        d.alcohol_drink_count,
        b.mean_cel
    from night_window as n
    left join day_food as f using (participant_id, sleep_date)
    left join fasted as t using (participant_id, sleep_date)
    left join day_movement as m using (participant_id, sleep_date)
    left join day_exercise as e using (participant_id, sleep_date)
    left join exerciser as x
        on x.participant_id = n.participant_id and x.connector = m.step_connector
    left join day_drink as d using (participant_id, sleep_date)
    left join bedroom as b using (participant_id, sleep_date)
),

walked as (
    select
        n.participant_id,
        n.sleep_date,
        mean_of(s.step_count) as step_count
    from night_window as n
    join meal as m
        on m.participant_id = n.participant_id
        and epoch_us(m.start_at) >= n.wake_us
        and epoch_us(m.start_at) < n.until_us
    join meal_step as s on s.participant_id = m.participant_id and s.meal_at = m.start_at
    where m.kind = 'meal'
    group by n.participant_id, n.sleep_date
)

select
    t.participant_id,
    t.sleep_date,
    t.meal_count,
    t.energy_kcal,
    t.carbohydrate_g,
    t.eating_window_h,
    t.last_meal_to_bed_min,
    t.kcal_before_15h_pct,
    t.carbohydrate_before_15h_pct,
    t.last_meal_carbohydrate_g,
    t.last_meal_fiber_g,
    t.last_meal_sugar_g,
    t.last_meal_protein_g,
    t.last_meal_fat_g,
    t.overnight_fast_h,
    w.step_count as postmeal_steps_60min,
    t.step_count,
    t.step_connector,
    t.exercise_min,
    case when t.exercise_min is not null then coalesce(t.resistance_exercise_min, 0) end
        as resistance_exercise_min,
    case when t.exercise_min is not null then coalesce(t.resistance_exercise_48h_min, 0) end
        as resistance_exercise_48h_min,
    case when t.exercise_min is not null and t.meal_count > 0
        then coalesce(t.fasted_morning_exercise_min, 0) end as fasted_morning_exercise_min,
    case when t.exercise_min is not null and not t.is_capped
        then coalesce(t.evening_exercise_min, 0) end as evening_exercise_min,
    t.vendor_exercise_min,
    t.daylight_min,
    t.morning_daylight_min,
    t.mean_cel as bedroom_temperature_cel,
    t.caffeine_after_14h_mg,
    t.alcohol_drink_count
from together as t
left join walked as w using (participant_id, sleep_date)
