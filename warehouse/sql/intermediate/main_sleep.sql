-- The main sleep of each day: one source per night, by priority; and when that source saw sleep.
--
-- participant_id | who
-- sleep_date | local date of the final wake
-- night | the row of `sleep_nightly`, `nap_onsets` (UTC) and `runs`
-- runs | see `sleep_total`; with those of the other sleeps of that date of at least 30 minutes
--
-- Main: midpoint from 18:00 the day before to 18:00, or at least three hours; never what the vendor
-- calls a nap, nor less than three hours in the middle of the day. Best source first, then the one
-- with stages, the vendor's main sleep, the longest.
with candidate as (
    select e.*, p.position
    from (select unnest(episode) from sleep_measured) as e
    left join source_priority as p on p.stream = 'sleep' and p.connector = e.connector
    where e.total_sleep_min > 0
),

credible as (
    select *
    from candidate
    where (is_vendor_main or not is_vendor_nap)
        and (
            total_sleep_min >= 180
            or (midpoint_local_h between -6 and 10)
        )
),

best as (
    select *
    from credible
    qualify row_number() over (
        partition by participant_id, sleep_date
        order by
            total_sleep_min >= 180 desc, position nulls last, has_stages desc, is_vendor_main desc,
            total_sleep_min desc, connector, device, onset_at
    ) = 1
),

-- sources may cut a night differently at midnight: of two that overlap, only the longer one is
main as (
    select *
    from best
    window person as (partition by participant_id order by onset_at, wake_at)
    qualify not coalesce(
            onset_at < lag(wake_at) over person
            and total_sleep_min < lag(total_sleep_min) over person,
            false
        )
        and not coalesce(
            wake_at > lead(onset_at) over person
            and total_sleep_min <= lead(total_sleep_min) over person,
            false
        )
),

nap as (
    select
        m.participant_id,
        m.sleep_date,
        sum_min(case
            when c.total_sleep_min between rule_nap_min_min() and rule_nap_max_min()
                then c.total_sleep_min
        end) as nap_min,
        list(c.onset_at order by c.onset_at) filter (
            c.total_sleep_min between rule_nap_min_min() and rule_nap_max_min()
        ) as nap_onsets,
        flatten(list(c.runs) filter (c.total_sleep_min >= 30)) as nap_runs
    from main as m
    join candidate as c
        on c.participant_id = m.participant_id
        and c.sleep_date = m.sleep_date
        and c.connector = m.connector
        and c.device = m.device
        and c.episode_number <> m.episode_number
    group by m.participant_id, m.sleep_date
),

chosen as (
    select
        participant_id,
        sleep_date,
        connector,
        device,
        episode_number,
        sleep_basis,
        onset_at,
        wake_at,
        onset_local,
        wake_local,
        time_in_bed_min,
        sleep_period_min,
        total_sleep_min,
        sleep_latency_min,
        wake_after_onset_min,
        sleep_efficiency_pct,
        sleep_maintenance_pct,
        awakening_count,
        sleep_fragmentation_per_h,
        light_min,
        deep_min,
        rem_min,
        rem_latency_min,
        midpoint_local_h,
        coalesce(nap_min, 0) as nap_min,
        total_sleep_min + coalesce(nap_min, 0) as total_sleep_24h_min,
        sleep_period_min between rule_night_min_h() * 60 and rule_night_max_h() * 60 as is_night_valid,
        is_inferred,
        vendor_total_sleep_min,
        vendor_heart_rate_bpm,
        vendor_heart_rate_min_bpm,
        vendor_hrv_rmssd_ms,
        vendor_respiratory_rate_brpm,
        vendor_spo2_pct,
        nap_onsets,
        list_concat(runs, nap_runs) as runs
    from main
    left join nap using (participant_id, sleep_date)
)

select participant_id, sleep_date, chosen as night, runs
from chosen
