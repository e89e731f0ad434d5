-- Every sleep of every source: nights, naps, fragments merged.
-- grain: participant_id, connector, device, episode_number
--
-- participant_id | who
-- sleep_date | local date of the final wake
-- connector | export format it came from
-- device | device or app, '' where the export names none
-- episode_number | counts the sleeps of one source
-- sleep_basis | stages: added up from segments; totals: the vendor's own numbers; span: a begin and an end, and minutes asleep are not known
-- has_stages | light, deep or REM is told apart
-- is_vendor_main | the vendor calls it the main sleep
-- is_vendor_nap | the vendor calls it a nap
-- is_inferred | some of its instants were inferred
-- is_shifted_copy | tells what another source tells at a better clock
-- bed_at | begin of the time in bed (UTC), NULL where the export does not tell
-- rise_at | end of the time in bed (UTC), NULL where the export does not tell
-- onset_at | sleep onset (UTC)
-- wake_at | final wake (UTC)
-- onset_local | sleep onset on the wall clock
-- wake_local | final wake on the wall clock
-- time_in_bed_min | time in bed, else the reported session, minutes
-- time_in_bed_basis | in_bed: told by the sleep's own device; session: begin and end of the reported sleep; in_bed_other_device: told by another device or app that encloses the sleep within an hour
-- sleep_period_min | onset to final wake, minutes
-- total_sleep_min | minutes asleep; NULL where nobody told them
-- sleep_latency_min | bed to onset, minutes; NULL without a time in bed
-- wake_after_onset_min | minutes awake between onset and final wake
-- sleep_efficiency_pct | total sleep per time in bed, %; to be compared on one time_in_bed_basis
-- sleep_maintenance_pct | total sleep per sleep period, %; NULL without segments
-- awakening_count | wake runs of at least awakening_min_min; NULL without segments
-- sleep_fragmentation_per_h | wake runs of any length between onset and wake, per hour asleep
-- light_min | light sleep, minutes
-- deep_min | deep sleep, minutes
-- rem_min | REM sleep, minutes
-- rem_latency_min | onset to first REM, minutes
-- midpoint_local_h | wall clock in the middle of the sleep period, hours from the local midnight of the wake date
-- vendor_total_sleep_min | the vendor's own total sleep time, else its stages together, minutes
-- vendor_total_difference_min | ours minus the vendor's, minutes; NULL where ours is the vendor's
-- vendor_wake_min | the vendor's own minutes awake after sleep onset
-- vendor_light_min | the vendor's own minutes of light sleep
-- vendor_deep_min | the vendor's own minutes of deep sleep
-- vendor_rem_min | the vendor's own minutes of REM sleep
-- vendor_latency_min | the vendor's own minutes to fall asleep; NULL of several merged sessions
-- vendor_efficiency_pct | the vendor's own efficiency, by its own definition, %; NULL likewise
-- vendor_heart_rate_bpm | the vendor's own mean heart rate
-- vendor_heart_rate_min_bpm | the vendor's own lowest heart rate
-- vendor_hrv_rmssd_ms | the vendor's own mean rMSSD
-- vendor_respiratory_rate_brpm | the vendor's own mean breaths per minute
-- vendor_spo2_pct | the vendor's own mean oxygen saturation, %
--
-- Measures as in the sleep statistics of the AASM: WASO and awakenings end with the final wake, which
-- is not one of them; REM latency counts from sleep onset. What was not scored is neither sleep nor
-- wake.
with vendor as (
    select
        s.participant_id,
        s.connector,
        s.device,
        s.episode_at,
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
    from (
        select distinct participant_id, connector, device, episode_at, session
        from sleep_segment
        where session is not null
    ) as s
    join vendor_sleep as v using (participant_id, connector, session)
    group by s.participant_id, s.connector, s.device, s.episode_at
),

woken as (
    select
        participant_id,
        connector,
        device,
        episode_number,
        count(*) filter (awake_min >= rule_awakening_min_min()) as awakening_count,
        count(*) filter (awake_min > 0) as wake_run_count
    from sleep_gap
    group by participant_id, connector, device, episode_number
),

unscored as (
    select t.participant_id, t.connector, t.device, t.episode_number, sum_min(s.minutes) as minutes
    from sleep_total as t
    join sleep_segment as s using (participant_id, connector, device, episode_at)
    where s.label = 'unknown' and s.start_at > t.onset_at and s.start_at < t.wake_at
    group by t.participant_id, t.connector, t.device, t.episode_number
),

known as (
    select
        t.*,
        v.* exclude (participant_id, connector, device, episode_at),
        b.bed_at,
        b.rise_at,
        b.basis,
        c.change_local,
        c.change_us,
        coalesce(w.awakening_count, 0) as awakenings,
        coalesce(w.wake_run_count, 0) as wake_runs,
        coalesce(u.minutes, 0) as unscored_min,
        case when t.is_staged then t.asleep_min else v.vendor_total_sleep_min end as total_sleep_min,
        (epoch_us(t.wake_at) - epoch_us(t.onset_at)) / 6e7 as sleep_period_min,
        (epoch_us(coalesce(b.rise_at, t.end_at)) - epoch_us(coalesce(b.bed_at, t.start_at))) / 6e7
            as time_in_bed_min,
        t.onset_local + (t.wake_at - t.onset_at) / 2 as middle_local
    from sleep_total as t
    left join vendor as v using (participant_id, connector, device, episode_at)
    left join sleep_bed as b using (participant_id, connector, device, episode_number)
    left join woken as w using (participant_id, connector, device, episode_number)
    left join unscored as u using (participant_id, connector, device, episode_number)
    left join sleep_clock_change as c using (participant_id, connector, device, episode_number)
)

select
    participant_id,
    wake_local::date as sleep_date,
    connector,
    device,
    episode_number,
    case when is_staged then 'stages' when total_sleep_min is not null then 'totals' else 'span' end
        as sleep_basis,
    has_stages,
    coalesce(is_vendor_main, false) as is_vendor_main,
    coalesce(is_vendor_nap, false) as is_vendor_nap,
    is_inferred,
    is_shifted as is_shifted_copy,
    bed_at,
    rise_at,
    onset_at,
    wake_at,
    onset_local,
    wake_local,
    time_in_bed_min,
    coalesce(basis, 'session') as time_in_bed_basis,
    sleep_period_min,
    total_sleep_min,
    case
        when is_staged and bed_at is not null then epoch_us(onset_at - bed_at) / 6e7
        when not is_staged then vendor_latency_min
    end as sleep_latency_min,
    case when is_staged then sleep_period_min - asleep_min - unscored_min else vendor_wake_min end
        as wake_after_onset_min,
    at_most_100(100 * total_sleep_min / time_in_bed_min) as sleep_efficiency_pct,
    case when is_staged then at_most_100(100 * total_sleep_min / sleep_period_min) end
        as sleep_maintenance_pct,
    case when is_staged then awakenings end as awakening_count,
    case when is_staged then wake_runs / (total_sleep_min / 60) end as sleep_fragmentation_per_h,
    case when has_stages then coalesce(light_min, 0) else vendor_light_min end as light_min,
    case when has_stages then coalesce(deep_min, 0) else vendor_deep_min end as deep_min,
    case when has_stages then coalesce(rem_min, 0) else vendor_rem_min end as rem_min,
    epoch_us(rem_at - onset_at) / 6e7 as rem_latency_min,
    (epoch_us(middle_local) + case when middle_local >= change_local then change_us else 0 end
        - epoch_us(wake_local::date::timestamp)) / 3.6e9 as midpoint_local_h,
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
    vendor_spo2_pct
from known
