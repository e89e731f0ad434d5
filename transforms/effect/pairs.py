"""Which measures of a night are compared with which of the day after, fixed before any is seen."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Measure:
    """A column of `effect_night`, and how it is spoken of.

    unit   what a slope counts of it
    step   how much of it a slope is told for, and that in words
    more   what it is where it is larger, and smaller
    after  what comes before a day or a night of which it is larger
    """

    name: str
    unit: str
    step: float
    step_words: str
    more: str
    less: str
    after: str


EXPOSURES = (
    Measure("total_sleep_min", "min", 60, "h", "longer", "shorter", "after longer sleep"),
    Measure(
        *("sleep_efficiency_pct", "%", 10, "10 %", "more efficient", "less efficient"),
        "after more efficient sleep",
    ),
    Measure("midpoint_local_h", "h", 1, "h", "later", "earlier", "after later sleep"),
    Measure(
        *("sleep_regularity_index_7d", "points", 10, "10 points", "more regular", "less regular"),
        "after more regular sleep",
    ),
    Measure("deep_min", "min", 30, "30 min", "more", "less", "after more deep sleep"),
    Measure("rem_min", "min", 30, "30 min", "more", "less", "after more REM sleep"),
)
OUTCOMES = (
    Measure("wake16h_mean_mgdl", "mg/dL", 10, "10 mg/dL", "higher", "lower", "after a higher mean"),
    Measure("wake16h_sd_mgdl", "mg/dL", 10, "10 mg/dL", "higher", "lower", "after a larger spread"),
    Measure("wake16h_titr_pct", "%", 10, "10 %", "higher", "lower", "after more time in range"),
    Measure(
        "fasting_mgdl", "mg/dL", 10, "10 mg/dL", "higher", "lower", "after higher fasting glucose"
    ),
    Measure(
        *("breakfast_iauc_2h_mgdl_min", "mg/dL x min", 1000, "1000 mg/dL x min"),
        *("higher", "lower", "after a larger rise at breakfast"),
    ),
)
# Outcomes that rest on the 16 hours after wake, and so on how much of them was observed.
WITH_COVERAGE = tuple(m.name for m in OUTCOMES if m.name.startswith("wake16h"))
COVERAGE = "wake16h_coverage_pct"

# How the two lie in time: nights by which what comes first is earlier, and what comes first.
RELATIONS = {
    "same_night": "the night, then the day that follows",
    "night_before": "the night before that night, then the day",
    "four_nights": "the mean of the night and of the three before, then the day",
    "reverse": "the day, then the night that ends it",
}

FEWEST_NIGHTS = 14  # below, no number
FEWEST_FOR_VERDICT = 28
LEVEL = 0.05
SHIFT_LEVEL = 0.02  # or none of the shifts, where they are fewer than fifty
TOO_FEW = "not enough nights"
TOO_EARLY = "too early for a verdict"
UNMOVED = "too little variation"
UNCLEAR = "no clear relation"


def slope_unit(first: Measure, second: Measure) -> str:
    """The unit of a slope of the second on the first."""
    return f"{second.unit} per {first.step_words}"


def verdict(
    first: Measure,
    second: Measure,
    nights: int,
    interval: tuple[float, float] | None,
    adjusted_p: float,
    shift_p: float,
) -> str:
    """In words, whether the second goes with the first.

    A direction is named from 28 nights, where the interval leaves 0 out, the adjusted p is at most
    0.05 and that of shifted nights at most 0.02, or what it is at least in n nights, 1 / (n - 4).
    `interval` is None where there is no slope.
    """
    if nights < FEWEST_NIGHTS:
        return TOO_FEW
    if interval is None:
        return UNMOVED
    if nights < FEWEST_FOR_VERDICT:
        return TOO_EARLY
    low, high = interval
    is_rare = shift_p <= max(SHIFT_LEVEL, 1 / (nights - 4))
    if not (adjusted_p <= LEVEL and is_rare) or low <= 0 <= high:
        return UNCLEAR
    return f"{second.more if low > 0 else second.less} {first.after}"
