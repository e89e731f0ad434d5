-- The pace of each participant's sensor over all their data.
-- columns: glucose_pace_of
-- grain: participant_id
select * from glucose_pace_of('glucose_reading')
