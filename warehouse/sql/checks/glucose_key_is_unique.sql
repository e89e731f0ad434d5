-- One reading per participant and instant, whatever streams there are.
select participant_id, start_at, count(*) as row_count
from glucose
group by participant_id, start_at
having count(*) > 1
