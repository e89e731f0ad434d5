-- Within one person: slope of the day's glucose on the night before it, or on a habit, with interval and verdict.
-- grain: participant_id, exposure, outcome, relation
-- kept: no, asked of marts
--
-- participant_id | who
-- exposure | measure of the night, or a habit: a column of night_to_day, exposure_daily or sleep_regularity
-- outcome | measure of the day or morning after: a column of night_to_day
-- relation | same_night; night_before: the night before that one; four_nights: mean of the night and of the three before; day_before: the day that the night ends; same_day: the day itself
-- family | sleep or habit: p values are adjusted within it
-- night_count | nights in which both are known, on a complete night's glucose
-- first_date | first of them
-- last_date | last of them
-- slope | by how much the outcome is higher for one more unit of the exposure; NULL below 14 nights
-- slope_low | lower end of its 95 % interval
-- slope_high | upper end
-- slope_unit | what the slope counts
-- detectable_slope | size of a slope that would be given a direction in four of five such series, were it the only one of its family
-- p_value | of the slope, two-sided, by the same bootstrap
-- shift_p_value | share of circular shifts of the exposure that go with the outcome as closely
-- adjusted_p_value | p_value adjusted within the family and person, all relations, reverse too (Benjamini-Hochberg)
-- verdict | in words, from 28 nights on; below 14: not enough nights
-- lowest_third_median | median of the outcome on days after the lowest third of the exposure, at usual covariates; NULL below 5 nights in a third, and for night_before and four_nights
-- highest_third_median | the same after the highest third
-- third_difference | highest minus lowest
-- third_difference_low | lower end of its 95 % interval
-- third_difference_high | upper end
-- contrast | the same in a sentence
-- reverse_night_count | the other way round, the day and the night that ends it: nights; NULL for habits, as the next seven
-- reverse_slope | by how much the exposure is higher after a day with more of the outcome
-- reverse_low | lower end of its 95 % interval
-- reverse_high | upper end
-- reverse_unit | what that slope counts
-- reverse_shift_p_value | shift_p_value of it
-- reverse_adjusted_p_value | adjusted_p_value of it
-- reverse_verdict | in words
-- fingerprint | of the nights that all of this rests on
-- is_current | these nights are those of the lake as it is now; if not, run `dawnlake effect` again
--
-- Empty until `dawnlake effect`. Least squares beside whatever takes a fortnight and more to come and
-- go, free days, the time of waking (a later wake alone raises or lowers the mean of what is left of
-- the day), the neighbouring night, the age of the sensor, drinks and late caffeine logged the evening
-- before, and the observed share of the day, each where it is known and varies. A night of which one of
-- these is not known counts as usual, one without a logged drink as one without a drink, here alone.
-- The middle of sleep at a given time of waking is half its length: read it beside total_sleep_min.
-- Interval: 2000 slopes from moving blocks of 7 nights, missing nights in their places; slope ± t x
-- their SD, t with 1.5 degrees of freedom per block, the SD made larger by sqrt(n / (n - 7)) and by what
-- the covariates take, or the error of an AR(1) if that is larger: of what changes slowly, as a mean of
-- four nights, blocks of 7 see too little. A direction is named if the interval leaves 0
-- out, adjusted_p_value <= 0.05 and shift_p_value <= 0.02 or <= 1 / (night_count - 4). The p of n shifts
-- is never below 1 / (n - 4), which adjusting for a family would never let pass: so it is a condition
-- of its own. Days of one person are compared. It does not say that the night caused the day.
with forward as (from effect where relation <> 'reverse'),

backward as (from effect where relation = 'reverse')

select
    f.participant_id,
    f.exposure,
    f.outcome,
    f.relation,
    f.family,
    f.night_count,
    f.first_date,
    f.last_date,
    f.slope,
    f.slope_low,
    f.slope_high,
    f.slope_unit,
    f.detectable_slope,
    f.p_value,
    f.shift_p_value,
    f.adjusted_p_value,
    f.verdict,
    f.lowest_third_median,
    f.highest_third_median,
    f.third_difference,
    f.third_difference_low,
    f.third_difference_high,
    f.contrast,
    b.night_count as reverse_night_count,
    b.slope as reverse_slope,
    b.slope_low as reverse_low,
    b.slope_high as reverse_high,
    b.slope_unit as reverse_unit,
    b.shift_p_value as reverse_shift_p_value,
    b.adjusted_p_value as reverse_adjusted_p_value,
    b.verdict as reverse_verdict,
    f.fingerprint,
    f.fingerprint = coalesce(now.fingerprint, '') as is_current
from forward as f
left join backward as b using (participant_id, exposure, outcome)
left join effect_fingerprint as now using (participant_id)
