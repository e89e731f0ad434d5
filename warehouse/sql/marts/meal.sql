-- Meals that someone logged; on dates without any, rises of glucose that look like those after food.
-- grain: participant_id, start_at
--
-- participant_id | who
-- start_at | first entry, or begin of the rise (UTC)
-- start_local | the same on the wall clock
-- kind | meal: logged; detected_rise: nobody said that something was eaten
-- next_min | minutes to the next of the same participant
-- connector | export format of the log; NULL for a rise
-- item_count | entries of the log within meal_join_min of each other
-- copy_count | entries of other apps of the same export that tell the same: not added
-- energy_kcal | energy, kcal; NULL unless every entry states it
-- carbohydrate_g | carbohydrate, g
-- protein_g | protein, g
-- fat_g | fat, g
-- fiber_g | fibre, g
-- sugar_g | sugar, g
-- file | source file of the first entry (first 16 hex digits of its sha256)
-- record | line or record number in that file
with logged as materialized (select * from logged_meal),

together as (
    select participant_id, start_at, start_local, 'meal' as kind, * exclude (
        participant_id, start_at, start_local
    )
    from logged
    union all by name
    select r.participant_id, r.start_at, r.start_local, 'detected_rise' as kind
    from detected_rise as r
    anti join (select participant_id, start_local::date as date from logged) as l
        on l.participant_id = r.participant_id and l.date = r.start_local::date
)

select
    participant_id,
    start_at,
    start_local,
    kind,
    epoch_us(lead(start_at) over (partition by participant_id order by start_at) - start_at) / 6e7
        as next_min,
    connector,
    item_count,
    copy_count,
    energy_kcal,
    carbohydrate_g,
    protein_g,
    fat_g,
    fiber_g,
    sugar_g,
    file,
    record
from together
