-- What each night of `night_to_day` rests on, row by row, back to file and record.
-- grain: participant_id, sleep_date, part, what, start_at, file, record
-- kept: no, asked of marts
--
-- participant_id | who
-- sleep_date | local date of the final wake
-- part | sleep, nap, secondary, in_bed, vendor_totals, nap_totals, secondary_totals, vendor_daily, body, overnight_glucose, onset, fasting, fasting_hour, breakfast, day_glucose, wake16h_glucose, meals, drinks, steps, daylight, exercise, room
-- what | metric, stage or kind
-- start_at | begin (UTC), of a stage after the end of what came before; NULL for a number of a whole date
-- start_local | the same on the wall clock
-- value | the number; of stages, steps, daylight and exercise what of it counts; NULL of a meal as such
-- unit | of the value
-- flag | doubts about the record, comma-separated; NULL for none
-- connector | export format it came from
-- device | device or app, as the export names it
-- file | source file (first 16 hex digits of its sha256)
-- record | line or record number in that file
--
-- A row that several numbers rest on is in several parts. Sources are chosen as in `night_to_day`: what
-- another source says of the same night is not here.
select * from night_source_sleep
union all
select * from night_source_vendor
union all
select * from night_source_body
union all
select * from night_source_glucose
union all
select * from night_source_day
