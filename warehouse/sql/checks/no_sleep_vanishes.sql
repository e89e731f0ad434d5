-- All sleep of the chosen source that ended on a date is told of that date, and nothing else.
with told as (
    select
        n.participant_id,
        n.sleep_date,
        n.total_sleep_24h_min,
        sum(e.total_sleep_min) as total_sleep_min,
        count(*) = count(e.total_sleep_min) as is_known
    from sleep_nightly as n
    join sleep_episode as e using (participant_id, sleep_date, connector, device)
    where e.sleep_period_min <= 60 * rule_night_max_h() or e.episode_number = n.episode_number
    group by n.participant_id, n.sleep_date, n.total_sleep_24h_min
)

select participant_id, sleep_date, total_sleep_24h_min, total_sleep_min
from told
where is_known and abs(total_sleep_24h_min - total_sleep_min) > 1e-6
