-- Glucose of all data at regular points of elapsed time, at the sensor's own pace.
-- columns: glucose_grid_of
-- grain: participant_number, point
with reading as (select * from glucose_reading),

pace as (select * from glucose_pace_of('reading'))

select * from glucose_grid_of('reading', 'pace')
