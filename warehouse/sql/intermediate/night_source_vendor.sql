-- What a vendor says of its own sleeps and of a date, where `night_to_day` takes its word.
--
-- participant_id | who
-- sleep_date | local date of the final wake
-- part | what of the night rests on it: vendor_totals, nap_totals, vendor_daily
-- what | metric, stage or kind
-- start_at | begin (UTC); NULL for a number of a whole date
-- start_local | the same on the wall clock
-- value | the number
-- unit | of the value
-- flag | doubts about the record, comma-separated; NULL for none
-- connector | export format it came from
-- device | device or app, as the export names it
-- file | source file (first 16 hex digits of its sha256)
-- record | line or record number in that file
with night as materialized (
    select
        participant_id,
        sleep_date,
        night.connector,
        -- what was measured is not asked of the vendor
        list_transform(
            list_filter(chosen, lambda c: c.mean_value is not null), lambda c: c.metric
        ) as measured,
        night.vendor_hrv_rmssd_ms is not null as has_hrv,
        night.vendor_respiratory_rate_brpm is not null as has_respiratory_rate,
        night.vendor_spo2_pct is not null as has_spo2
    from body_chosen
),

session as (
    select distinct
        participant_id, sleep_date, part, segment.connector, segment.session, is_staged, has_stages
    from night_segment
    where segment.session is not null
),

total as (
    select
        n.participant_id,
        n.sleep_date,
        case n.part when 'sleep' then 'vendor_totals' else 'nap_totals' end as part,
        s.metric as what,
        s.* exclude (participant_id, metric)
    from session as n
    join night as b using (participant_id, sleep_date)
    join sample as s
        on s.participant_id = n.participant_id
        and s.connector = n.connector
        and s.key = n.session
    where (s.flag is null or not contains(s.flag, 'implausible'))
        and s.value is not null
        and case
            when s.metric = 'total_sleep_time' then not n.is_staged
            when s.metric in ('light_sleep_time', 'deep_sleep_time', 'rem_sleep_time')
                then not n.has_stages
            when n.part = 'nap' then false
            when s.metric in ('latency_to_sleep_onset', 'wake_after_sleep_onset')
                then not n.is_staged
            when s.metric in (
                    'sleep_heart_rate', 'sleep_heart_rate_lowest',
                    'sleep_heart_rate_variability_rmssd', 'sleep_respiratory_rate',
                    'sleep_oxygen_saturation'
                )
                then not coalesce(list_contains(b.measured,
                    replace(replace(s.metric, 'sleep_', ''), '_lowest', '')), false)
            else false
        end
),

dated as (
    select
        n.participant_id,
        n.sleep_date,
        'vendor_daily' as part,
        d.metric as what,
        null::timestamptz as start_at,
        null::timestamp as start_local,
        d.* exclude (participant_id, metric)
    from night as n
    join daily as d
        on d.participant_id = n.participant_id
        and d.date = n.sleep_date
        and d.connector = n.connector
        and d.flag is null
    where d.value is not null
        and not coalesce(list_contains(n.measured, replace(d.metric, 'sleep_', '')), false)
        and case d.metric
            when 'sleep_heart_rate_variability_rmssd' then not n.has_hrv
            when 'sleep_respiratory_rate' then not n.has_respiratory_rate
            when 'sleep_oxygen_saturation' then not n.has_spo2
            else d.metric = 'skin_temperature_deviation'
        end
),

together as (
    select * from total
    union all by name
    select * from dated
)

select
    participant_id,
    sleep_date,
    part,
    what,
    start_at,
    start_local,
    value,
    unit,
    flag,
    connector,
    device,
    file,
    record
from together
