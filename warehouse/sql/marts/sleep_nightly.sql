-- The sleep of each date: one source, by priority; its main sleep, and all else beside it.
-- grain: participant_id, sleep_date
--
-- participant_id | who
-- sleep_date | local date of the final wake
-- connector | the chosen source's export format
-- device | the chosen source's device or app
-- episode_number | which sleep of that source
-- sleep_basis | stages: added up from segments; totals: the vendor's own numbers; span: a begin and an end, and minutes asleep are not known
-- onset_at | sleep onset (UTC)
-- wake_at | final wake (UTC)
-- onset_local | sleep onset on the wall clock
-- wake_local | final wake on the wall clock
-- time_in_bed_min | time in bed, else the reported session, minutes
-- time_in_bed_basis | in_bed, session or in_bed_other_device, see `sleep_episode`
-- sleep_period_min | onset to final wake, minutes
-- total_sleep_min | minutes asleep; NULL where nobody told them
-- sleep_latency_min | bed to onset, minutes; NULL without a time in bed
-- wake_after_onset_min | minutes awake between onset and final wake
-- sleep_efficiency_pct | total sleep per time in bed, %; to be compared on one time_in_bed_basis
-- sleep_maintenance_pct | total sleep per sleep period, %; NULL without segments
-- awakening_count | wake runs of at least awakening_min_min
-- sleep_fragmentation_per_h | wake runs of any length between onset and wake, per hour asleep
-- light_min | light sleep, minutes
-- deep_min | deep sleep, minutes
-- rem_min | REM sleep, minutes
-- rem_latency_min | onset to first REM, minutes
-- midpoint_local_h | wall clock in the middle of the sleep period, hours from the local midnight of sleep_date
-- nap_min | minutes asleep in naps of the same source that ended on that date
-- secondary_sleep_min | minutes asleep in its other sleeps of that date
-- total_sleep_24h_min | all sleep of that source that ended on that date, minutes
-- is_followed_by_sleep | a sleep of that date that is no nap begins after the final wake
-- is_night_valid | sleep period within night_min_h and night_max_h, and some sleep in it
-- is_inferred | some of its instants were inferred
-- vendor_total_sleep_min | the vendor's own total sleep time, else its stages together, minutes
-- vendor_heart_rate_bpm | the vendor's own mean heart rate
-- vendor_heart_rate_min_bpm | the vendor's own lowest heart rate
-- vendor_hrv_rmssd_ms | the vendor's own mean rMSSD
-- vendor_respiratory_rate_brpm | the vendor's own mean breaths per minute
-- vendor_spo2_pct | the vendor's own mean oxygen saturation, %
with beside as (
    select
        p.participant_id,
        p.sleep_date,
        -- a sum of which a part is not known is not known
        case when count(*) filter (part = 'nap' and total_sleep_min is null) = 0
            then coalesce(sum_min(case when part = 'nap' then total_sleep_min end), 0)
        end as nap_min,
        case when count(*) filter (part = 'secondary' and total_sleep_min is null) = 0
            then coalesce(sum_min(case when part = 'secondary' then total_sleep_min end), 0)
        end as secondary_sleep_min,
        bool_or(part = 'secondary' and onset_at >= main_wake_at) as is_followed_by_sleep
    from (
        select
            *,
            max(wake_at) filter (part = 'main') over (
                partition by participant_id, sleep_date
            ) as main_wake_at
        from night_part
    ) as p
    group by p.participant_id, p.sleep_date
)

select
    e.participant_id,
    e.sleep_date,
    e.connector,
    e.device,
    e.episode_number,
    e.sleep_basis,
    e.onset_at,
    e.wake_at,
    e.onset_local,
    e.wake_local,
    e.time_in_bed_min,
    e.time_in_bed_basis,
    e.sleep_period_min,
    e.total_sleep_min,
    e.sleep_latency_min,
    e.wake_after_onset_min,
    e.sleep_efficiency_pct,
    e.sleep_maintenance_pct,
    e.awakening_count,
    e.sleep_fragmentation_per_h,
    e.light_min,
    e.deep_min,
    e.rem_min,
    e.rem_latency_min,
    e.midpoint_local_h,
    b.nap_min,
    b.secondary_sleep_min,
    e.total_sleep_min + b.nap_min + b.secondary_sleep_min as total_sleep_24h_min,
    b.is_followed_by_sleep,
    e.sleep_period_min between rule_night_min_h() * 60 and rule_night_max_h() * 60
        as is_night_valid,
    e.is_inferred,
    e.vendor_total_sleep_min,
    e.vendor_heart_rate_bpm,
    e.vendor_heart_rate_min_bpm,
    e.vendor_hrv_rmssd_ms,
    e.vendor_respiratory_rate_brpm,
    e.vendor_spo2_pct
from night_part as p
join sleep_episode as e using (participant_id, connector, device, episode_number)
join beside as b on b.participant_id = p.participant_id and b.sleep_date = p.sleep_date
where p.part = 'main'
