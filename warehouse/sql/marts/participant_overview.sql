-- What is there of each participant, in a row.
-- grain: participant_id
-- kept: no, asked of marts
--
-- participant_id | who
-- file_count | files that were read
-- night_count | nights of `night_to_day`; NULL without any
-- complete_count | of them complete ones
-- last_sleep_date | the newest of them
-- last_glucose_at | newest reading of a sensor (UTC)
-- rejected_count | records that were not understood
with night as (
    select
        participant_id,
        count(*) as night_count,
        count(*) filter (is_complete) as complete_count,
        max(sleep_date) as last_sleep_date
    from night_to_day
    group by participant_id
),

sensor as (
    select participant_id, max(last_at) as last_glucose_at
    from stream
    where metric in ('interstitial_glucose', 'interstitial_glucose_scan')
    group by participant_id
),

read as (
    select
        participant_id,
        count(*) as file_count,
        sum(rejected_count)::bigint as rejected_count
    from source_file
    group by participant_id
)

select
    r.participant_id,
    r.file_count,
    n.night_count,
    n.complete_count,
    n.last_sleep_date,
    s.last_glucose_at,
    r.rejected_count
from read as r
left join night as n using (participant_id)
left join sensor as s using (participant_id)
