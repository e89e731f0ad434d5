-- What the vendor says of each of its own sleeps: its word for it and its totals, if plausible.
--
-- participant_id | who
-- connector | export format
-- session | the vendor's own sleep
-- is_main | the vendor calls it the main sleep
-- is_nap | the vendor calls it a nap
-- total_sleep_min | total sleep time; if the vendor states none, its light, deep and REM sleep
-- latency_min | minutes to fall asleep
-- wake_min | minutes awake after sleep onset
-- light_min | light sleep
-- deep_min | deep sleep
-- rem_min | REM sleep
-- efficiency_pct | efficiency, by its own definition, %
-- heart_rate_bpm | mean heart rate
-- heart_rate_min_bpm | lowest heart rate
-- hrv_rmssd_ms | mean rMSSD
-- respiratory_rate_brpm | mean breaths per minute
-- spo2_pct | mean oxygen saturation
--
-- A vendor that states no total leaves out a stage of which there was none. A stage that is not
-- plausible makes no sum.
with told as (
    select
        participant_id,
        connector,
        key as session,
        metric,
        case when flag is null or not contains(flag, 'implausible') then value end as value
    from sample
    where key is not null
        and metric in (
            'total_sleep_time', 'latency_to_sleep_onset', 'wake_after_sleep_onset',
            'light_sleep_time', 'deep_sleep_time', 'rem_sleep_time', 'sleep_efficiency',
            'sleep_heart_rate', 'sleep_heart_rate_lowest',
            'sleep_heart_rate_variability_rmssd', 'sleep_respiratory_rate',
            'sleep_oxygen_saturation'
        )
),

total as (
    select
        participant_id,
        connector,
        session,
        max(value) filter (metric = 'total_sleep_time') as stated_sleep_min,
        max(value) filter (metric = 'latency_to_sleep_onset') as latency_min,
        max(value) filter (metric = 'wake_after_sleep_onset') as wake_min,
        max(value) filter (metric = 'light_sleep_time') as light_min,
        max(value) filter (metric = 'deep_sleep_time') as deep_min,
        max(value) filter (metric = 'rem_sleep_time') as rem_min,
        max(value) filter (metric = 'sleep_efficiency') as efficiency_pct,
        bool_and(value is not null) filter (
            metric in ('light_sleep_time', 'deep_sleep_time', 'rem_sleep_time')
        ) as are_stages_plausible,
        max(value) filter (metric = 'sleep_heart_rate') as heart_rate_bpm,
        max(value) filter (metric = 'sleep_heart_rate_lowest') as heart_rate_min_bpm,
        max(value) filter (metric = 'sleep_heart_rate_variability_rmssd') as hrv_rmssd_ms,
        max(value) filter (metric = 'sleep_respiratory_rate') as respiratory_rate_brpm,
        max(value) filter (metric = 'sleep_oxygen_saturation') as spo2_pct
    from told
    group by participant_id, connector, session
),

word as (
    select
        participant_id,
        connector,
        session,
        bool_or(label = 'main_sleep') as is_main,
        bool_or(label = 'nap') as is_nap
    from episode
    where kind = 'sleep'
    group by participant_id, connector, session
)

select
    participant_id,
    connector,
    session,
    is_main,
    is_nap,
    coalesce(
        stated_sleep_min,
        case when are_stages_plausible then light_min + coalesce(deep_min, 0) + coalesce(rem_min, 0) end
    ) as total_sleep_min,
    latency_min,
    wake_min,
    light_min,
    deep_min,
    rem_min,
    efficiency_pct,
    heart_rate_bpm,
    heart_rate_min_bpm,
    hrv_rmssd_ms,
    respiratory_rate_brpm,
    spo2_pct
from word
left join total using (participant_id, connector, session)
