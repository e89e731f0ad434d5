-- One row per participant and sleep_date.
select participant_id, sleep_date, count(*) as row_count
from night_to_day
group by participant_id, sleep_date
having count(*) > 1
