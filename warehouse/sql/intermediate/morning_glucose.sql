-- Glucose at sleep onset and before the final wake, and how long the last meal was ago.
-- grain: participant_id, sleep_date
--
-- participant_id | who
-- sleep_date | local date of the final wake
-- onset_mgdl | mean of the 15 minutes before and after sleep onset
-- fasting_mgdl | mean of the 15 minutes before wake; NULL below ten observed ones
-- fasting_30min_mgdl | of the 30 minutes before wake; NULL below 20
-- fasting_60min_mgdl | of the hour before wake; NULL below 40
-- hours_since_last_meal | from the last logged meal to wake, hours; NULL where none is logged in 24
with near as (
    select
        n.participant_id,
        n.sleep_date,
        n.onset_us,
        n.wake_us,
        epoch_us(g.start_at) as at_us,
        g.glucose_mgdl as mgdl,
        coalesce(g.interval_min, 5) as minutes
    from night_window as n
    join glucose as g
        on g.participant_id = n.participant_id
        and epoch_us(g.start_at) >= n.onset_us - 900000000
        and epoch_us(g.start_at) < n.wake_us
    where epoch_us(g.start_at) < n.onset_us + 900000000
        or epoch_us(g.start_at) >= n.wake_us - 3600000000
),

-- a reading stands for the minutes before it; of a minute's grace, as sensors do not keep the second
before as (
    select
        participant_id,
        sleep_date,
        mean_of(case when at_us < onset_us + 900000000 then mgdl end) as onset_mgdl,
        case when sum_min(case when at_us >= wake_us - 905000000 then minutes end) >= 10
            then mean_of(case when at_us >= wake_us - 905000000 then mgdl end)
        end as fasting_mgdl,
        case when sum_min(case when at_us >= wake_us - 1805000000 then minutes end) >= 20
            then mean_of(case when at_us >= wake_us - 1805000000 then mgdl end)
        end as fasting_30min_mgdl,
        case when sum_min(case when at_us >= wake_us - 3605000000 then minutes end) >= 40
            then mean_of(case when at_us >= wake_us - 3605000000 then mgdl end)
        end as fasting_60min_mgdl
    from near
    group by participant_id, sleep_date
),

eaten as (
    select
        n.participant_id,
        n.sleep_date,
        (n.wake_us - epoch_us(m.start_at)) / 3.6e9 as hours
    from night_window as n
    asof join logged_meal as m
        on m.participant_id = n.participant_id
        and m.start_at < make_timestamptz(n.wake_us)
)

select
    n.participant_id,
    n.sleep_date,
    b.onset_mgdl,
    b.fasting_mgdl,
    b.fasting_30min_mgdl,
    b.fasting_60min_mgdl,
    case when e.hours <= 24 then e.hours end as hours_since_last_meal
from night_window as n
left join before as b using (participant_id, sleep_date)
left join eaten as e using (participant_id, sleep_date)
