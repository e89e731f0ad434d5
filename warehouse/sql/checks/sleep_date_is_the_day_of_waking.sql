-- sleep_date is the local date of the final wake, in each relation that has both.
select participant_id, sleep_date, wake_local
from sleep_episode
where sleep_date is distinct from wake_local::date
union all
select participant_id, sleep_date, wake_local
from night_to_day
where sleep_date is distinct from wake_local::date
