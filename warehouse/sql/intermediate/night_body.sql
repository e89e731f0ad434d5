-- What heart, breath and temperature of each night come to: measured, else as the vendor says.
-- grain: participant_id, sleep_date
--
-- participant_id | who
-- sleep_date | local date of the final wake
-- sleep_heart_rate_bpm | mean heart rate asleep, beats per minute
-- sleep_heart_rate_min_bpm | lowest heart rate asleep, beats per minute
-- sleep_hrv_rmssd_ms | mean rMSSD asleep, ms
-- sleep_hrv_sdnn_ms | mean SDNN asleep, ms
-- sleep_respiratory_rate_brpm | mean breaths per minute asleep
-- sleep_spo2_pct | mean oxygen saturation asleep, %
-- skin_temperature_deviation_cel | skin temperature minus the person's baseline, degrees Celsius
with measured as (
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
    from night_vital
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
    from sleep_nightly as n
    join daily as d
        on d.participant_id = n.participant_id
        and d.date = n.sleep_date
        and d.connector = n.connector
        and d.flag is null
    group by n.participant_id, n.sleep_date
)

select
    n.participant_id,
    n.sleep_date,
    coalesce(m.heart_rate_bpm, n.vendor_heart_rate_bpm) as sleep_heart_rate_bpm,
    coalesce(m.heart_rate_min_bpm, n.vendor_heart_rate_min_bpm) as sleep_heart_rate_min_bpm,
    coalesce(m.hrv_rmssd_ms, n.vendor_hrv_rmssd_ms, d.hrv_rmssd_ms) as sleep_hrv_rmssd_ms,
    m.hrv_sdnn_ms as sleep_hrv_sdnn_ms,
    coalesce(m.respiratory_rate_brpm, n.vendor_respiratory_rate_brpm, d.respiratory_rate_brpm)
        as sleep_respiratory_rate_brpm,
    coalesce(m.spo2_pct, n.vendor_spo2_pct, d.spo2_pct) as sleep_spo2_pct,
    coalesce(m.deviation_cel, d.deviation_cel) as skin_temperature_deviation_cel
from sleep_nightly as n
left join measured as m using (participant_id, sleep_date)
left join dated as d using (participant_id, sleep_date)
