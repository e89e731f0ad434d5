-- Entries of a food log that another app has told in the same export: they are not added.
--
-- participant_id | who
-- connector | export format both came in
-- device | app or device that told it, '' where the export names none
-- start_at | instant (UTC)
-- what | food; dietary_caffeine or alcohol_drink
-- kept_at | instant of the entry that counts (UTC)
--
-- Equal carbohydrates (energy where none are told), caffeine or drinks of two apps that follow each
-- other within meal_join_min are one entry. Two of one app are two: the second of one app is the
-- second of the other. The app that tells energy speaks, then the one that tells more.
with told as (
    select
        participant_id,
        connector,
        coalesce(device, '') as device,
        start_at,
        case when metric in ('dietary_caffeine', 'alcohol_drink') then metric else 'food' end
            as what,
        coalesce(
            sum(millionths(value)) filter (metric = 'dietary_carbohydrate'),
            -1 - sum(millionths(value)) filter (metric = 'dietary_energy'),
            sum(millionths(value)) filter (metric in ('dietary_caffeine', 'alcohol_drink'))
        ) as amount,
        count(*) filter (metric = 'dietary_energy') = 0 as is_without_energy,
        count(distinct metric) as metric_count
    from sample
    where metric in (
            'dietary_energy', 'dietary_carbohydrate', 'dietary_protein', 'dietary_fat',
            'dietary_fiber', 'dietary_sugar', 'dietary_caffeine', 'alcohol_drink'
        )
        and start_at is not null
        and flag is null
    group by participant_id, connector, coalesce(device, ''), start_at, what
),

apart as (
    select
        *,
        coalesce(
            epoch_us(start_at) - lag(epoch_us(start_at)) over equal
                > rule_meal_join_min() * 60000000,
            true
        ) as is_another
    from told
    where amount is not null
    window equal as (
        partition by participant_id, connector, what, amount order by start_at, device
    )
),

cluster as (
    select
        *,
        sum(is_another::int) over (
            partition by participant_id, connector, what, amount order by start_at, device
        ) as number
    from apart
),

counted as (
    select
        *,
        row_number() over (
            partition by participant_id, connector, what, amount, number, device order by start_at
        ) as nth
    from cluster
)

select
    participant_id,
    connector,
    device,
    start_at,
    what,
    first_value(start_at) over same as kept_at
from counted
window same as (
    partition by participant_id, connector, what, amount, number, nth
    order by is_without_energy, metric_count desc, start_at, device
)
qualify row_number() over same > 1
