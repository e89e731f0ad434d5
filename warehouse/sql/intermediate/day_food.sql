-- What was eaten and drunk in the day that follows each night, as far as it was logged.
-- grain: participant_id, sleep_date
--
-- participant_id | who
-- sleep_date | local date of the final wake
-- meal_count | logged meals
-- first_us | the first of them, microseconds since 1970 (UTC)
-- energy_kcal | their energy, kcal; NULL unless all state it
-- carbohydrate_g | their carbohydrate, g; NULL unless all state it
-- eating_window_h | first meal to last, hours; NULL below two meals
-- last_meal_to_bed_min | last meal to the next sleep onset, minutes
-- kcal_before_15h_pct | share of the energy eaten before 15:00, %; NULL unless all meals state it
-- carbohydrate_before_15h_pct | share of the carbohydrate eaten before 15:00, %; likewise
-- last_meal_carbohydrate_g | carbohydrate of the last meal, g; NULL if that meal does not state it, as the next four
-- last_meal_fiber_g | its fibre, g
-- last_meal_sugar_g | its sugar, g
-- last_meal_protein_g | its protein, g
-- last_meal_fat_g | its fat, g
with meal_of as (
    select
        n.participant_id,
        n.sleep_date,
        n.until_us,
        n.is_capped,
        epoch_us(m.start_at) as at_us,
        m.start_local < n.sleep_date::timestamp + interval 15 hours as is_early,
        m.energy_kcal,
        m.carbohydrate_g,
        m.fiber_g,
        m.sugar_g,
        m.protein_g,
        m.fat_g
    from night_window as n
    join logged_meal as m
        on m.participant_id = n.participant_id
        and epoch_us(m.start_at) >= n.wake_us
        and epoch_us(m.start_at) < n.until_us
)

select
    participant_id,
    sleep_date,
    count(*) as meal_count,
    min(at_us) as first_us,
    case when count(energy_kcal) = count(*) then sum_of(energy_kcal) end as energy_kcal,
    case when count(carbohydrate_g) = count(*) then sum_of(carbohydrate_g) end as carbohydrate_g,
    case when count(*) > 1 then (max(at_us) - min(at_us)) / 3.6e9 end as eating_window_h,
    case when not any_value(is_capped) then (any_value(until_us) - max(at_us)) / 6e7 end
        as last_meal_to_bed_min,
    case when count(energy_kcal) = count(*) then
        100 * coalesce(sum_of(case when is_early then energy_kcal end), 0)
            / nullif(sum_of(energy_kcal), 0)
    end as kcal_before_15h_pct,
    case when count(carbohydrate_g) = count(*) then
        100 * coalesce(sum_of(case when is_early then carbohydrate_g end), 0)
            / nullif(sum_of(carbohydrate_g), 0)
    end as carbohydrate_before_15h_pct,
    arg_max_null(carbohydrate_g, at_us) as last_meal_carbohydrate_g,
    arg_max_null(fiber_g, at_us) as last_meal_fiber_g,
    arg_max_null(sugar_g, at_us) as last_meal_sugar_g,
    arg_max_null(protein_g, at_us) as last_meal_protein_g,
    arg_max_null(fat_g, at_us) as last_meal_fat_g
from meal_of
group by participant_id, sleep_date
