-- A row without an instant is in no relation that is about instants.
select 'glucose' as relation, participant_id, file, record
from glucose
where start_at is null or time_basis = 'unresolved'
union all
select 'glucose_fingerstick', participant_id, file, record
from glucose_fingerstick
where start_at is null or time_basis = 'unresolved'
union all
select 'heart_rate', participant_id, file, record
from heart_rate
where start_at is null or time_basis = 'unresolved'
union all
select 'sleep_stage', participant_id, file, record
from sleep_stage
where start_at is null or end_at is null
