-- Glucose every five minutes: a regular grid of elapsed time, observed or interpolated.
-- grain: participant_id, start_at
-- kept: by participant
--
-- participant_id | who
-- start_at | instant (UTC)
-- start_local | the same on the wall clock
-- glucose_mgdl | glucose, mg/dL; NULL in a gap
-- is_observed | whether a reading lies within two and a half minutes
-- is_interpolated | whether the value stands for no reading of its own: between two that are further apart
--
-- Without a reading for more than a year, rows end a year after the last. Straight lines between
-- readings at most grid_gap_max_min apart (see `glucose_grid_of`). This is what MAGE and the ambulatory profile are made of. Metrics of change keep to the sensor's own
-- pace instead: one, five or fifteen minutes.
select
    participant_id,
    make_timestamptz(at_us) as start_at,
    make_timestamp(wall_us) as start_local,
    mgdl as glucose_mgdl,
    is_observed,
    mgdl is not null and not is_observed as is_interpolated
from glucose_grid_5min
where not is_beyond
