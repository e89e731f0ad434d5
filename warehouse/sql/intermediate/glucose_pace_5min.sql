-- The grid of five minutes, whatever the sensor's pace.
-- grain: participant_id
--
-- participant_id | who
-- step_us | five minutes, microseconds
-- origin_us | see `glucose_pace_of`
select participant_id, 300000000 as step_us, origin_us
from glucose_pace
