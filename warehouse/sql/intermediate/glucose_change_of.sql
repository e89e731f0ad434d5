-- How glucose changes: of each participant, and of each of their days.
-- parameters: grid like glucose_grid
-- grain: participant_id, date
--
-- participant_id | who
-- date | local calendar date; NULL for the whole period
-- observed_min | minutes with a value on the grid
-- mean_mgdl | mean of the grid
-- sd_mgdl | standard deviation of the grid
-- sd_roc_mgdl_min | standard deviation of the rate of change over 15 minutes, mg/dL per minute
-- mag_mgdl_h | mean absolute glucose change from point to point, mg/dL per hour
-- gvp_pct | glycemic variability percentage: how much longer the trace is than a level one, %
-- modd_mgdl | mean absolute difference to the same time of the day before
-- modd_min | minutes with a value then and now
-- conga_1h_mgdl | standard deviation of differences over an hour
-- conga_2h_mgdl | over two hours
-- conga_4h_mgdl | over four hours
-- conga_24h_mgdl | over 24 hours
-- auc_above_140_mgdl_min | area between the trace and 140 mg/dL where it is above, mg/dL times minutes
--
-- Differences are taken in elapsed time on the sensor's own grid, each counted on the day on which
-- it ends, as iglu 4.3.0 does. MAG goes from point to point: by the hour, as elsewhere, it is
-- smaller. A day of the grid is (midnight, midnight], as iglu's.
with followed as (
    select
        participant_id,
        step_us / 6e7 as step_min,
        ((wall_us - 1) // 86400000000)::int as day,
        mgdl,
        lag(mgdl) over person as before_mgdl,
        (mgdl - lag(mgdl, greatest(900000000 // step_us, 1)) over person)
            / (greatest(900000000 // step_us, 1) * step_min) as roc,
        mgdl - lag(mgdl, 3600000000 // step_us) over person as change_1h,
        mgdl - lag(mgdl, 7200000000 // step_us) over person as change_2h,
        mgdl - lag(mgdl, 14400000000 // step_us) over person as change_4h,
        mgdl - lag(mgdl, 86400000000 // step_us) over person as change_24h
    from query_table(grid)
    window person as (partition by participant_id order by point)
),

total as (
    select
        participant_id,
        day,
        sum_min(case when mgdl is not null then step_min end) as observed_min,
        mean_of(mgdl) as mean_mgdl,
        sd_of(mgdl) as sd_mgdl,
        sd_of(roc) as sd_roc_mgdl_min,
        60 * mean_of(abs(mgdl - before_mgdl) / step_min) as mag_mgdl_h,
        100 * (mean_of(sqrt(step_min ** 2 + (mgdl - before_mgdl) ** 2) / step_min) - 1) as gvp_pct,
        mean_of(abs(change_24h)) as modd_mgdl,
        sum_min(case when change_24h is not null then step_min end) as modd_min,
        sd_of(change_1h) as conga_1h_mgdl,
        sd_of(change_2h) as conga_2h_mgdl,
        sd_of(change_4h) as conga_4h_mgdl,
        sd_of(change_24h) as conga_24h_mgdl,
        sum_of(area_above(step_min, before_mgdl - 140, mgdl - 140)) as auc_above_140_mgdl_min
    from followed
    group by grouping sets ((participant_id), (participant_id, day))
)

select
    participant_id,
    date '1970-01-01' + day as date,
    * exclude (participant_id, day)
from total
