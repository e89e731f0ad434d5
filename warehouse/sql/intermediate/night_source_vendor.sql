-- What a vendor says of its own sleeps and of a date, where `night_to_day` takes its word.
--
-- participant_id | who
-- sleep_date | local date of the final wake
-- part | what of the night rests on it: vendor_totals, nap_totals, secondary_totals, vendor_daily
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
with measured as (
    select distinct participant_id, sleep_date, metric from night_vital where mean_value is not null
),

session as (
    select distinct
        p.participant_id,
        p.sleep_date,
        p.part,
        p.connector,
        s.session,
        t.is_staged,
        t.has_stages
    from night_part as p
    join sleep_total as t using (participant_id, connector, device, episode_number)
    join sleep_segment as s
        on s.participant_id = t.participant_id
        and s.connector = t.connector
        and s.device = t.device
        and s.episode_at = t.episode_at
    where s.session is not null
),

told as (
    select
        n.participant_id,
        n.sleep_date,
        n.part as of_part,
        n.is_staged,
        n.has_stages,
        s.* exclude (participant_id)
    from session as n
    join sample as s
        on s.participant_id = n.participant_id
        and s.connector = n.connector
        and s.key = n.session
    where (s.flag is null or not contains(s.flag, 'implausible')) and s.value is not null
),

-- what was measured is not asked of the vendor
total as (
    select
        t.participant_id,
        t.sleep_date,
        case t.of_part
            when 'main' then 'vendor_totals' when 'nap' then 'nap_totals' else 'secondary_totals'
        end as part,
        t.metric as what,
        t.* exclude (participant_id, sleep_date, of_part, metric, is_staged, has_stages)
    from told as t
    left join measured as m
        on m.participant_id = t.participant_id
        and m.sleep_date = t.sleep_date
        and m.metric = replace(replace(t.metric, 'sleep_', ''), '_lowest', '')
    where case
        when t.metric = 'total_sleep_time' then not t.is_staged
        when t.metric in ('light_sleep_time', 'deep_sleep_time', 'rem_sleep_time')
            then not t.has_stages
        when t.of_part <> 'main' then false
        when t.metric in ('latency_to_sleep_onset', 'wake_after_sleep_onset') then not t.is_staged
        when t.metric in (
                'sleep_heart_rate', 'sleep_heart_rate_lowest',
                'sleep_heart_rate_variability_rmssd', 'sleep_respiratory_rate',
                'sleep_oxygen_saturation'
            )
            then m.metric is null
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
    from sleep_nightly as n
    join daily as d
        on d.participant_id = n.participant_id
        and d.date = n.sleep_date
        and d.connector = n.connector
        and d.flag is null
    left join measured as m
        on m.participant_id = n.participant_id
        and m.sleep_date = n.sleep_date
        and m.metric = replace(d.metric, 'sleep_', '')
    where d.value is not null
        and m.metric is null
        and case d.metric
            when 'sleep_heart_rate_variability_rmssd' then n.vendor_hrv_rmssd_ms is null
            when 'sleep_respiratory_rate' then n.vendor_respiratory_rate_brpm is null
            when 'sleep_oxygen_saturation' then n.vendor_spo2_pct is null
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
