-- Compression lows: someone lies on the sensor, and it reads too low for a while.
-- grain: participant_id, sleep_date, begins_us
--
-- participant_id | who
-- sleep_date | local date of the final wake
-- begins_us | the last reading before the fall, microseconds since 1970 (UTC)
-- ends_us | the reading of its return
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
with stepped as (
    select
        participant_id,
        sleep_date,
        at_us,
        mgdl,
        (lag(mgdl) over near - mgdl) / ((at_us - lag(at_us) over near) / 6e7) as fall_mgdl_min,
        (mgdl - lead(mgdl) over near) / ((lead(at_us) over near - at_us) / 6e7)
            as next_fall_mgdl_min
    from overnight_reading
    window near as (partition by participant_id, sleep_date order by at_us)
),

followed as (
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
)

select
    participant_id,
    sleep_date,
    min(begins_us) as begins_us,
    max(ends_us) as ends_us
from numbered
group by participant_id, sleep_date, number
