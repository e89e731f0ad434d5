-- What the readings of each local date come to.
-- columns: glucose_date_of
-- grain: participant_id, date
select * from glucose_date_of('glucose_reading', 'glucose_pace')
