-- Ambulatory glucose profile over a period.
-- parameters: from_date, to_date
-- columns: agp_profile
-- grain: participant_id, minute_of_day
--
-- Both local dates belong to the period; NULL leaves it open.
with grid as (
    select * from glucose_5min
    where start_local >= coalesce(from_date::date, date '0001-01-01')
        and start_local < coalesce(to_date::date, date '9999-12-30') + 1
)

select * from agp_profile_of('grid')
