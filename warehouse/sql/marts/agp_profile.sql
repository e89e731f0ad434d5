-- Ambulatory glucose profile: how glucose lies over the day, in percentiles of all days.
-- grain: participant_id, minute_of_day
--
-- participant_id | who
-- minute_of_day | begin of five minutes on the wall clock, minutes after midnight
-- day_count | local dates with a value in them
-- p05_mgdl | 5th percentile, smoothed
-- p25_mgdl | 25th
-- p50_mgdl | median
-- p75_mgdl | 75th
-- p95_mgdl | 95th
--
-- Percentiles (type 7) over days of the grid `glucose_5min`, then the mean of the 13 from 30 minutes
-- before to 30 after; the day is a circle, so that 23:55 and 0:00 are neighbours. NULL with less than
-- pattern_min_days days. Recommended are 14 days of 70 % coverage.
-- For a period ask the table macro: from agp_profile_between('2025-03-01', '2025-03-31').
with grid as (select * from glucose_5min)

select * from agp_profile_of('grid')
