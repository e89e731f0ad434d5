-- The main sleep of each day with heart, breath and temperature between onset and wake: of the
-- night's own source if it has them, else of the best other one.
--
-- participant_id | who
-- sleep_date | local date of the final wake
-- connector | the chosen source's export format
-- device | the chosen source's device or app
-- episode_number | which sleep of that source
-- sleep_basis | stages: added up from segments; totals: the vendor's own numbers or the bare span
-- onset_at | sleep onset (UTC)
-- wake_at | final wake (UTC)
-- onset_local | sleep onset on the wall clock
-- wake_local | final wake on the wall clock
-- time_in_bed_min | time in bed, else the reported session, minutes
-- sleep_period_min | onset to final wake, minutes
-- total_sleep_min | minutes asleep
-- sleep_latency_min | bed to onset, minutes; NULL without a time in bed
-- wake_after_onset_min | minutes awake between onset and final wake
-- sleep_efficiency_pct | total sleep per time in bed, %
-- awakening_count | wake runs of at least awakening_min_min
-- light_min | light sleep, minutes
-- deep_min | deep sleep, minutes
-- rem_min | REM sleep, minutes
-- rem_latency_min | onset to first REM, minutes
-- midpoint_local_h | middle of the sleep period, hours from the local midnight of sleep_date
-- nap_min | minutes asleep in naps of the same source that ended on that date
-- total_sleep_24h_min | main sleep and naps, minutes
-- is_night_valid | sleep period within night_min_h and night_max_h, and some sleep in it
-- is_inferred | some of the night's instants were inferred
-- history | the row of `sleep_regularity`
-- sleep_heart_rate_bpm | mean heart rate
-- sleep_heart_rate_min_bpm | lowest heart rate
-- sleep_hrv_rmssd_ms | mean rMSSD
-- sleep_hrv_sdnn_ms | mean SDNN
-- sleep_respiratory_rate_brpm | mean breaths per minute
-- sleep_spo2_pct | mean oxygen saturation, %
-- skin_temperature_deviation_cel | deviation from the person's baseline, degrees Celsius
with told as materialized (select * from body_chosen),

night as (select unnest(night), history from told),

sampled as (
    select
        participant_id,
        sleep_date,
        max(mean_value) filter (metric = 'heart_rate') as heart_rate_bpm,
        max(min_value) filter (metric = 'heart_rate') as heart_rate_min_bpm,
        max(mean_value) filter (metric = 'heart_rate_variability_rmssd') as hrv_rmssd_ms,
        max(mean_value) filter (metric = 'heart_rate_variability_sdnn') as hrv_sdnn_ms,
        max(mean_value) filter (metric = 'respiratory_rate') as respiratory_rate_brpm,
        max(mean_value) filter (metric = 'oxygen_saturation') as spo2_pct,
        max(mean_value) filter (metric = 'skin_temperature_deviation') as deviation_cel
    from (select participant_id, sleep_date, unnest(chosen, recursive := true) from told)
    group by participant_id, sleep_date
),

-- numbers that the vendor gives for a date: those of the night's own source
dated as (
    select
        n.participant_id,
        n.sleep_date,
        max(d.value) filter (metric = 'sleep_heart_rate_variability_rmssd') as hrv_rmssd_ms,
        max(d.value) filter (metric = 'sleep_respiratory_rate') as respiratory_rate_brpm,
        max(d.value) filter (metric = 'sleep_oxygen_saturation') as spo2_pct,
        max(d.value) filter (metric = 'skin_temperature_deviation') as deviation_cel
    from night as n
    join daily as d
        on d.participant_id = n.participant_id
        and d.date = n.sleep_date
        and d.connector = n.connector
        and d.flag is null
    group by n.participant_id, n.sleep_date
)

select
    v.* exclude (
        sleep_maintenance_pct, sleep_fragmentation_per_h, vendor_total_sleep_min,
        vendor_heart_rate_bpm, vendor_heart_rate_min_bpm, vendor_hrv_rmssd_ms,
        vendor_respiratory_rate_brpm, vendor_spo2_pct, nap_onsets, runs
    ),
    coalesce(s.heart_rate_bpm, v.vendor_heart_rate_bpm) as sleep_heart_rate_bpm,
    coalesce(s.heart_rate_min_bpm, v.vendor_heart_rate_min_bpm) as sleep_heart_rate_min_bpm,
    coalesce(s.hrv_rmssd_ms, v.vendor_hrv_rmssd_ms, d.hrv_rmssd_ms) as sleep_hrv_rmssd_ms,
    s.hrv_sdnn_ms as sleep_hrv_sdnn_ms,
    coalesce(s.respiratory_rate_brpm, v.vendor_respiratory_rate_brpm, d.respiratory_rate_brpm)
        as sleep_respiratory_rate_brpm,
    coalesce(s.spo2_pct, v.vendor_spo2_pct, d.spo2_pct) as sleep_spo2_pct,
    coalesce(s.deviation_cel, d.deviation_cel) as skin_temperature_deviation_cel
from night as v
left join sampled as s using (participant_id, sleep_date)
left join dated as d using (participant_id, sleep_date)
