-- The other relations keep to the grain of their headers.
select 'glucose_daily' as relation, participant_id, date::varchar as key
from glucose_daily
group by participant_id, date
having count(*) > 1
union all
select 'glucose_nightly', participant_id, sleep_date::varchar
from glucose_nightly
group by participant_id, sleep_date
having count(*) > 1
union all
select 'sleep_nightly', participant_id, sleep_date::varchar
from sleep_nightly
group by participant_id, sleep_date
having count(*) > 1
union all
select 'sleep_episode', participant_id, concat_ws(' ', connector, device, episode_number)
from sleep_episode
group by participant_id, connector, device, episode_number
having count(*) > 1
union all
select 'sleep_stage', participant_id, concat_ws(' ', connector, device, start_at)
from sleep_stage
group by participant_id, connector, device, start_at
having count(*) > 1
union all
select 'heart_rate', participant_id, concat_ws(' ', connector, device, start_at)
from heart_rate
group by participant_id, connector, device, start_at
having count(*) > 1
union all
select 'data_coverage', participant_id, concat_ws(' ', metric, connector, device, date)
from data_coverage
group by participant_id, metric, connector, device, date
having count(*) > 1
union all
select 'exposure_daily', participant_id, sleep_date::varchar
from exposure_daily
group by participant_id, sleep_date
having count(*) > 1
union all
select 'sleep_regularity', participant_id, sleep_date::varchar
from sleep_regularity
group by participant_id, sleep_date
having count(*) > 1
union all
select 'meal', participant_id, start_at::varchar
from meal
group by participant_id, start_at
having count(*) > 1
