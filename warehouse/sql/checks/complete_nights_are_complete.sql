-- What is called complete has a valid night, glucose in it and in the day after, and no instant
-- that was inferred.
select participant_id, sleep_date, quality_notes
from night_to_day
where is_complete is null
    or (
        is_complete
        and (
            not is_night_valid
            or not is_day_valid
            or overnight_mean_mgdl is null
            or day_mean_mgdl is null
            or overnight_coverage_pct is null
            or quality_notes like '%incomplete%'
            or quality_notes like '%inferred%'
        )
    )
