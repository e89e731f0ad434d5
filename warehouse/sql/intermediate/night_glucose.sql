-- Glucose of each night, of the morning, of the day after and of the 16 hours after wake.
--
-- participant_id | who
-- sleep_date | local date of the final wake
-- night | the row of `night_body`
-- night_min | onset to wake, minutes
-- night_reading_count | readings of the night
-- night_coverage_pct | observed share: readings times their stream's interval per window, %
-- night_gap_min | longest time without a reading, minutes
-- night_mean_mgdl | mean
-- night_sd_mgdl | standard deviation
-- night_min_mgdl | lowest reading
-- night_nadir_mgdl | lowest 15-minute mean
-- night_tbr54_pct | share below 54, %
-- night_tbr70_pct | share below 70, %
-- night_tir_pct | share in 70 to 180, %
-- night_titr_pct | share in 70 to 140, %
-- night_censored_pct | share of readings that are a sensor's limit, %
-- night_inferred_count | readings whose instant was inferred
-- night_fallen | of a night with a steep fall all its readings, see `glucose_span_total`
-- onset_mgdl | mean of the readings within 15 minutes of sleep onset
-- fasting_mgdl | mean of the last three readings within 30 minutes before wake (15-minute sensors: two in 45)
-- late_nadir_mgdl | lowest 15-minute mean from local midnight of the wake date
-- meal_after_wake_min | first logged meal within five hours of wake, minutes after wake
-- meal_until_min | minutes from it to the next one, at most 180
-- near_meal | readings around that meal: minute and mg/dL
-- is_day_capped | the day was ended day_cap_h after wake
-- day_hours | length of the day
-- day_reading_count | readings of the day
-- day_coverage_pct | observed share, %
-- day_gap_min | longest time without a reading, minutes
-- day_mean_mgdl | mean
-- day_median_mgdl | median
-- day_sd_mgdl | standard deviation
-- day_tbr54_pct | share below 54, %
-- day_tbr70_pct | share below 70, %
-- day_tir_pct | share in 70 to 180, %
-- day_titr_pct | share in 70 to 140, %
-- day_tar180_pct | share above 180, %
-- day_tar250_pct | share above 250, %
-- day_mag_mgdl_h | mean absolute glucose change, mg/dL per hour
-- day_lbgi | low blood glucose index
-- day_hbgi | high blood glucose index
-- day_censored_pct | share of readings that are a sensor's limit, %
-- day_inferred_count | readings whose instant was inferred
-- wake16h_count | readings of the 16 hours after wake
-- wake16h_mean_mgdl | their mean
-- wake16h_sd_mgdl | their standard deviation
-- wake16h_tir_pct | share in 70 to 180, %
-- wake16h_titr_pct | share in 70 to 140, %
-- wake16h_coverage_pct | observed share, %
-- A night is followed by its day, a day by the next night, which may begin within the 16 hours;
-- the last quarter of an hour before a night is the end of the day before.
with neighboured as materialized (
    select
        *,
        edge_count + coalesce(lag(edge_count) over near, 0) as onset_count,
        edge_sum + coalesce(lag(edge_sum) over near, 0) as onset_sum,
        count16 + coalesce(lead(count16) over near, 0) as n16,
        sum16 + coalesce(lead(sum16) over near, 0) as total16,
        square16 + coalesce(lead(square16) over near, 0) as squares16,
        observed16_min + coalesce(lead(observed16_min) over near, 0) as minutes16,
        tir16 + coalesce(lead(tir16) over near, 0) as in_range16,
        titr16 + coalesce(lead(titr16) over near, 0) as in_tight_range16
    from glucose_span_total
    window near as (partition by participant_id order by span_id)
),

night as (
    select
        participant_id,
        sleep_date,
        night,
        window_min as night_min,
        reading_count as night_reading_count,
        at_most_100(100 * observed_min / window_min) as night_coverage_pct,
        largest_gap_min as night_gap_min,
        mean_mgdl as night_mean_mgdl,
        sd_mgdl as night_sd_mgdl,
        min_mgdl as night_min_mgdl,
        nadir_mgdl as night_nadir_mgdl,
        tbr54_pct as night_tbr54_pct,
        tbr70_pct as night_tbr70_pct,
        tir_pct as night_tir_pct,
        titr_pct as night_titr_pct,
        100 * censored_count / reading_count as night_censored_pct,
        inferred_count as night_inferred_count,
        fallen as night_fallen,
        onset_sum / nullif(onset_count, 0) as onset_mgdl,
        case
            when interval_min < 10 then last_mean(meal_part(before_wake, 0, 30), 3)
            else last_mean(before_wake, 2)
        end as fasting_mgdl,
        late_nadir_mgdl,
        meal_after_wake_min,
        meal_until_min,
        near_meal
    from neighboured
    where is_night
),

day as (
    select
        participant_id,
        sleep_date,
        is_capped as is_day_capped,
        window_min / 60 as day_hours,
        reading_count as day_reading_count,
        at_most_100(100 * observed_min / window_min) as day_coverage_pct,
        largest_gap_min as day_gap_min,
        mean_mgdl as day_mean_mgdl,
        median_mgdl as day_median_mgdl,
        sd_mgdl as day_sd_mgdl,
        tbr54_pct as day_tbr54_pct,
        tbr70_pct as day_tbr70_pct,
        tir_pct as day_tir_pct,
        titr_pct as day_titr_pct,
        tar180_pct as day_tar180_pct,
        tar250_pct as day_tar250_pct,
        mag_mgdl_h as day_mag_mgdl_h,
        lbgi as day_lbgi,
        hbgi as day_hbgi,
        100 * censored_count / reading_count as day_censored_pct,
        inferred_count as day_inferred_count,
        meal_after_wake_min as day_meal_after_wake_min,
        near_meal as day_near_meal,
        n16 as wake16h_count,
        total16 / nullif(n16, 0) as wake16h_mean_mgdl,
        case when n16 > 1 then sqrt(greatest(0, (squares16 - total16 ** 2 / n16) / (n16 - 1))) end
            as wake16h_sd_mgdl,
        100 * in_range16 / nullif(n16, 0) as wake16h_tir_pct,
        100 * in_tight_range16 / nullif(n16, 0) as wake16h_titr_pct,
        case when n16 > 0 then at_most_100(100 * minutes16 / 960) end
            as wake16h_coverage_pct
    from neighboured
    where not is_night
)

select
    n.* replace (
        coalesce(n.meal_after_wake_min, d.day_meal_after_wake_min) as meal_after_wake_min,
        list_concat(n.near_meal, d.day_near_meal) as near_meal
    ),
    d.* exclude (participant_id, sleep_date, day_meal_after_wake_min, day_near_meal)
from night as n
left join day as d using (participant_id, sleep_date)
