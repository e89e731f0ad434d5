-- The rhythm of sleep over all nights of each participant: stability, variability, phase.
-- grain: participant_id
--
-- participant_id | who
-- first_date | sleep_date of the first valid night
-- last_date | of the last
-- night_count | valid nights: the days that all else rests on
-- interdaily_stability | how alike the days are, hour by hour: variance of the mean day per variance of all hours, 0 to 1; NULL below 7 nights
-- intradaily_variability | how broken up sleep and waking are: mean squared change from hour to hour per variance of all hours; NULL below 7 nights
-- hour_pair_count | pairs of adjacent hours that the second rests on
-- composite_phase_deviation_h | mean over nights of sqrt(a^2 + b^2): distance of the midpoint from the mean one and from that of the night before, hours; NULL below 7 nights or 5 with the night before
-- midsleep_free_corrected_h | MSFsc: mean midpoint of free nights, earlier by half of what they are longer than all nights, hours from local midnight; NULL below 2 free or 5 other nights
--
-- Valid nights as in `sleep_regularity`, and the same days from noon to noon on the wall clock, naps
-- from 30 minutes on in them: x is the minutes asleep of an hour. A night that is missing leaves its
-- day out, and no change is counted across it. Longer records are less stable: compare like lengths.
-- Variances are those of the definition (Van Someren 1999), by n; pyActigraphy divides by n - 1.
-- MSFsc (Roenneberg): length is total sleep; all nights are the mean over the nights that there are,
-- where he weighs free and other days as a week has them. Whether an alarm rang is not known.
with night as (
    select
        participant_id,
        sleep_date,
        sleep_date - date '1970-01-01' as day,
        total_sleep_min as asleep_min,
        midpoint_local_h as midpoint_h,
        list_contains(free_weekdays(participant_id), isodow(sleep_date)) as is_free
    from sleep_nightly
    where is_night_valid
),

-- minutes asleep of each hour, and how they differ from the hour before if its day is known
hour as (
    select
        participant_id,
        hour,
        minutes,
        case when lag(number) over person = number - 1 then minutes - lag(minutes) over person end
            as change
    from (
        select
            n.participant_id,
            unnest(range(24)) as hour,
            n.day * 24 + hour as number,
            coalesce(len(replace(substr(m.asleep::varchar, 60 * hour + 1, 60), '0', '')), 0)
                as minutes
        from night as n
        left join sleep_minute as m using (participant_id, day)
    )
    window person as (partition by participant_id order by number)
),

-- sums of whole numbers are the same in any order
profile as (
    select
        participant_id,
        count(*) as n,
        sum(minutes)::double as total,
        sum(minutes * minutes)::double as squares,
        sum(change * change)::double as changes,
        count(change) as change_count
    from hour
    group by participant_id, hour
),

rhythm as (
    select
        participant_id,
        sum(n) * sum(squares) - sum(total) ** 2 as whole,
        (24 * sum(total ** 2) - sum(total) ** 2) / nullif(whole, 0) as interdaily_stability,
        sum(changes) / nullif(sum(change_count), 0) * sum(n) ** 2 / nullif(whole, 0)
            as intradaily_variability,
        sum(change_count)::bigint as hour_pair_count
    from profile
    group by participant_id
),

unwrapped as (
    select
        * replace (near_hour(midpoint_h, circular_hour(
            sum(sine_of_hour(midpoint_h)) over person, sum(cosine_of_hour(midpoint_h)) over person
        )) as midpoint_h)
    from night
    window person as (partition by participant_id)
),

followed as (
    select
        *,
        midpoint_h - mean_of_sums(
            count(midpoint_h) over everyday, sum(billionths(midpoint_h)) over everyday
        ) as off_h,
        case when lag(day) over person = day - 1 then midpoint_h - lag(midpoint_h) over person end
            as step_h
    from unwrapped
    window
        person as (partition by participant_id order by day),
        everyday as (partition by participant_id)
),

phase as (
    select
        participant_id,
        min(sleep_date) as first_date,
        max(sleep_date) as last_date,
        count(*) as night_count,
        case when count(step_h) >= 5 then mean_of(sqrt(off_h ** 2 + step_h ** 2)) end
            as composite_phase_deviation_h,
        case
            when count(*) filter (is_free) >= 2 and count(*) filter (not is_free) >= 5
                then mean_of(case when is_free then midpoint_h end) - greatest(
                    mean_of(case when is_free then asleep_min end) - mean_of(asleep_min), 0
                ) / 120
        end as midsleep_free_corrected_h
    from followed
    group by participant_id
)

select
    participant_id,
    first_date,
    last_date,
    night_count,
    case when night_count >= 7 then interdaily_stability end as interdaily_stability,
    case when night_count >= 7 then intradaily_variability end as intradaily_variability,
    hour_pair_count,
    case when night_count >= 7 then composite_phase_deviation_h end as composite_phase_deviation_h,
    midsleep_free_corrected_h
from phase
join rhythm using (participant_id)
