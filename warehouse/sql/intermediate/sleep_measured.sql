-- Every sleep of every source: what it comes to, and when it was asleep.
--
-- participant_id | who
-- connector | export format it came from
-- device | device or app, '' where the export names none
-- episode_number | counts the sleeps of one source
-- episode | the row of `sleep_episode`, and `runs`
-- runs | see `sleep_total`
with total as materialized (select * from sleep_total),

part as (
    select participant_id, connector, device, episode_number, unnest(sessions) as session
    from total
),

told as (
    select
        p.participant_id,
        p.connector,
        p.device,
        p.episode_number,
        bool_or(v.is_main) as is_vendor_main,
        bool_or(v.is_nap) as is_vendor_nap,
        sum_min(v.total_sleep_min) as vendor_total_sleep_min,
        sum_min(v.wake_min) as vendor_wake_min,
        sum_min(v.light_min) as vendor_light_min,
        sum_min(v.deep_min) as vendor_deep_min,
        sum_min(v.rem_min) as vendor_rem_min,
        -- of several merged sessions no one latency is the night's
        case when count(*) = 1 then max(v.latency_min) end as vendor_latency_min,
        case when count(*) = 1 then max(v.efficiency_pct) end as vendor_efficiency_pct,
        mean_of(v.heart_rate_bpm) as vendor_heart_rate_bpm,
        min(v.heart_rate_min_bpm) as vendor_heart_rate_min_bpm,
        mean_of(v.hrv_rmssd_ms) as vendor_hrv_rmssd_ms,
        mean_of(v.respiratory_rate_brpm) as vendor_respiratory_rate_brpm,
        mean_of(v.spo2_pct) as vendor_spo2_pct
    from part as p
    join vendor_sleep as v using (participant_id, connector, session)
    group by p.participant_id, p.connector, p.device, p.episode_number
),

-- any device of the export: a phone's time in bed frames the watch's stages
bed as (
    select
        t.participant_id,
        t.connector,
        t.device,
        t.episode_number,
        least(min(e.start_at), any_value(t.start_at)) as bed_at,
        greatest(max(e.end_at), any_value(t.end_at)) as rise_at
    from total as t
    join episode as e
        on e.participant_id = t.participant_id
        and e.connector = t.connector
        and e.start_at < t.end_at
        and e.end_at > t.start_at
    where e.kind = 'sleep_stage' and e.label = 'in_bed'
    group by t.participant_id, t.connector, t.device, t.episode_number
),

known as (
    select
        t.*,
        s.* exclude (participant_id, connector, device, episode_number),
        b.bed_at,
        b.rise_at,
        case when t.is_staged then t.asleep_min else coalesce(s.vendor_total_sleep_min, t.asleep_min)
        end as total_sleep_min,
        epoch_us(t.wake_at - t.onset_at) / 6e7 as sleep_period_min,
        epoch_us(coalesce(b.rise_at, t.end_at) - coalesce(b.bed_at, t.start_at)) / 6e7
            as time_in_bed_min
    from total as t
    left join told as s using (participant_id, connector, device, episode_number)
    left join bed as b using (participant_id, connector, device, episode_number)
),

measured as (
    select
        participant_id,
        wake_local::date as sleep_date,
        connector,
        device,
        episode_number,
        case when is_staged then 'stages' else 'totals' end as sleep_basis,
        has_stages,
        coalesce(is_vendor_main, false) as is_vendor_main,
        coalesce(is_vendor_nap, false) as is_vendor_nap,
        is_inferred,
        bed_at,
        rise_at,
        onset_at,
        wake_at,
        onset_local,
        wake_local,
        time_in_bed_min,
        sleep_period_min,
        total_sleep_min,
        case
            when is_staged and bed_at is not null then epoch_us(onset_at - bed_at) / 6e7
            when not is_staged then vendor_latency_min
        end as sleep_latency_min,
        case when is_staged then sleep_period_min - asleep_min - unknown_min else vendor_wake_min
        end as wake_after_onset_min,
        at_most_100(100 * total_sleep_min / time_in_bed_min) as sleep_efficiency_pct,
        case when is_staged then at_most_100(100 * total_sleep_min / sleep_period_min) end
            as sleep_maintenance_pct,
        case when is_staged then awakening_count end as awakening_count,
        case when is_staged then wake_run_count / (total_sleep_min / 60) end
            as sleep_fragmentation_per_h,
        case when has_stages then coalesce(light_min, 0) else vendor_light_min end as light_min,
        case when has_stages then coalesce(deep_min, 0) else vendor_deep_min end as deep_min,
        case when has_stages then coalesce(rem_min, 0) else vendor_rem_min end as rem_min,
        epoch_us(rem_at - onset_at) / 6e7 as rem_latency_min,
        (epoch_us(onset_local + (wake_at - onset_at) / 2)
            - epoch_us((wake_local::date)::timestamp)) / 3.6e9 as midpoint_local_h,
        vendor_total_sleep_min,
        case when is_staged then total_sleep_min - vendor_total_sleep_min end
            as vendor_total_difference_min,
        vendor_wake_min,
        vendor_light_min,
        vendor_deep_min,
        vendor_rem_min,
        vendor_latency_min,
        vendor_efficiency_pct,
        vendor_heart_rate_bpm,
        vendor_heart_rate_min_bpm,
        vendor_hrv_rmssd_ms,
        vendor_respiratory_rate_brpm,
        vendor_spo2_pct,
        runs
    from known
)

select participant_id, connector, device, episode_number, measured as episode, runs
from measured
