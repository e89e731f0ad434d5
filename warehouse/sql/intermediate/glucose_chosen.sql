-- The chosen CGM stream of each participant.
--
-- participant_id | who
-- start_at | instant of the reading (UTC)
-- start_local | the same on the wall clock
-- glucose_mgdl | glucose, mg/dL; where `bound` is set, the limit of the sensor
-- bound | < or > where the sensor gave no number; NULL for a measurement
-- reported_as | see `cgm_reading`
-- range_band | see `cgm_reading`
-- interval_min | minutes that one reading stands for: the pace of its sensor at that time
-- covers_min | minutes from it to the next reading, at most interval_min: of two sensors at once none counts twice
-- connector | export format it came from
-- device | device, as the export names it
-- time_basis | how the instant is known
-- flag | doubts about the value, comma-separated; NULL for none
-- file | source file (first 16 hex digits of its sha256)
-- record | line or record number in that file
--
-- Several streams: the best one speaks in each half hour. Scans count only where the sensor's
-- own readings leave a hole: none within 8 minutes.
with of_several as (
    select participant_id
    from stream
    where metric in ('interstitial_glucose', 'interstitial_glucose_scan')
    group by participant_id
    having count(distinct connector || '|' || coalesce(device, '')) > 1
),

spoken as (
    select r.*
    from cgm_reading as r
    anti join of_several using (participant_id)
    union all
    select r.*
    from cgm_reading as r
    join cgm_slot as c
        on c.participant_id = r.participant_id
        and c.slot = time_bucket(interval 30 minutes, r.start_at)
        and c.connector = r.connector
        and c.device = coalesce(r.device, '')
),

own as (select participant_id, start_at from spoken where not is_scan),

lone_scan as (
    select s.participant_id, s.start_at
    from (select participant_id, start_at from spoken where is_scan) as s
    asof left join own as b on b.participant_id = s.participant_id and b.start_at <= s.start_at
    asof left join own as a on a.participant_id = s.participant_id and a.start_at >= s.start_at
    where (b.start_at is null or s.start_at - b.start_at > interval 8 minutes)
        and (a.start_at is null or a.start_at - s.start_at > interval 8 minutes)
),

together as (
    select * from spoken where not is_scan
    union all
    select s.* from spoken as s semi join lone_scan using (participant_id, start_at) where s.is_scan
),

stepped as (
    select
        *,
        epoch_us(lead(start_at) over (partition by participant_id order by start_at))
            - epoch_us(start_at) as step_us
    from together
)

select
    participant_id,
    start_at,
    start_local,
    glucose_mgdl,
    bound,
    reported_as,
    range_band,
    interval_min,
    -- sensors do not keep the second: a little less is their pace
    case when step_us < 45e6 * interval_min then step_us / 6e7 else interval_min end as covers_min,
    connector,
    device,
    time_basis,
    flag,
    file,
    record
from stepped
