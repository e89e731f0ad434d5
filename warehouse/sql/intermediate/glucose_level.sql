-- Level, ranges and risk of all of each participant's readings.
-- columns: glucose_level_of
-- grain: participant_id
select * from glucose_level_of('glucose_reading')
