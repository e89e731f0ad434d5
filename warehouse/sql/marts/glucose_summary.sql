-- Glucose of each participant over all their data: one row of everything.
-- grain: participant_id
-- columns: glucose_summary_between
--
-- For a period ask the table macro: from glucose_summary_between('2025-03-01', '2025-03-31').
select * from glucose_summary_of(
    'glucose_level', 'glucose_pace', 'glucose_date', 'glucose_change', 'glucose_clock',
    'glucose_event'
)
