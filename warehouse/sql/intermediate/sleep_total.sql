-- What the segments of each sleep add up to.
--
-- participant_id | who
-- connector | export format
-- device | device or app
-- episode_number | which sleep of this source
-- has_stages | light, deep or REM is told apart
-- is_staged | false if it came as a session without stages
-- is_inferred | some of its instants were inferred
-- start_at | begin of the first segment (UTC)
-- end_at | end of the last segment (UTC)
-- onset_at | begin of the first asleep segment (UTC)
-- wake_at | end of the last asleep segment (UTC)
-- onset_local | onset on the wall clock
-- wake_local | final wake on the wall clock
-- asleep_min | minutes asleep
-- light_min | minutes of light sleep
-- deep_min | minutes of deep sleep
-- rem_min | minutes of REM sleep
-- unknown_min | minutes between onset and wake that were not scored
-- rem_at | begin of the first REM segment (UTC)
-- sessions | the vendor's own sleeps that were merged into it, earliest first
-- awakening_count | wake runs of at least awakening_min_min between onset and wake
-- wake_run_count | wake runs of any length between onset and wake
-- runs | stretches asleep: `from_min`, `to_min`, minutes since 1970 on the wall clock
--
-- A wake run is the time between two segments asleep, less what was not scored. The wall clock of a
-- stretch is known where it begins. If it is another one at the next, it ends on the later of both
-- (by an hour at most: more is travel) and before the next begins: an hour that a clock skips or
-- repeats in someone's sleep was slept.
with total as (
    select
        participant_id,
        connector,
        device,
        row_number() over (partition by participant_id, connector, device order by episode_at)::int
            as episode_number,
        bool_or(label in ('light', 'deep', 'rem')) as has_stages,
        bool_or(is_staged) as is_staged,
        bool_or(is_inferred) as is_inferred,
        min(start_at) as start_at,
        max(end_at) as end_at,
        min(start_at) filter (is_asleep) as onset_at,
        max(end_at) filter (is_asleep) as wake_at,
        arg_min(start_local, start_at) filter (is_asleep) as onset_local,
        arg_max(end_local, end_at) filter (is_asleep) as wake_local,
        sum_min(case when is_asleep then minutes end) as asleep_min,
        sum_min(case when label = 'light' then minutes end) as light_min,
        sum_min(case when label = 'deep' then minutes end) as deep_min,
        sum_min(case when label = 'rem' then minutes end) as rem_min,
        min(start_at) filter (label = 'rem') as rem_at,
        list_distinct(list(session)) as sessions,
        list({from_us: epoch_us(start_at), to_us: epoch_us(end_at)})
            filter (label = 'unknown') as unscored,
        list({
            from_us: epoch_us(asleep_until),
            to_us: epoch_us(start_at),
            offset_us: clock_offset_us(start_local, start_at)
        } order by start_at) filter (is_asleep and start_at > asleep_until) as gaps
    from sleep_segment
    group by participant_id, connector, device, episode_at
    -- what was never asleep is no sleep, but has its number
    qualify bool_or(is_asleep)
),

-- only what lies between onset and wake: the first gap goes back to the sleep before
inside as (
    select
        * replace (
            list_filter(coalesce(gaps, []), lambda g: g.from_us >= epoch_us(onset_at)) as gaps,
            list_filter(coalesce(unscored, []), lambda u:
                u.from_us > epoch_us(onset_at) and u.from_us < epoch_us(wake_at)) as unscored
        )
    from total
),

parted as (
    select
        *,
        list_transform(gaps, lambda g: g.to_us - g.from_us - coalesce(list_sum(list_transform(
            list_filter(unscored, lambda u: u.from_us >= g.from_us and u.from_us < g.to_us),
            lambda u: u.to_us - u.from_us
        )), 0)) as awake_us,
        list_prepend(epoch_us(onset_at), list_transform(gaps, lambda g: g.to_us)) as begins,
        list_append(list_transform(gaps, lambda g: g.from_us), epoch_us(wake_at)) as ends,
        list_append(
            list_prepend(
                clock_offset_us(onset_local, onset_at), list_transform(gaps, lambda g: g.offset_us)
            ),
            clock_offset_us(wake_local, wake_at)
        ) as offsets
    from inside
)

select
    * exclude (unscored, gaps, awake_us, begins, ends, offsets, rem_at, sessions),
    coalesce(list_sum(list_transform(unscored, lambda u: u.to_us - u.from_us)), 0) / 6e7
        as unknown_min,
    rem_at,
    sessions,
    len(list_filter(awake_us, lambda us: us >= rule_awakening_min_min() * 6e7)) as awakening_count,
    len(list_filter(awake_us, lambda us: us > 0)) as wake_run_count,
    list_transform(range(1, len(begins) + 1), lambda i: {
        from_min: round((begins[i] + offsets[i]) / 6e7)::bigint,
        to_min: round(case
            when i = len(begins) then ends[i] + offsets[i + 1]
            else least(
                ends[i] + least(greatest(offsets[i], offsets[i + 1]), offsets[i] + 3600000000),
                case
                    when begins[i + 1] + offsets[i + 1] > begins[i] + offsets[i]
                        then begins[i + 1] + offsets[i + 1]
                end
            )
        end / 6e7)::bigint
    }) as runs
from parted
