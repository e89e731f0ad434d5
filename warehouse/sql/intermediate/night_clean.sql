-- Nights with their compression lows: someone lies on the sensor, and it reads too low for a while.
--
-- participant_id | who
-- sleep_date | local date of the final wake
-- glucose | the row of `night_glucose`
-- has_compression_low | one was found; NULL where none was and coverage is too small to tell
-- compression_low_count | compression lows
-- compression_low_min | minutes from the begin of their fall to their return
-- clean_mean_mgdl | mean of the night without them
-- clean_sd_mgdl | standard deviation (n - 1) without them
-- clean_min_mgdl | lowest reading without them
-- clean_nadir_mgdl | lowest 15-minute mean without them
-- clean_tbr70_pct | share below 70 without them, %
--
-- A compression low
-- falls by compression_drop_mgdl in 15 minutes, by compression_fall_mgdl_min in some step,
-- after half an hour with a standard deviation below compression_calm_sd_mgdl, whose last 15
-- minutes change by at most compression_calm_mgdl_min;
-- to a nadir compression_drop_mgdl under the median of that half hour (its level), which is also
-- below compression_nadir_mgdl or lower by compression_drop_pct;
-- comes back to within compression_return_mgdl of its level, by as much in 20 minutes;
-- takes compression_min_min to compression_max_min; and no carbohydrates are logged in it.
--
-- The rule is our own, there is no standard; sizes as in PMC4455457. Spans of minutes have one of
-- grace, because sensors do not keep the second.
with night as materialized (
    select
        participant_id,
        sleep_date,
        coalesce(
            night_coverage_pct >= rule_night_coverage_min_pct() and night_gap_min <= 60, false
        ) as is_covered,
        night_fallen,
        night_glucose as glucose
    from night_glucose
),

-- only nights with a steep fall: few
reading as (
    select participant_id, sleep_date, unnest(night_fallen, recursive := true)
    from night
    where night_fallen is not null
),

stepped as (
    select
        *,
        (lag(mgdl) over near - mgdl) / ((at_us - lag(at_us) over near) / 6e7) as fall_mgdl_min,
        (mgdl - lead(mgdl) over near) / ((lead(at_us) over near - at_us) / 6e7)
            as next_fall_mgdl_min,
        case when is_slow then at_us else lag(at_us, 2) over near end as mean15_from_us
    from reading
    window near as (partition by participant_id, sleep_date order by at_us)
),

followed as materialized (
    select
        *,
        mgdl - min(mgdl) over (near range between 1 following and 960000000 following)
            as drop_mgdl,
        max(fall_mgdl_min) over (near range between 1 following and 960000000 following)
            as steepest_mgdl_min,
        mgdl - min(mgdl) over (near range between 1260000000 preceding and 1 preceding)
            as rise_mgdl
    from stepped
    window near as (partition by participant_id, sleep_date order by at_us)
),

-- the last reading before the fall
falling as (
    select participant_id, sleep_date, at_us as begins_us
    from followed
    where drop_mgdl >= rule_compression_drop_mgdl()
        and steepest_mgdl_min >= rule_compression_fall_mgdl_min()
        and coalesce(fall_mgdl_min, 0) <= rule_compression_calm_mgdl_min()
        and next_fall_mgdl_min > rule_compression_calm_mgdl_min()
),

calm as (
    select
        f.participant_id,
        f.sleep_date,
        f.begins_us,
        f.begins_us + (60000000 * rule_compression_max_min())::bigint as until_us,
        median(r.mgdl) as level_mgdl
    from falling as f
    join followed as r
        on r.participant_id = f.participant_id
        and r.sleep_date = f.sleep_date
        and r.at_us between f.begins_us - 1860000000 and f.begins_us
    group by f.participant_id, f.sleep_date, f.begins_us
    having count(*) >= 3
        and min(r.at_us) <= f.begins_us - 840000000
        and sd_of(r.mgdl) < rule_compression_calm_sd_mgdl()
        and abs(
            arg_max(r.mgdl, r.at_us)
            - arg_min(r.mgdl, r.at_us) filter (r.at_us >= f.begins_us - 960000000)
        ) <= rule_compression_calm_mgdl_min()
            * (f.begins_us - min(r.at_us) filter (r.at_us >= f.begins_us - 960000000)) / 6e7
),

fallen as (
    select
        c.participant_id, c.sleep_date, c.begins_us, c.until_us, c.level_mgdl,
        min(r.at_us) as fallen_us
    from calm as c
    join followed as r
        on r.participant_id = c.participant_id
        and r.sleep_date = c.sleep_date
        and r.at_us between c.begins_us and c.until_us
        and r.mgdl <= c.level_mgdl - rule_compression_drop_mgdl()
    group by c.participant_id, c.sleep_date, c.begins_us, c.until_us, c.level_mgdl
),

