"""Reported units to canonical units, on whole columns."""

from __future__ import annotations

# mg/dL per mmol/L of glucose: molar mass 180.156 g/mol (C6H12O6, IUPAC atomic weights).
GLUCOSE = 18.0156
# (reported, canonical): factor and, for temperatures, what is added after.
CONVERSIONS: dict[tuple[str, str], tuple[float, float]] = {
    ("mmol/L", "mg/dL"): (GLUCOSE, 0),
    ("1", "%"): (100, 0),
    ("kJ", "kcal"): (1 / 4.184, 0),  # thermochemical calorie
    ("J", "kcal"): (1 / 4184, 0),
    ("cal", "kcal"): (1 / 1000, 0),
    ("[Cal]", "kcal"): (1, 0),
    ("Cal", "kcal"): (1, 0),  # Apple's large calorie
    ("s", "min"): (1 / 60, 0),
    ("ms", "min"): (1 / 60_000, 0),
    ("h", "min"): (60, 0),
    ("s", "ms"): (1000, 0),
    ("km", "m"): (1000, 0),
    ("mi", "m"): (1609.344, 0),
    ("[mi_i]", "m"): (1609.344, 0),
    ("[ft_i]", "m"): (0.3048, 0),
    ("cm", "m"): (0.01, 0),
    ("mg", "g"): (0.001, 0),
    ("g", "mg"): (1000, 0),
    ("kg", "g"): (1000, 0),
    ("10.g", "g"): (10, 0),  # a serving of carbohydrate in Spain
    ("count/min", "/min"): (1, 0),
    ("[degF]", "Cel"): (5 / 9, -160 / 9),
    ("degF", "Cel"): (5 / 9, -160 / 9),
    ("mg/dL", "mmol/L"): (1 / 10.41, 0),  # ketone only: 104.1 g/mol (beta-hydroxybutyric acid)
}


def conversion(reported: str, canonical: str) -> tuple[float, float] | None:
    """Factor and summand from one unit to another; None if there is no such conversion."""
    return (1.0, 0.0) if reported == canonical else CONVERSIONS.get((reported, canonical))
