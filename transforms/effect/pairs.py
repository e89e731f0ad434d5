"""Which measures of a night are compared with which of the day after, fixed before any is seen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Measure:
    """A column of `effect_night`, and how it is spoken of.

    label      in few words
    unit       what a slope counts of it
    step       how much of it a slope is told for, and that in words
    more       what it is where it is larger, and smaller
    after      what comes before a day or a night of which it is larger
    relation   of a habit: how it lies in time; of a night's measure: empty, all of RELATIONS
    is_rolling whether a night shares most of it with the night before
    """

    name: str
    label: str
    unit: str
    step: float
    step_words: str
    more: str
    less: str
    after: str
    relation: str = ""
    is_rolling: bool = False

    def told(self, value: float) -> str:
        """A value in words: in steps where a step is a unit of its own (hours), else as it is."""
        if self.step_words == "h":
            return f"{value / self.step:.1f} h"
        return f"{value:.1f} {self.unit}" if abs(value) < 10 else f"{value:.0f} {self.unit}"


SLEEP = "sleep"
HABIT = "habit"
EXPOSURES = (
    Measure("total_sleep_min", "sleep", "min", 60, "h", "longer", "shorter", "after longer sleep"),
    Measure(
        *("sleep_efficiency_pct", "efficiency", "%", 10, "10 %", "more efficient"),
        *("less efficient", "after more efficient sleep"),
    ),
    Measure(
        *("midpoint_local_h", "middle", "h", 1, "h", "later", "earlier", "after later sleep"),
    ),
    Measure(
        *("sleep_regularity_index_7d", "regularity", "points", 10, "10 points", "more regular"),
        *("less regular", "after more regular sleep"),
        is_rolling=True,
    ),
    Measure(
        *("deep_min", "deep sleep", "min", 30, "30 min", "more", "less", "after more deep sleep")
    ),
    Measure("rem_min", "REM sleep", "min", 30, "30 min", "more", "less", "after more REM sleep"),
)
# What else is said to move the glucose of the day after. Each lies in time in one way alone.
HABITS = (
    Measure(
        *("last_meal_to_bed_min", "last meal to bed", "min", 60, "h", "longer", "shorter"),
        *("after an earlier last meal", "day_before"),
    ),
    Measure(
        *("eating_window_h", "eating window", "h", 1, "h", "longer", "shorter"),
        *("after a longer eating window", "day_before"),
    ),
    Measure(
        *("kcal_before_15h_pct", "energy before 15:00", "%", 10, "10 %", "more", "less"),
        *("after more of the energy before 15:00", "day_before"),
    ),
    Measure(
        *("carbohydrate_before_15h_pct", "carbs before 15:00", "%", 10, "10 %", "more", "less"),
        *("after more of the carbohydrate before 15:00", "day_before"),
    ),
    Measure(
        *("last_meal_carbohydrate_g", "carbs of last meal", "g", 10, "10 g", "more", "less"),
        *("after more carbohydrate in the last meal", "day_before"),
    ),
    Measure(
        *("overnight_fast_h", "overnight fast", "h", 1, "h", "longer", "shorter"),
        *("after a longer overnight fast", "same_night"),
    ),
    Measure(
        *("day_nap_min", "naps", "min", 30, "30 min", "more", "less"),
        *("after more sleep by day", "day_before"),
    ),
    Measure(
        *("onset_sd_7d_min", "spread of bedtimes", "min", 30, "30 min", "larger", "smaller"),
        *("after less regular bedtimes", "same_night"),
        is_rolling=True,
    ),
    Measure(
        *("bedroom_temperature_cel", "bedroom warmth", "degrees", 1, "degree", "higher", "lower"),
        *("after a warmer night", "same_night"),
    ),
    Measure(
        *("resistance_exercise_48h_min", "strength training", "min", 30, "30 min", "more", "less"),
        *("after more strength training", "same_night"),
        is_rolling=True,
    ),
    Measure(
        *("fasted_morning_exercise_min", "fasted exercise", "min", 30, "30 min", "more", "less"),
        *("with more exercise before the first meal", "same_day"),
    ),
    Measure(
        *("morning_daylight_min", "morning daylight", "min", 30, "30 min", "more", "less"),
        *("with more daylight in the morning", "same_day"),
    ),
    Measure(
        *("postmeal_steps_60min", "steps after meals", "steps", 1000, "1000 steps"),
        *("more", "fewer", "with more steps after meals", "same_day"),
    ),
)
OUTCOMES = (
    Measure(
        *("wake16h_mean_mgdl", "mean", "mg/dL", 10, "10 mg/dL", "higher", "lower"),
        "after a higher mean",
    ),
    Measure(
        *("wake16h_excess_mgdl", "above usual", "mg/dL", 10, "10 mg/dL", "higher", "lower"),
        "after glucose further above the usual",
    ),
    Measure(
        *("wake16h_sd_mgdl", "spread", "mg/dL", 10, "10 mg/dL", "higher", "lower"),
        "after a larger spread",
    ),
    Measure(
        *("wake16h_titr_pct", "in 70 to 140", "%", 10, "10 %", "higher", "lower"),
        "after more time in range",
    ),
    Measure(
        *("fasting_mgdl", "fasting", "mg/dL", 10, "10 mg/dL", "higher", "lower"),
        "after higher fasting glucose",
    ),
    Measure(
        *("breakfast_iauc_2h_mgdl_min", "breakfast area", "mg/dL x min", 1000),
        *("1000 mg/dL x min", "higher", "lower", "after a larger rise at breakfast"),
    ),
)
# Outcomes that rest on the 16 hours after wake, and so on how much of them was observed.
WITH_COVERAGE = tuple(m.name for m in OUTCOMES if m.name.startswith("wake16h"))
COVERAGE = "wake16h_coverage_pct"
WAKE = "wake_local_h"
SENSOR_DAY = "sensor_day"
DRINKS = ("alcohol_drink_count", "caffeine_after_14h_mg")
BESIDE = (COVERAGE, WAKE, SENSOR_DAY, *DRINKS)
COLUMNS = (*(measure.name for measure in (*EXPOSURES, *HABITS, *OUTCOMES)), *BESIDE)

# How the two lie in time: nights by which what comes first is earlier, and what comes first.
RELATIONS = {
    "same_night": "the night, then the day that follows",
    "night_before": "the night before that night, then the day",
    "four_nights": "the mean of the night and of the three before, then the day",
    "reverse": "the day, then the night that ends it",
}
HABIT_RELATIONS = {
    "day_before": "the day that the night ends, then the day after the night",
    "same_night": "what was known at wake, then the day that follows",
    "same_day": "within the day itself, so not before all of its glucose",
}

FEWEST_NIGHTS = 14  # below, no number
FEWEST_FOR_VERDICT = 28
LEVEL = 0.05
SHIFT_LEVEL = 0.02  # or none of the shifts, where they are fewer than fifty
TOO_FEW = "not enough nights"
TOO_EARLY = "too early for a verdict"
UNMOVED = "too little variation"
UNCLEAR = "no clear relation"
NO_DIRECTION = frozenset({TOO_FEW, TOO_EARLY, UNMOVED, UNCLEAR})


@dataclass(frozen=True)
class Asked:
    """One pair of measures in one relation, and the family that it is judged in."""

    exposure: Measure
    outcome: Measure
    relation: str
    family: str

    @property
    def in_time(self) -> tuple[Measure, Measure]:
        """The two measures as they come in time."""
        if self.relation == "reverse":
            return self.outcome, self.exposure
        return self.exposure, self.outcome

    @property
    def is_main(self) -> bool:
        """Of a night's measure the day that follows; of a habit its one relation."""
        return self.family == HABIT or self.relation == "same_night"

    @property
    def slope_unit(self) -> str:
        """The unit of a slope of the later one on the earlier."""
        first, second = self.in_time
        return f"{second.unit} per {first.step_words}"


def every_pair() -> Iterator[Asked]:
    """Measures of the night in all relations, then habits, each in its own.

    Of what lies within a day, glucose before and at its first meal is not asked about.
    """
    for relation in RELATIONS:
        for exposure in EXPOSURES:
            for outcome in OUTCOMES:
                yield Asked(exposure, outcome, relation, SLEEP)
    for habit in HABITS:
        for outcome in OUTCOMES:
            if habit.relation != "same_day" or outcome.name in WITH_COVERAGE:
                yield Asked(habit, outcome, habit.relation, HABIT)


def verdict(
    asked: Asked,
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
    first, second = asked.in_time
    return f"{second.more if low > 0 else second.less} {first.after}"
