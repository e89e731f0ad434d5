-- Hypo- and hyperglycaemic events of all data.
-- columns: glucose_event_of
-- grain: participant_id, kind, level, begins_us
select * from glucose_event_of('glucose_grid')
