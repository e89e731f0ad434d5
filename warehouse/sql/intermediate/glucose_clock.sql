-- Rodbard's family of standard deviations, over all data.
-- columns: glucose_clock_of
-- grain: participant_id
select * from glucose_clock_of('glucose_grid_5min')
