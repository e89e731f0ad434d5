-- CGM readings with an instant and a plausible value, one per stream and instant, with their range;
-- without those that a second route of the same sensor tells at another time.
--
-- participant_id | who
-- start_at | instant of the reading (UTC)
-- start_local | the same on the wall clock
-- glucose_mgdl | glucose, mg/dL; where `bound` is set, the limit of the sensor
-- bound | < or > where the sensor gave no number; NULL for a measurement
-- is_mmol | whether the export states it in mmol/L
-- range_band | 0 below 54, 1 below 70, 2 to 140, 3 to 180, 4 to 250, 5 above; compared in the reported unit
-- is_scan | true for a reading by holding a phone or reader to the sensor
-- interval_min | minutes that one reading stands for, the median distance in its stream
-- step_us | microseconds since the reading before it in its stream
-- before_mgdl | that reading, mg/dL
-- step2_us | microseconds since the second reading before it
-- before2_mgdl | that reading, mg/dL
-- high15_mgdl | highest reading of the 15 minutes before it in its stream, mg/dL
-- connector | export format it came from
-- device | device, as the export names it
-- time_basis | how the instant is known
-- flag | doubts about the value, comma-separated; NULL for none
-- file | source file (first 16 hex digits of its sha256)
-- record | line or record number in that file
--
-- Range limits: Battelino 2019 (54, 70, 140, 180, 250 mg/dL; 3.0, 3.9, 7.8, 10.0, 13.9 mmol/L).
select
    participant_id,
    start_at,
    start_local,
    value as glucose_mgdl,
    bound,
    coalesce(reported_unit = 'mmol/L', false) as is_mmol,
    case
        when reported_unit = 'mmol/L' then
            case
                when reported_value < 3.0 or (bound = '<' and reported_value <= 3.0) then 0
                when reported_value < 3.9 then 1
                when reported_value <= 7.8 then 2
                when reported_value <= 10.0 then 3
                when reported_value <= 13.9 then 4
                else 5
            end
        when value < 54 or (bound = '<' and value <= 54) then 0
        when value < 70 then 1
        when value <= 140 then 2
        when value <= 180 then 3
        when value <= 250 then 4
        else 5
    end::tinyint as range_band,
    metric = 'interstitial_glucose_scan' as is_scan,
    interval_min,
    step_us,
    before_value as before_mgdl,
    step2_us,
    before2_value as before2_mgdl,
    high15_value as high15_mgdl,
    connector,
    device,
    time_basis,
    flag,
    file,
    record
from sample
where metric in ('interstitial_glucose', 'interstitial_glucose_scan')
    and start_at is not null
    and value is not null
    and (
        flag is null or not (contains(flag, 'implausible') or contains(flag, 'shifted_copy'))
    )
    and occurrence = 1
