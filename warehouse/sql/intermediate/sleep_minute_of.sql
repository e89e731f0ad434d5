-- Each day from noon to noon, minute by minute on the wall clock: asleep or not.
-- parameters: told like main_sleep
-- grain: participant_id, day
--
-- participant_id | who
-- day | the day that ends at noon of this date, days since 1970; only days with some sleep
-- asleep | 1440 bits: 1 asleep, 0 not
with piece as (
    select
        participant_id,
        day,
        greatest(run.from_min - (day * 1440 - 720), 0) as from_min,
        least(run.to_min - (day * 1440 - 720), 1440) as to_min
    from (
        select
            participant_id,
            run,
            unnest(range((run.from_min + 720) // 1440, (run.to_min + 719) // 1440 + 1)) as day
        from (select participant_id, unnest(runs) as run from query_table(told))
    )
    where run.to_min > run.from_min
),

apart as (
    select
        participant_id,
        day,
        from_min,
        to_min,
        coalesce(max(to_min) over (
            partition by participant_id, day
            order by from_min, to_min
            rows between unbounded preceding and 1 preceding
        ), 0) as covered_min
    from piece
)

select
    participant_id,
    day,
    rpad(string_agg(
        repeat('0', greatest(from_min - covered_min, 0))
            || repeat('1', greatest(to_min - greatest(from_min, covered_min), 0)),
        '' order by from_min, to_min
    ), 1440, '0')::bit as asleep
from apart
group by participant_id, day
