-- Glucose of the 16 hours after wake, or of the day if that ends earlier.
-- grain: participant_id, sleep_date
--
-- participant_id | who
-- sleep_date | local date of the final wake
-- reading_count | readings
-- coverage_pct | observed share, %
-- mean_mgdl | mean
-- excess_mgdl | mean of what readings are above the person's usual value at that clock time
-- sd_mgdl | standard deviation (n - 1)
-- tir_pct | share in 70 to 180, %
-- titr_pct | share in 70 to 140, %
select
    r.participant_id,
    r.sleep_date,
    count(*) as reading_count,
    at_most_100(
        100 * sum_min(r.covers_min) / ((any_value(n.until16_us) - any_value(n.wake_us)) / 6e7)
    ) as coverage_pct,
    mean_of(r.mgdl) as mean_mgdl,
    mean_of(r.mgdl - u.usual_mgdl) as excess_mgdl,
    sd_of(r.mgdl) as sd_mgdl,
    100 * avg((r.range_band in (2, 3))::int) as tir_pct,
    100 * avg((r.range_band = 2)::int) as titr_pct
from day_reading as r
join night_window as n using (participant_id, sleep_date)
left join usual_glucose as u
    on u.participant_id = r.participant_id
    and u.date = r.start_local::date
    and u.half_hour = epoch_us(r.start_local) % 86400000000 // 1800000000
where r.is_16h
group by r.participant_id, r.sleep_date
