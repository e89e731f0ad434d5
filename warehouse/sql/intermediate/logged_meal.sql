-- Meals that someone logged: entries close to each other are one, told by one source.
-- grain: participant_id, start_at
--
-- participant_id | who
-- start_at | first entry (UTC)
-- start_local | the same on the wall clock
-- connector | export format it came from
-- item_count | entries
-- copy_count | entries of other apps of the same export that tell the same: not added (see `food_copy`)
-- energy_kcal | energy, kcal
-- carbohydrate_g | carbohydrate, g
-- protein_g | protein, g
-- fat_g | fat, g
-- fiber_g | fibre, g
-- sugar_g | sugar, g
-- file | source file of the first entry (first 16 hex digits of its sha256)
-- record | line or record number in that file
--
-- Entries follow each other within meal_join_min. Two apps that log the same meal are not added:
-- the one with energy speaks, then the one that tells more. Less than meal_min_kcal is no meal
-- (5 kcal: Gill & Panda 2015).
with eaten as (
    -- in millionths
    select
        participant_id,
        connector,
        start_at,
        sum(millionths(value)) filter (metric = 'dietary_energy') as energy_kcal,
        sum(millionths(value)) filter (metric = 'dietary_carbohydrate') as carbohydrate_g,
        sum(millionths(value)) filter (metric = 'dietary_protein') as protein_g,
        sum(millionths(value)) filter (metric = 'dietary_fat') as fat_g,
        sum(millionths(value)) filter (metric = 'dietary_fiber') as fiber_g,
        sum(millionths(value)) filter (metric = 'dietary_sugar') as sugar_g
    from (select *, coalesce(device, '') as app from sample) as s
    anti join (select * from food_copy where what = 'food') as c
        on c.participant_id = s.participant_id
        and c.connector = s.connector
        and c.device = s.app
        and c.start_at = s.start_at
    where metric in (
            'dietary_energy', 'dietary_carbohydrate', 'dietary_protein', 'dietary_fat',
            'dietary_fiber', 'dietary_sugar'
        )
        and start_at is not null
        and flag is null
    group by participant_id, connector, start_at
),

copy_of as (
    select participant_id, connector, kept_at as start_at, count(*) as copy_count
    from food_copy
    where what = 'food'
    group by participant_id, connector, kept_at
),

told as (
    select
        n.participant_id,
        n.number,
        n.connector,
        min(n.start_at) as start_at,
        arg_min(n.start_local, n.at_us) as start_local,
        sum(n.item_count)::bigint as item_count,
        coalesce(sum(c.copy_count), 0)::bigint as copy_count,
        -- a sum of entries of which one says nothing would be too small
        case when count(e.energy_kcal) = count(*) then sum(e.energy_kcal) / 1e6 end as energy_kcal,
        sum(e.carbohydrate_g) / 1e6 as carbohydrate_g,
        sum(e.protein_g) / 1e6 as protein_g,
        sum(e.fat_g) / 1e6 as fat_g,
        sum(e.fiber_g) / 1e6 as fiber_g,
        sum(e.sugar_g) / 1e6 as sugar_g,
        arg_min(n.file, n.at_us) as file,
        arg_min(n.record, n.at_us) as record
    from meal_entry as n
    left join eaten as e using (participant_id, connector, start_at)
    left join copy_of as c using (participant_id, connector, start_at)
    group by n.participant_id, n.number, n.connector
)

select
    participant_id,
    start_at,
    start_local,
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
from told
where coalesce(energy_kcal, 4 * carbohydrate_g, rule_meal_min_kcal()) >= rule_meal_min_kcal()
qualify row_number() over (
    partition by participant_id, number
    order by energy_kcal is null, (protein_g is null)::int + (fat_g is null)::int
        + (fiber_g is null)::int + (sugar_g is null)::int, connector
) = 1
