-- Rodbard's family of standard deviations: within days and hours, between days, by time of day.
-- parameters: grid_5min like glucose_grid
-- grain: participant_number
--
-- participant_number | see `participant_number`
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
        participant_number,
        ((wall_us - 1) // 86400000000)::int as day,
        ((wall_us - 1) % 86400000000 // 300000000)::smallint as slot,
        mgdl,
        case
            when point >= 12 then stddev_samp(mgdl) over (
                partition by participant_number order by point
                rows between 11 preceding and current row
            )
        end as hour_sd
    from query_table(grid_5min)
),

day as (
    select
        participant_number,
        day,
        avg(mgdl) as mean,
        stddev_samp(mgdl) as sd,
        sum(hour_sd) as hour_sd,
        count(hour_sd) as hour_count
    from point
    group by participant_number, day
),

days as (
    select
        participant_number,
        avg(sd) as sd_within_day_mgdl,
        stddev_samp(mean) as sd_daily_mean_mgdl,
        sum(hour_sd) / nullif(sum(hour_count), 0) as sd_within_hour_mgdl
    from day
    group by participant_number
),

slot as (
    select
        participant_number,
        slot,
        avg(mgdl) as mean,
        stddev_samp(mgdl) as sd,
        stddev_samp(mgdl - mean) as adjusted_sd
    from point
    join day using (participant_number, day)
    group by participant_number, slot
),

slots as (
    select
        participant_number,
        stddev_samp(mean) as sd_time_of_day_mgdl,
        avg(sd) as sd_between_days_mgdl,
        avg(adjusted_sd) as sd_between_days_adjusted_mgdl
    from slot
    group by participant_number
)

select
    participant_number,
    sd_within_day_mgdl,
    sd_daily_mean_mgdl,
    sd_time_of_day_mgdl,
    sd_within_hour_mgdl,
    sd_between_days_mgdl,
    sd_between_days_adjusted_mgdl
from days
join slots using (participant_number)
