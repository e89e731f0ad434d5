-- Everyone together: people's own slopes of the day's glucose on the night, or on a habit, put together.
-- grain: exposure, outcome
-- kept: no, asked of marts
--
-- exposure | measure of the night, or a habit: see sleep_effect
-- outcome | measure of the day or morning after: a column of night_to_day
-- relation | same_night, and of habits their own: see sleep_effect
-- family | sleep or habit: p values are adjusted within it
-- person_count | people with a slope of their own: 14 nights of the pair, and some variation
-- night_count | their nights
-- slope | mean of people's slopes: by how much the outcome is higher for one more unit of the exposure; NULL below two people
-- slope_low | lower end of its 95 % interval; NULL below five people
-- slope_high | upper end
-- slope_p_value | its two-sided p; NULL below five people
-- slope_adjusted_p_value | that, adjusted within the family (Benjamini-Hochberg)
-- slope_unit | what the slope counts
-- spread_of_slopes | standard deviation of people's true slopes (tau), in the unit of the slope; NULL below five people
-- i2_pct | share of the spread of slopes that is not chance, %; NULL below five people
-- prediction_low | lower end of where the slope of one more such person lies, 95 %; NULL below five people
-- prediction_high | upper end
-- correlation | repeated-measures correlation of what each person's covariates leave, -1 to 1; NULL for fewer than two people
-- correlation_low | lower end of its 95 % interval; NULL below five people
-- correlation_high | upper end
-- correlation_p_value | its two-sided p, by people
-- model | how the slope was put together
-- note | why a number is not there; NULL for nothing
-- fingerprint | of the nights that all of this rests on
-- is_current | these nights are those of the lake as it is now; if not, run `dawnlake effect` again
--
-- Empty until `dawnlake effect`. In two stages: each person's slope and its error as in sleep_effect;
-- then random effects (Paule and Mandel), an interval by Hartung and Knapp with t of people - 1, and a
-- prediction interval with t of people - 2. So nights that resemble each other, free days and slopes that
-- differ between people are in the interval. The correlation is a second view: its error is that of
-- leaving out one person after the other, or what people's own errors come to if that is larger.
with now as (
    select md5(string_agg(participant_id || ' ' || fingerprint, ';' order by participant_id))
        as fingerprint
    from effect_fingerprint
)

select
    g.exposure,
    g.outcome,
    g.relation,
    g.family,
    g.person_count,
    g.night_count,
    g.slope,
    g.slope_low,
    g.slope_high,
    g.slope_p_value,
    g.slope_adjusted_p_value,
    g.slope_unit,
    g.spread_of_slopes,
    g.i2_pct,
    g.prediction_low,
    g.prediction_high,
    g.correlation,
    g.correlation_low,
    g.correlation_high,
    g.correlation_p_value,
    g.model,
    g.note,
    g.fingerprint,
    g.fingerprint = coalesce(now.fingerprint, '') as is_current
from effect_group as g
cross join now
