-- Rodbard's family of standard deviations: within days and hours, between days, by time of day.
-- parameters: grid_5min like glucose_grid
-- grain: participant_id
--
-- participant_id | who
-- sd_within_day_mgdl | SDw: mean of the days' standard deviations
-- sd_daily_mean_mgdl | SDdm: standard deviation of the days' means
-- sd_time_of_day_mgdl | SDhhmm: standard deviation of the mean profile over the day
-- sd_within_hour_mgdl | SDwsh: mean of the standard deviations of every hour, begun at each point
-- sd_between_days_mgdl | SDb: mean over times of day of the standard deviation between days
-- sd_between_days_adjusted_mgdl | SDbdm: the same after the mean of each day is taken off
--
-- On a grid of five minutes whatever the sensor's pace, as iglu 4.3.0; a day is (midnight,
-- midnight]. An hour has twelve points, of which two must have a value. In the hour that comes twice a
-- time of day has two points of one day.
with point as materialized (
    select
        participant_id,
        ((wall_us - 1) // 86400000000)::int as day,
        ((wall_us - 1) % 86400000000 // 300000000)::smallint as slot,
        mgdl,
        case
            when point >= 12 then sd_of_billionths(
                count(mgdl) over hour,
                sum(billionths(mgdl)) over hour,
                sum(billionths(mgdl) * billionths(mgdl)) over hour
            )
        end as hour_sd
    from query_table(grid_5min)
    window hour as (
        partition by participant_id order by point rows between 11 preceding and current row
    )
),

day as (
    select
        participant_id,
        day,
        mean_of(mgdl) as mean,
        sd_of(mgdl) as sd,
        sum_of(hour_sd) as hour_sd,
        count(hour_sd) as hour_count
    from point
    group by participant_id, day
),

days as (
    select
        participant_id,
        mean_of(sd) as sd_within_day_mgdl,
        sd_of(mean) as sd_daily_mean_mgdl,
        sum_of(hour_sd) / nullif(sum(hour_count), 0) as sd_within_hour_mgdl
    from day
    group by participant_id
),

slot as (
    select
        participant_id,
        slot,
        mean_of(mgdl) as mean,
        sd_of(mgdl) as sd,
        sd_of(mgdl - mean) as adjusted_sd
    from point
    join day using (participant_id, day)
    group by participant_id, slot
),

slots as (
    select
        participant_id,
        sd_of(mean) as sd_time_of_day_mgdl,
        mean_of(sd) as sd_between_days_mgdl,
        mean_of(adjusted_sd) as sd_between_days_adjusted_mgdl
    from slot
    group by participant_id
)

select
    participant_id,
    sd_within_day_mgdl,
    sd_daily_mean_mgdl,
    sd_time_of_day_mgdl,
    sd_within_hour_mgdl,
    sd_between_days_mgdl,
    sd_between_days_adjusted_mgdl
from days
join slots using (participant_id)
