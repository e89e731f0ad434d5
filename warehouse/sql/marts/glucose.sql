-- Glucose: one chosen CGM stream per participant.
-- grain: participant_id, start_at
-- kept: by participant
--
-- participant_id | who
-- start_at | instant of the reading (UTC)
-- start_local | the same on the wall clock
-- glucose_mgdl | glucose, mg/dL; where `bound` is set, the limit of the sensor
-- bound | < or > where the sensor gave no number; NULL for a measurement
-- method | cgm
-- connector | export format it came from
-- device | device, as the export names it
-- time_basis | how the instant is known
-- flag | doubts about the value, comma-separated; NULL for none
-- is_mmol | whether the export states it in mmol/L
-- reported_as | mg/dL; mmol/L: in tenths of it; mmol/L with decimals: converted from mg/dL by someone before us
-- range_band | 0 below 54, 1 below 70, 2 to 140, 3 to 180, 4 to 250, 5 above; compared as it was reported
-- interval_min | minutes that one reading stands for: the pace of its sensor at that time
-- covers_min | minutes from it to the next reading, at most interval_min
-- file | source file (first 16 hex digits of its sha256)
-- record | line or record number in that file
select
    participant_id,
    start_at,
    start_local,
    glucose_mgdl,
    bound,
    'cgm' as method,
    connector,
    device,
    time_basis,
    flag,
    reported_as <> 'mg/dL' as is_mmol,
    reported_as,
    range_band,
    interval_min,
    covers_min,
    file,
    record
from glucose_chosen
