-- How glucose changes: over all data of each participant, and on each day.
-- columns: glucose_change_of
-- grain: participant_id, date
select * from glucose_change_of('glucose_grid')
