-- Glucose of all data every five minutes of elapsed time.
-- columns: glucose_grid_of
-- grain: participant_id, point
select * from glucose_grid_of('glucose_reading', 'glucose_pace_5min')
