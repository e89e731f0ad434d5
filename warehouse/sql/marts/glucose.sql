-- Glucose: one chosen CGM stream per participant.
-- grain: participant_id, start_at
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
-- range_band | 0 below 54, 1 below 70, 2 to 140, 3 to 180, 4 to 250, 5 above; compared in the reported unit
-- interval_min | minutes that one reading stands for, the median distance in its stream
-- file | source file (first 16 hex digits of its sha256)
-- record | line or record number in that file
--
-- Several streams: the best one speaks in each half hour. Scans count only where the sensor's
-- own readings leave a hole: none within 8 minutes.
with spoken as (
    select r.*
    from cgm_reading as r
    anti join (select distinct participant_id from cgm_slot) as contested using (participant_id)
    union all
    select r.*
    from cgm_reading as r
    join cgm_slot as c
        on c.participant_id = r.participant_id
        and c.slot = time_bucket(interval 30 minutes, r.start_at)
        and c.connector = r.connector
        and c.device = coalesce(r.device, '')
),

own as (select * from spoken where not is_scan),

scan as (select * from spoken where is_scan),

beside as (
    select participant_id, start_at
    from own
    semi join (
        select participant_id from stream where metric = 'interstitial_glucose_scan'
    ) as scanning using (participant_id)
),

lone_scan as (
    select s.*
    from scan as s
    asof left join beside as b
        on b.participant_id = s.participant_id and b.start_at <= s.start_at
    asof left join beside as a
        on a.participant_id = s.participant_id and a.start_at >= s.start_at
    where (b.start_at is null or s.start_at - b.start_at > interval 8 minutes)
        and (a.start_at is null or a.start_at - s.start_at > interval 8 minutes)
),

chosen as (
    select * from own
    union all
    select * from lone_scan
)

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
    is_mmol,
    range_band,
    interval_min,
    file,
    record
from chosen
