-- The pace of each participant's sensor over all their data.
-- columns: glucose_pace_of
-- grain: participant_number
with reading as (select * from glucose_reading)

select * from glucose_pace_of('reading')
