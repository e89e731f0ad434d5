-- The chosen CGM stream of each participant, with what came before each reading.
--
-- participant_id | who
-- start_at | instant of the reading (UTC)
-- start_local | the same on the wall clock
-- glucose_mgdl | glucose, mg/dL; where `bound` is set, the limit of the sensor
-- bound | < or > where the sensor gave no number; NULL for a measurement
-- is_mmol | whether the export states it in mmol/L
-- range_band | see `cgm_reading`
-- interval_min | minutes that one reading stands for, the median distance in its stream
-- step_us | microseconds since the chosen reading before it
-- before_mgdl | that reading, mg/dL
-- step2_us | microseconds since the second chosen reading before it
-- before2_mgdl | that reading, mg/dL
-- high15_mgdl | highest chosen reading of the 15 minutes before it, mg/dL
-- connector | export format it came from
-- device | device, as the export names it
-- time_basis | how the instant is known
-- flag | doubts about the value, comma-separated; NULL for none
-- file | source file (first 16 hex digits of its sha256)
-- record | line or record number in that file
--
-- Several streams: the best one speaks in each half hour. Scans count only where the sensor's
-- own readings leave a hole: none within 8 minutes. Only then need neighbours be found here.
with of_one_stream as (
    select participant_id
    from stream
    where metric in ('interstitial_glucose', 'interstitial_glucose_scan')
    group by participant_id
    having count(*) = 1 and any_value(metric) = 'interstitial_glucose'
),

of_several as (
    select distinct participant_id
    from stream
    anti join of_one_stream using (participant_id)
    where metric in ('interstitial_glucose', 'interstitial_glucose_scan')
),

slot as materialized (select * from cgm_slot),

spoken as (
    select r.*
    from cgm_reading as r
    semi join (
        select participant_id
        from of_several
        anti join (select distinct participant_id from slot) as contested using (participant_id)
    ) as one_sensor using (participant_id)
    union all
    select r.*
    from cgm_reading as r
    join slot as c
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
),

together as (
    select r.* from cgm_reading as r semi join of_one_stream using (participant_id)
    union all
    select
        * replace (
            epoch_us(start_at) - lag(epoch_us(start_at)) over near as step_us,
            lag(glucose_mgdl) over near as before_mgdl,
            epoch_us(start_at) - lag(epoch_us(start_at), 2) over near as step2_us,
            lag(glucose_mgdl, 2) over near as before2_mgdl,
            -- a minute of grace: sensors do not keep the second
            max(glucose_mgdl) over (
                near range between 960000000 preceding and 1 preceding
            ) as high15_mgdl
        )
    from chosen
    window near as (partition by participant_id order by epoch_us(start_at))
)

select
    participant_id,
    start_at,
    start_local,
    glucose_mgdl,
    bound,
    is_mmol,
    range_band,
    interval_min,
    step_us,
    before_mgdl,
    step2_us,
    before2_mgdl,
    high15_mgdl,
    connector,
    device,
    time_basis,
    flag,
    file,
    record
from together
