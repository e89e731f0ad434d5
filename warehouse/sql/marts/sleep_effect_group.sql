-- Everyone together: how a night's measure and the day after go together within people.
-- grain: exposure, outcome
-- kept: no, asked of marts
--
-- exposure | measure of the night: a column of night_to_day
-- outcome | measure of the day or morning after: a column of night_to_day
-- person_count | people with at least 14 nights of the pair
-- night_count | their nights
-- correlation | repeated-measures correlation, -1 to 1; NULL for fewer than two people
-- correlation_low | lower end of its 95 % interval
-- correlation_high | upper end
-- correlation_p_value | its two-sided p
-- slope | by how much the outcome is higher within people for one more unit of the exposure, by a mixed model
-- slope_low | lower end of its 95 % interval
-- slope_high | upper end
-- slope_p_value | its two-sided p
-- slope_unit | what the slope counts
-- model | what differs between people: level by person, or level and slope by person
-- fingerprint | of the nights that all of this rests on
-- is_current | these nights are those of the lake as it is now; if not, run `dawnlake effect` again
--
-- Empty until `dawnlake effect`. The mixed model splits the exposure into the person's mean of the
-- nights that enter and what a night is above it; with it go the date, free days and, from three
-- people on, that mean. Slopes differ by person from five people on. Neither number knows that nights
-- which follow one another are alike: their intervals are rather too narrow, and no verdict is given.
with now as (
    select md5(string_agg(participant_id || ' ' || fingerprint, ';' order by participant_id))
        as fingerprint
    from effect_fingerprint
)

select
    g.exposure,
    g.outcome,
    g.person_count,
    g.night_count,
    g.correlation,
    g.correlation_low,
    g.correlation_high,
    g.correlation_p_value,
    g.slope,
    g.slope_low,
    g.slope_high,
    g.slope_p_value,
    g.slope_unit,
    g.model,
    g.fingerprint,
    g.fingerprint = coalesce(now.fingerprint, '') as is_current
from effect_group as g
cross join now
