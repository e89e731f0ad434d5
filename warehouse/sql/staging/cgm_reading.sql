-- CGM readings with an instant and a plausible value, one per stream and instant, with their range;
-- without those that a second route of the same sensor tells at another time.
--
-- participant_id | who
-- start_at | instant of the reading (UTC)
-- start_local | the same on the wall clock
-- glucose_mgdl | glucose, mg/dL; where `bound` is set, the limit of the sensor
-- bound | < or > where the sensor gave no number; NULL for a measurement
-- reported_as | mg/dL; mmol/L: in tenths of it; mmol/L with decimals: converted from mg/dL by someone before us
-- range_band | 0 below 54, 1 below 70, 2 to 140, 3 to 180, 4 to 250, 5 above; compared as it was reported
-- is_scan | true for a reading by holding a phone or reader to the sensor
-- interval_min | minutes that one reading stands for: the pace of its sensor at that time
-- connector | export format it came from
-- device | device, as the export names it
-- time_basis | how the instant is known
-- flag | doubts about the value, comma-separated; NULL for none
-- file | source file (first 16 hex digits of its sha256)
-- record | line or record number in that file
--
-- Tenths of mmol/L are compared in tenths, all else in whole mg/dL.
-- Range limits: Battelino 2019 (54, 70, 140, 180, 250 mg/dL; 3.0, 3.9, 7.8, 10.0, 13.9 mmol/L).
select
    participant_id,
    start_at,
    start_local,
    value as glucose_mgdl,
    bound,
    case
        when reported_unit is distinct from 'mmol/L' then 'mg/dL'
        when abs(reported_value * 10 - round(reported_value * 10)) < 1e-6 then 'mmol/L'
        else 'mmol/L with decimals'
    end as reported_as,
    case
        when reported_as = 'mmol/L' then
            case
                when reported_value < 3.0 or (bound = '<' and reported_value <= 3.0) then 0
                when reported_value < 3.9 then 1
                when reported_value <= 7.8 then 2
                when reported_value <= 10.0 then 3
                when reported_value <= 13.9 then 4
                else 5
            end
        when round(value) < 54 or (bound = '<' and round(value) <= 54) then 0
        when round(value) < 70 then 1
        when round(value) <= 140 then 2
        when round(value) <= 180 then 3
        when round(value) <= 250 then 4
        else 5
    end::tinyint as range_band,
    metric = 'interstitial_glucose_scan' as is_scan,
    interval_min,
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
        flag is null
        or not regexp_matches(flag, 'implausible|shifted_copy|told_twice|second_sensor')
    )
    and occurrence = 1
