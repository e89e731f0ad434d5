-- Entries of food logs, each with the meal that it belongs to; without what a second app told too.
--
-- participant_id | who
-- connector | export format it came from
-- start_at | instant (UTC)
-- at_us | the same in microseconds since 1970
-- start_local | the same on the wall clock
-- item_count | entries of that connector at that instant
-- file | source file of the first of them (first 16 hex digits of its sha256)
-- record | line or record number in that file
-- number | of the meal, of all apps together: entries follow each other within meal_join_min
with entry as (
    select
        participant_id,
        connector,
        start_at,
        epoch_us(start_at) as at_us,
        any_value(start_local) as start_local,
        count(*) as item_count,
        arg_min(file, (file, record)) as file,
        arg_min(record, (file, record)) as record
    from (select *, coalesce(device, '') as app from episode) as e
    anti join (select * from food_copy where what = 'food') as c
        on c.participant_id = e.participant_id
        and c.connector = e.connector
        and c.device = e.app
        and c.start_at = e.start_at
    where kind = 'meal' and start_at is not null
    group by participant_id, connector, start_at
),

apart as (
    select
        *,
        coalesce(at_us - lag(at_us) over person > rule_meal_join_min() * 60000000, true)
            as is_another
    from entry
    window person as (partition by participant_id order by at_us, connector)
)

select
    participant_id,
    connector,
    start_at,
    at_us,
    start_local,
    item_count,
    file,
    record,
    sum(is_another::int) over (partition by participant_id order by at_us, connector) as number
from apart
