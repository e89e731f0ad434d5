-- Sleep and wake of one source without overlaps, each with the sleep it belongs to.
--
-- participant_id | who
-- connector | export format
-- device | device or app, '' where the export names none
-- episode_at | begin of the sleep it belongs to (UTC)
-- session | the vendor's own sleep, NULL where the export has none
-- label | awake, light, deep, rem, asleep_unspecified, unknown
-- is_asleep | light, deep, rem or asleep_unspecified
-- is_staged | false for a session that came without stages
-- is_inferred | its instants were inferred
-- asleep_until | latest end of sleep before it, of this or the sleep before (UTC)
-- start_at | begin (UTC), after the end of what came before
-- end_at | end (UTC)
-- start_local | begin on the wall clock
-- end_local | end on the wall clock
-- minutes | length
-- flag | doubts about the record, comma-separated; NULL for none
-- file | source file
-- record | record number in that file
--
-- What is at most merge_gap_min apart, or of one session of the vendor, is one sleep. So are two that
-- a wake of at most night_gap_max_min parts, if its middle lies between 22:00 and 09:00, or if it is
-- shorter than both; together at most night_max_h.
with part as (
    select
        * replace (coalesce(device, '') as device),
        covered_until is null or (
            start_at > covered_until + to_seconds(60 * rule_merge_gap_min())
            and (session is null or session is distinct from lag(session) over stream)
        ) as begins_piece
    from sleep_part
    window stream as (partition by participant_id, connector, device order by start_at)
),

pieced as (
    select
        *,
        -- cheaper than a running count; nothing overlaps, so begins are in order
        last_value(case when begins_piece then start_at end ignore nulls) over (
            partition by participant_id, connector, device
            order by start_at
            rows between unbounded preceding and current row
        ) as piece_at
    from part
),

piece as (
    select
        participant_id,
        connector,
        device,
        piece_at,
        min(start_at) filter (is_asleep) as onset_at,
        max(end_at) filter (is_asleep) as wake_at,
        arg_max(end_local, end_at) filter (is_asleep) as wake_local
    from pieced
    group by participant_id, connector, device, piece_at
),

awake as (
    select
        *,
        (epoch_us(onset_at) - epoch_us(lag(wake_at) over stream)) / 6e7 as gap_min,
        (epoch_us(wake_at) - epoch_us(onset_at)) / 6e7 as piece_min,
        (epoch_us(lag(wake_at) over stream) - epoch_us(lag(onset_at) over stream)) / 6e7
            as before_min,
        extract(hour from lag(wake_local) over stream + to_seconds(30 * gap_min)) as middle_hour
    from piece
    window stream as (partition by participant_id, connector, device order by piece_at)
),

joined as (
    select
        participant_id,
        connector,
        device,
        piece_at,
        last_value(case
            when gap_min <= rule_night_gap_max_min()
                and before_min + gap_min + piece_min <= 60 * rule_night_max_h()
                and (
                    middle_hour >= 22
                    or middle_hour < 9
                    or (gap_min < before_min and gap_min < piece_min)
                )
                then null
            else piece_at
        end ignore nulls) over (
            partition by participant_id, connector, device
            order by piece_at
            rows between unbounded preceding and current row
        ) as episode_at
    from awake
)

select
    participant_id,
    connector,
    device,
    episode_at,
    session,
    label,
    is_asleep,
    is_staged,
    time_basis = 'zone_inferred' as is_inferred,
    asleep_until,
    start_at,
    end_at,
    start_local,
    end_local,
    (epoch_us(end_at) - epoch_us(start_at)) / 6e7 as minutes,
    flag,
    file,
    record
from pieced
join joined using (participant_id, connector, device, piece_at)
