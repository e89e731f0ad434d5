-- The main sleep of each day: one source per night, by priority; naps of the same source beside it.
-- grain: participant_id, sleep_date
--
-- participant_id | who
-- sleep_date | local date of the final wake
-- connector | the chosen source's export format
-- device | the chosen source's device or app
-- episode_number | which sleep of that source
-- sleep_basis | stages: added up from segments; totals: the vendor's own numbers or the bare span
-- onset_at | sleep onset (UTC)
-- wake_at | final wake (UTC)
-- onset_local | sleep onset on the wall clock
-- wake_local | final wake on the wall clock
-- time_in_bed_min | time in bed, else the reported session, minutes
-- sleep_period_min | onset to final wake, minutes
-- total_sleep_min | minutes asleep
-- sleep_latency_min | bed to onset, minutes; NULL without a time in bed
-- wake_after_onset_min | minutes awake between onset and final wake
-- sleep_efficiency_pct | total sleep per time in bed, %
-- awakening_count | wake runs of at least awakening_min_min
-- light_min | light sleep, minutes
-- deep_min | deep sleep, minutes
-- rem_min | REM sleep, minutes
-- rem_latency_min | onset to first REM, minutes
-- midpoint_local_h | middle of the sleep period, hours from the local midnight of sleep_date
-- nap_min | minutes asleep in naps of the same source that ended on that date
-- total_sleep_24h_min | main sleep and naps, minutes
-- is_night_valid | sleep period within night_min_h and night_max_h, and some sleep in it
-- is_inferred | some of its instants were inferred
-- vendor_total_sleep_min | the vendor's own total sleep time, else its stages together, minutes
-- vendor_heart_rate_bpm | the vendor's own mean heart rate
-- vendor_heart_rate_min_bpm | the vendor's own lowest heart rate
-- vendor_hrv_rmssd_ms | the vendor's own mean rMSSD
-- vendor_respiratory_rate_brpm | the vendor's own mean breaths per minute
-- vendor_spo2_pct | the vendor's own mean oxygen saturation, %
--
-- Main: midpoint from 18:00 the day before to 18:00, or at least three hours; never what the vendor
-- calls a nap, nor less than three hours in the middle of the day. Best source first, then the one
-- with stages, the vendor's main sleep, the longest.
with candidate as (
    select e.*, p.position
    from sleep_episode as e
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
    select m.participant_id, m.sleep_date, sum(c.total_sleep_min) as nap_min
    from main as m
    join candidate as c
        on c.participant_id = m.participant_id
        and c.sleep_date = m.sleep_date
        and c.connector = m.connector
        and c.device = m.device
        and c.episode_number <> m.episode_number
    where c.total_sleep_min between rule_nap_min_min() and rule_nap_max_min()
    group by m.participant_id, m.sleep_date
)

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
    awakening_count,
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
    vendor_spo2_pct
from main
left join nap using (participant_id, sleep_date)
