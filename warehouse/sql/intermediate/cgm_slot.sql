-- Which CGM stream speaks in each half hour, for participants who have more than one.
--
-- participant_id | who
-- slot | half hour (UTC) by its begin
-- connector | the chosen stream's export format: best priority
-- device | the chosen stream's device, '' where the export names none
--
-- Of the devices of one format with at least half of the most readings of the half hour, the one with
-- the most readings of all: two sensors at once tell other values, and are not taken in turn.
with contested as (
    select participant_id
    from stream
    where metric in ('interstitial_glucose', 'interstitial_glucose_scan')
    group by participant_id
    having count(distinct connector || '|' || coalesce(device, '')) > 1
),

candidate as (
    select
        r.participant_id,
        time_bucket(interval 30 minutes, r.start_at) as slot,
        r.connector,
        coalesce(r.device, '') as device,
        count(*) filter (not r.is_scan) as reading_count
    from cgm_reading as r
    semi join contested using (participant_id)
    group by r.participant_id, slot, r.connector, device
),

counted as (
    select
        *,
        sum(reading_count) over (partition by participant_id, connector, device) as whole_count,
        2 * reading_count >= max(reading_count) over (
            partition by participant_id, connector, slot
        ) as is_there
    from candidate
)

select c.participant_id, c.slot, c.connector, c.device
from counted as c
left join source_priority as p on p.stream = 'glucose' and p.connector = c.connector
qualify row_number() over (
    partition by c.participant_id, c.slot
    order by c.reading_count = 0, p.position nulls last, not c.is_there, c.whole_count desc,
        c.connector, c.device
) = 1
