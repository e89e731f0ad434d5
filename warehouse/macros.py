"""SQL macros: rules of the settings, and numbers that several views need, each formula once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Rules = Mapping[str, float | None]
Priority = Mapping[str, Sequence[str]]
FreeDays = Mapping[str, Sequence[int]]  # of a participant: 1 Monday to 7 Sunday
WEEKEND = (6, 7)
NO_TARGETS: Rules = {"target_low_mgdl": None, "target_high_mgdl": None}

# Numbers that several views need. Readings around a meal are lists of {minute, mgdl}, by minute.
MACROS = {
    # A share that rounding took above its end. `least` would make 100 of NULL.
    "at_most_100(share)": "case when share > 100 then 100 else share end",
    # Microseconds of [begins, ends) that lie in [low, high).
    "us_within(begins, ends, low, high)": (
        "greatest(0, least(ends, high) - greatest(begins, low))::bigint"
    ),
    # Integers add up to the same in any order: 18.0156 mg/dL per mmol/L has six digits at most.
    "millionths(value)": "round(value * 1e6)::bigint",
    # The same with nine digits, for means and deviations: sums of integers in any order, on any
    # number of threads, for however many people at once.
    "billionths(value)": "round(value * 1e9)::hugeint",
    "mean_of(value)": "sum(billionths(value)) / count(value) / 1e9",
    # Standard deviation (n - 1).
    "sd_of(value)": (
        "case when count(value) > 1 then sqrt((count(value) * sum(billionths(value) * "
        "billionths(value)) - sum(billionths(value)) * sum(billionths(value)))::double "
        "/ (count(value) * (count(value) - 1))) / 1e9 end"
    ),
    "sum_of(value)": "sum(billionths(value)) / 1e9",
    # Whole microseconds: minutes of which three are one.
    "sum_min(value)": "sum(round(value * 6e7)::hugeint) / 6e7",
    # Of windows: count, and sums of billionths and of their squares.
    "mean_of_sums(n, total)": "case when n > 0 then total / n / 1e9 end",
    "sd_of_billionths(n, total, squares)": (
        "case when n > 1 then sqrt((n * squares - total * total)::double / (n * (n - 1))) / 1e9 end"
    ),
    # Klonoff 2022: 3.0 VLow + 2.4 Low + 1.6 VHigh + 0.8 High, at most 100.
    "glycemia_risk_index(tbr54, tbr70, tar180, tar250)": (
        "at_most_100(3.0 * tbr54 + 2.4 * (tbr70 - tbr54) + 1.6 * tar250 + 0.8 * (tar180 - tar250))"
    ),
    # Hour of the day of a sum of sines and cosines (of billionths, as integers), and an hour next
    # to another rather than a day off.
    "sine_of_hour(hour)": "billionths(sin(hour * pi() / 12))",
    "cosine_of_hour(hour)": "billionths(cos(hour * pi() / 12))",
    "circular_hour(sine, cosine)": "atan2(sine::double, cosine::double) * 12 / pi()",
    "near_hour(hour, middle)": "middle + (hour - middle + 60) % 24 - 12",
    # Kovatchev 1997; 22.77 is 10 * 1.509 ** 2 rounded, as in iglu. Zero at 112.5 mg/dL.
    "risk_scale(mgdl)": "ln(mgdl) ** 1.084 - 5.381",
    "low_risk(mgdl)": "22.77 * least(risk_scale(mgdl), 0) ** 2",
    "high_risk(mgdl)": "22.77 * greatest(risk_scale(mgdl), 0) ** 2",
    # Hill 2007: at most 50.
    "grade_score(mgdl)": "least(425 * (log10(log10(mgdl / 18)) + 0.16) ** 2, 50)",
    # Klonoff 2022: five zones of 20 each.
    "gri_zone(gri)": (
        "case when gri <= 20 then 'A' when gri <= 40 then 'B' when gri <= 60 then 'C' "
        "when gri <= 80 then 'D' when gri <= 100 then 'E' end"
    ),
    # Leelarathna 2020: time in range 50 %, time below range 35 %, variability 15 %.
    "continuous_glucose_index(tir, tbr70, sd)": (
        "case when sd is not null then 0.5 * tir + 35 * least(greatest((15 - tbr70) / 15, 0), 1) "
        "+ 15 * least(greatest((108 - sd) / 90, 0), 1) end"
    ),
    # Limits as readings were reported: tenths of mmol/L in tenths (70 is 3.9, 180 is 10.0), what
    # was converted to mmol/L before us in whole mg/dL.
    "tenths_mgdl(mgdl)": "round(mgdl / 18.0156, 1) * 18.0156",
    "is_below(mgdl, limit_mgdl, reported_as)": (
        "mgdl < case reported_as when 'mmol/L' then tenths_mgdl(limit_mgdl) - 1e-6 "
        "when 'mmol/L with decimals' then limit_mgdl - 0.5 else limit_mgdl end"
    ),
    "is_above(mgdl, limit_mgdl, reported_as)": (
        "mgdl > case reported_as when 'mmol/L' then tenths_mgdl(limit_mgdl) + 1e-6 "
        "when 'mmol/L with decimals' then limit_mgdl + 0.5 else limit_mgdl end"
    ),
    "is_in_own_range(mgdl, reported_as)": (
        "not is_below(mgdl, rule_target_low_mgdl(), reported_as) "
        "and not is_above(mgdl, rule_target_high_mgdl(), reported_as)"
    ),
    "clock_offset_us(wall, instant)": "epoch_us(wall) - epoch_us(instant)",
    # Area above the baseline between two readings; of a crossing only the triangle above it.
    "area_above(minutes, a, b)": (
        "minutes * case when a >= 0 and b >= 0 then (a + b) / 2 "
        "when a >= 0 then a * a / (a - b) / 2 when b >= 0 then b * b / (b - a) / 2 else 0 end"
    ),
}


def settings_sql(rules: Rules, priority: Priority, free_days: FreeDays) -> str:
    """Statements that make every macro and the view `source_priority`."""
    numbers = {**NO_TARGETS, **rules}
    made = [
        f"create macro rule_{name}() as {'null' if value is None else repr(value)}::double"
        for name, value in numbers.items()
    ]
    made += [f"create macro {head} as {body}" for head, body in MACROS.items()]
    return ";".join([*made, free_days_sql(free_days), _priority_sql(priority)])


def free_days_sql(free_days: FreeDays) -> str:
    """A macro: the numbers of the weekdays on which a participant is free."""
    own = " ".join(f"when '{name}' then {list(days)}" for name, days in free_days.items())
    chosen = f"case participant {own} else {list(WEEKEND)} end" if own else f"{list(WEEKEND)}"
    return f"create or replace macro free_weekdays(participant) as ({chosen})::integer[]"


def _priority_sql(priority: Priority) -> str:
    rows = [
        f"('{stream}', '{connector}', {position})"
        for stream, connectors in priority.items()
        for position, connector in enumerate(connectors, 1)
    ]
    values = ", ".join(rows) if rows else "(null, null, null)"
    return (
        "create view source_priority as select * from "
        f"(values {values}) as p(stream, connector, position) where stream is not null"
    )
