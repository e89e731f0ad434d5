-- The main sleep of each day, and for each metric of heart, breath and temperature the source that
-- speaks of it: the night's own if it has readings between onset and wake, else the best other one.
--
-- participant_id | who
-- sleep_date | local date of the final wake
-- night | see `main_sleep`
-- history | the row of `sleep_regularity`
-- chosen | a list, NULL if nothing was measured: metric, connector, mean_value, min_value
with told as materialized (select * from sleep_history),

night as (
    select participant_id, sleep_date, night.connector, night.onset_at, night.wake_at
    from told
),

by_hour as (
    select
        participant_id,
        sleep_date,
        onset_at,
        wake_at,
        unnest(range(epoch_us(onset_at) // 3600000000, epoch_us(wake_at) // 3600000000 + 1)) as hour
    from night
),

measured as (
    select
        n.participant_id,
        n.sleep_date,
        s.metric,
        s.connector,
        mean_of(s.value) as mean_value,
        min(s.value) as min_value
    from sample as s
    join by_hour as n
        on n.participant_id = s.participant_id
        and n.hour = epoch_us(s.start_at) // 3600000000
    where s.metric in (
            'heart_rate', 'heart_rate_variability_rmssd', 'heart_rate_variability_sdnn',
            'respiratory_rate', 'oxygen_saturation', 'skin_temperature_deviation'
        )
        and s.start_at >= n.onset_at
        and s.start_at < n.wake_at
        and s.flag is null
    group by n.participant_id, n.sleep_date, s.metric, s.connector
),

-- one source per metric and night: the night's own first
best as (
    select
        m.participant_id,
        m.sleep_date,
        list({
            metric: m.metric,
            connector: m.connector,
            mean_value: m.mean_value,
            min_value: m.min_value
        }) as chosen
    from (
        select m.*
        from measured as m
        join night as n using (participant_id, sleep_date)
        left join source_priority as p on p.stream = 'sleep' and p.connector = m.connector
        qualify row_number() over (
            partition by m.participant_id, m.sleep_date, m.metric
            order by m.connector <> n.connector, p.position nulls last, m.connector
        ) = 1
    ) as m
    group by m.participant_id, m.sleep_date
)

select t.participant_id, t.sleep_date, t.night, t.history, b.chosen
from told as t
left join best as b using (participant_id, sleep_date)
