-- Glucose of each night without its compression lows.
-- grain: participant_id, sleep_date
--
-- participant_id | who
-- sleep_date | local date of the final wake
-- has_compression_low | one was found; NULL where none was and coverage is too small to tell
-- compression_low_count | compression lows
-- compression_low_min | minutes from the begin of their fall to their return
-- clean_mean_mgdl | mean of the night without them
-- clean_sd_mgdl | standard deviation (n - 1) without them
-- clean_min_mgdl | lowest reading without them
-- clean_nadir_mgdl | lowest 15-minute mean without them
-- clean_tbr70_pct | share below 70 without them, %
with low as (
    select
        participant_id,
        sleep_date,
        count(*) as low_count,
        sum(ends_us - begins_us) / 6e7 as low_min
    from compression_low
    group by participant_id, sleep_date
),

-- whether a reading, or one of its 15 minutes, lies in a low
marked as (
    select
        r.participant_id,
        r.sleep_date,
        r.at_us,
        r.mgdl,
        r.range_band,
        r.mean15_mgdl,
        bool_or(r.at_us > l.begins_us and r.at_us < l.ends_us) as is_inside,
        bool_or(r.at_us > l.begins_us and r.mean15_from_us < l.ends_us) as is_touched
    from overnight_reading as r
    join compression_low as l using (participant_id, sleep_date)
    group by
        r.participant_id, r.sleep_date, r.at_us, r.mgdl, r.range_band, r.mean15_mgdl,
        r.mean15_from_us
),

clean as (
    select
        participant_id,
        sleep_date,
        mean_of(mgdl) as mean_mgdl,
        sd_of(mgdl) as sd_mgdl,
        min(mgdl) as min_mgdl,
        min(mean15_mgdl) filter (not is_touched) as nadir_mgdl,
        100 * avg((range_band <= 1)::int) as tbr70_pct
    from marked
    where not is_inside
    group by participant_id, sleep_date
)

select
    g.participant_id,
    g.sleep_date,
    case when l.low_count > 0 then true when g.is_covered then false end as has_compression_low,
    coalesce(l.low_count, case when g.is_covered then 0 end) as compression_low_count,
    coalesce(l.low_min, case when g.is_covered then 0 end) as compression_low_min,
    case when l.low_count > 0 then c.mean_mgdl when g.is_covered then g.mean_mgdl end
        as clean_mean_mgdl,
    case when l.low_count > 0 then c.sd_mgdl when g.is_covered then g.sd_mgdl end as clean_sd_mgdl,
    case when l.low_count > 0 then c.min_mgdl when g.is_covered then g.min_mgdl end
        as clean_min_mgdl,
    case when l.low_count > 0 then c.nadir_mgdl when g.is_covered then g.nadir_mgdl end
        as clean_nadir_mgdl,
    case when l.low_count > 0 then c.tbr70_pct when g.is_covered then g.tbr70_pct end
        as clean_tbr70_pct
from overnight_glucose as g
left join low as l using (participant_id, sleep_date)
left join clean as c using (participant_id, sleep_date)
