-- Within one person: slope of the day's glucose on the night before it, with its interval and verdict.
-- grain: participant_id, exposure, outcome, relation
-- kept: no, asked of marts
--
-- participant_id | who
-- exposure | measure of the night: a column of night_to_day
-- outcome | measure of the day or morning after: a column of night_to_day
-- relation | same_night; night_before: the night before that one; four_nights: mean of the night and of the three before
-- night_count | nights in which both are known, on a complete night's glucose
-- first_date | first of them
-- last_date | last of them
-- slope | by how much the outcome is higher for one more unit of the exposure; NULL below 14 nights
-- slope_low | lower end of its 95 % interval
-- slope_high | upper end
-- slope_unit | what the slope counts
-- detectable_slope | size of a slope that would be told from 0 in four of five such series
-- p_value | of the slope, two-sided, by the same bootstrap
-- shift_p_value | share of circular shifts of the exposure that go with the outcome as closely
-- adjusted_p_value | p_value adjusted among all pairs and relations of one person, reverse too (Benjamini-Hochberg)
-- verdict | in words, from 28 nights on; below 14: not enough nights
-- reverse_night_count | the other way round, the day and the night that ends it: nights
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
-- Empty until `dawnlake effect`. Least squares beside a line in time, free days, and the observed
-- share of the day where it varies. Interval: 2000 slopes from moving blocks of 7 nights, missing
-- nights in their places; slope ± t x their SD, t with 1.5 degrees of freedom per block, the SD made
-- larger by sqrt(n / (n - 7)) and by what blocks of 7 cut off. A direction is named if the interval
-- leaves 0 out, adjusted_p_value <= 0.05 and shift_p_value <= 0.02 or <= 1 / (night_count - 4). The
-- p of n shifts is never below 1 / (n - 4), which adjusting for 120 of them would never let pass: so
-- it is a condition of its own.
-- Days of one person are compared. It does not say that the night caused the day.
with forward as (from effect where relation <> 'reverse'),

backward as (from effect where relation = 'reverse')

select
    f.participant_id,
    f.exposure,
    f.outcome,
    f.relation,
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
join backward as b using (participant_id, exposure, outcome)
left join effect_fingerprint as now using (participant_id)