returned as (
    select f.participant_id, f.sleep_date, f.begins_us, f.level_mgdl, min(r.at_us) as ends_us
    from fallen as f
    join followed as r
        on r.participant_id = f.participant_id
        and r.sleep_date = f.sleep_date
        and r.at_us between f.fallen_us and f.until_us
        and r.mgdl >= f.level_mgdl - rule_compression_return_mgdl()
    group by f.participant_id, f.sleep_date, f.begins_us, f.level_mgdl
),

carbohydrate as (
    select participant_id, epoch_us(start_at) as at_us
    from episode
    where kind = 'meal' and start_at is not null
    union all
    select participant_id, epoch_us(start_at)
    from sample
    where metric = 'dietary_carbohydrate' and value > 0 and start_at is not null
),

found as (
    select e.participant_id, e.sleep_date, e.begins_us, e.ends_us
    from returned as e
    anti join carbohydrate as c
        on c.participant_id = e.participant_id
        and c.at_us >= e.begins_us
        and c.at_us <= e.ends_us
    join followed as r
        on r.participant_id = e.participant_id
        and r.sleep_date = e.sleep_date
        and r.at_us between e.begins_us and e.ends_us
    where e.ends_us - e.begins_us >= 60000000 * rule_compression_min_min()
    group by e.participant_id, e.sleep_date, e.begins_us, e.ends_us, e.level_mgdl
    having (
            min(r.mgdl) < rule_compression_nadir_mgdl()
            or min(r.mgdl) <= e.level_mgdl * (1 - rule_compression_drop_pct() / 100)
        )
        and max(r.mgdl) filter (r.at_us = e.ends_us)
            <= e.level_mgdl + rule_compression_return_mgdl()
        and max(r.rise_mgdl) filter (r.at_us = e.ends_us) >= rule_compression_return_mgdl()
),

-- one low may be seen to begin at several readings: what overlaps is one
merged as (
    select
        *,
        coalesce(begins_us >= max(ends_us) over (
            partition by participant_id, sleep_date
            order by begins_us, ends_us
            rows between unbounded preceding and 1 preceding
        ), true) as is_another
    from found
),

numbered as (
    select
        *,
        sum(is_another::int) over (
            partition by participant_id, sleep_date
            order by begins_us, ends_us
        ) as number
    from merged
),

low as materialized (
    select
        participant_id,
        sleep_date,
        min(begins_us) as begins_us,
        max(ends_us) as ends_us
    from numbered
    group by participant_id, sleep_date, number
),

lows as (
    select
        participant_id,
        sleep_date,
        count(*) as compression_low_count,
        sum(ends_us - begins_us) / 6e7 as compression_low_min
    from low
    group by participant_id, sleep_date
),

-- readings of nights with a low, and whether they or one of their 15 minutes lie in it
marked as (
    select
        r.participant_id,
        r.sleep_date,
        r.at_us,
        r.mgdl,
        r.is_low,
        r.mean15_mgdl,
        bool_or(r.at_us > l.begins_us and r.at_us < l.ends_us) as is_inside,
        bool_or(r.at_us > l.begins_us and r.mean15_from_us < l.ends_us) as is_touched
    from followed as r
    join low as l using (participant_id, sleep_date)
    group by r.participant_id, r.sleep_date, r.at_us, r.mgdl, r.is_low, r.mean15_mgdl
),

clean as (
    select
        participant_id,
        sleep_date,
        sum(millionths(mgdl)) / 1e6 / count(*) as mean_mgdl,
        sd_of_sums(count(*), sum(millionths(mgdl)), sum(millionths(mgdl) * millionths(mgdl)))
            as sd_mgdl,
        min(mgdl) as min_mgdl,
        min(mean15_mgdl) filter (not is_touched) as nadir_mgdl,
        100 * count(*) filter (is_low) / count(*) as tbr70_pct
    from marked
    where not is_inside
    group by participant_id, sleep_date
)

select
    n.participant_id,
    n.sleep_date,
    n.glucose,
    case when l.compression_low_count > 0 then true when n.is_covered then false end
        as has_compression_low,
    coalesce(l.compression_low_count, case when n.is_covered then 0 end) as compression_low_count,
    coalesce(l.compression_low_min, case when n.is_covered then 0 end) as compression_low_min,
    case when l.compression_low_count > 0 then c.mean_mgdl
        when n.is_covered then n.glucose.night_mean_mgdl end as clean_mean_mgdl,
    case when l.compression_low_count > 0 then c.sd_mgdl
        when n.is_covered then n.glucose.night_sd_mgdl end as clean_sd_mgdl,
    case when l.compression_low_count > 0 then c.min_mgdl
        when n.is_covered then n.glucose.night_min_mgdl end as clean_min_mgdl,
    case when l.compression_low_count > 0 then c.nadir_mgdl
        when n.is_covered then n.glucose.night_nadir_mgdl end as clean_nadir_mgdl,
    case when l.compression_low_count > 0 then c.tbr70_pct
        when n.is_covered then n.glucose.night_tbr70_pct end as clean_tbr70_pct
from night as n
left join lows as l using (participant_id, sleep_date)
left join clean as c using (participant_id, sleep_date)
