-- Heart, breath, oxygen and temperature between onset and wake, by the one source that speaks.
-- grain: participant_id, sleep_date, metric
--
-- participant_id | who
-- sleep_date | local date of the final wake
-- metric | see `sample`
-- connector | export format that speaks: the night's own, else by priority
-- mean_value | mean of its readings
-- min_value | lowest of them
with measured as (
    select
        n.participant_id,
        n.sleep_date,
        n.connector as night_connector,
        s.metric,
        s.connector,
        mean_of(s.value) as mean_value,
        min(s.value) as min_value
    from sample as s
    asof join sleep_nightly as n
        on n.participant_id = s.participant_id and n.onset_at <= s.start_at
    where s.metric in (
            'heart_rate', 'heart_rate_variability_rmssd', 'heart_rate_variability_sdnn',
            'respiratory_rate', 'oxygen_saturation', 'skin_temperature_deviation'
        )
        and s.start_at < n.wake_at
        and s.flag is null
    group by n.participant_id, n.sleep_date, n.connector, s.metric, s.connector
)

select
    m.participant_id,
    m.sleep_date,
    m.metric,
    m.connector,
    m.mean_value,
    m.min_value
from measured as m
left join source_priority as p on p.stream = 'sleep' and p.connector = m.connector
qualify row_number() over (
    partition by m.participant_id, m.sleep_date, m.metric
    order by m.connector <> m.night_connector, p.position nulls last, m.connector
) = 1
