-- Glucose of all data at regular points of elapsed time, at the sensor's own pace.
-- columns: glucose_grid_of
-- grain: participant_id, point
select * from glucose_grid_of('glucose_reading', 'glucose_pace')
