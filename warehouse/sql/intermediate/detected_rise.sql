-- Rises of glucose while awake that look like those after food. They are not called meals.
-- grain: participant_id, start_at
--
-- participant_id | who
-- start_at | begin of the rise (UTC)
-- start_local | the same on the wall clock
--
-- On 15-minute means of the five-minute grid: at least rise_mgdl_min for 15 minutes and
-- rise_min_mgdl in 45. It begins at the last point within 2 mg/dL of the lowest of the 45 minutes
-- before, 90 minutes or more after the one before it, and not between sleep onset and half an hour
-- before the final wake. The rule is our own; published detectors want 130 mg/dL (Harvey 2014)
-- and find little near normal glucose.
with point as (
    select
        participant_id,
        epoch_us(start_at) as at_us,
        start_local,
        case when glucose_mgdl is not null
            then mean_of_sums(
                count(glucose_mgdl) over (near rows between 1 preceding and 1 following),
                sum(billionths(glucose_mgdl)) over (near rows between 1 preceding and 1 following)
            )
        end as mean15_mgdl
    from glucose_5min
    window near as (partition by participant_id order by start_at)
),

ahead as materialized (
    select
        *,
        lead(mean15_mgdl, 3) over near - mean15_mgdl as rise15_mgdl,
        max(mean15_mgdl) over (near rows between 1 following and 9 following) - mean15_mgdl
            as rise45_mgdl,
        min(mean15_mgdl) over (near rows between 9 preceding and current row) as lowest_mgdl
    from point
    window near as (partition by participant_id order by at_us)
),

reach as (
    select participant_id, at_us, lowest_mgdl, at_us - 300000000 * unnest(range(0, 10)) as before_us
    from ahead
    where rise15_mgdl >= 15 * rule_rise_mgdl_min() and rise45_mgdl >= rule_rise_min_mgdl()
),

begun as (
    select r.participant_id, r.at_us, arg_max(b.start_local, b.at_us) as start_local,
        max(b.at_us) as begins_us
    from reach as r
    join ahead as b on b.participant_id = r.participant_id and b.at_us = r.before_us
    where b.mean15_mgdl <= r.lowest_mgdl + 2
    group by r.participant_id, r.at_us
),

awake as (
    select distinct b.participant_id, b.begins_us, b.start_local
    from begun as b
    anti join (
        select
            participant_id,
            epoch_us(onset_at) as onset_us,
            epoch_us(wake_at) - 1800000000 as until_us,
            unnest(range(onset_us // 3600000000, until_us // 3600000000 + 1)) as hour
        from sleep_nightly
    ) as n
        on n.participant_id = b.participant_id
        and n.hour = b.begins_us // 3600000000
        and b.begins_us >= n.onset_us
        and b.begins_us <= n.until_us
),

-- of those that follow each other too closely the first, and again the first after 90 minutes
run as (
    select
        *,
        sum(is_apart::int) over (partition by participant_id order by begins_us) as number
    from (
        select
            *,
            coalesce(begins_us - lag(begins_us) over (
                partition by participant_id order by begins_us
            ) >= 5400000000, true) as is_apart
        from awake
    )
),

kept as (
    select
        participant_id,
        unnest(list_reduce(
            list([begins_us] order by begins_us),
            lambda kept, next: case
                when next[1] - kept[-1] >= 5400000000 then list_concat(kept, next) else kept
            end
        )) as begins_us
    from run
    group by participant_id, number
)

select
    k.participant_id,
    make_timestamptz(k.begins_us) as start_at,
    a.start_local
from kept as k
join awake as a using (participant_id, begins_us)
