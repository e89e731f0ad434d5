"""Two made-up people: what a month of sleeping, eating and moving does to glucose and heart.

Glucose = a level that wanders from day to day, the dawn rise, a rise and fall after each meal, and
slow noise that rests at night. Sleep acts on the next day as weakly as it does in healthy people;
a month of demo data must not prove what years of real data hardly show.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from flows.demo.sleep import (
    AWAKE,
    DEEP,
    HOUR,
    LIGHT,
    MINUTE,
    REM,
    UP,
    Clock,
    Habits,
    Seconds,
    Sleep,
    Stages,
    nights,
)
from transforms.arrays import Mask

Values = npt.NDArray[np.float64]

# For each hour slept more: next day's level and spread, mg/dL. Source: Horner 2026 (COPSAC).
LEVEL_PER_HOUR, SPREAD_PER_HOUR = 0.4, -0.1
LEVEL_SD = 3.5  # of days
RISE_POWER = 2.2  # shape of the rise after a meal: (t / peak) ** power, falling as it rose
ASLEEP_SHARE = 0.45  # of the waking noise
# Beats a minute above the resting rate. UP is out of bed and at rest.
BEATS = {AWAKE: 8, LIGHT: 2, DEEP: -2, REM: 4, UP: 16}
BEATS_PER_STEP = 0.3
CHARGING_H = (19.9, 20.6)  # when the watch is off the wrist


@dataclass(frozen=True)
class Traits:
    """What makes a person: glucose in mg/dL, carbohydrates in grams, heart in beats a minute."""

    timezone: str
    first: dt.date
    days: int
    habits: Habits
    resting_heart_rate: int
    heart_rate_variability_ms: float
    fasting: float
    spread: float  # SD of a day, by which the effect of sleep on it is scaled
    rise_per_g: float
    peak_min: tuple[int, int]
    dawn: float
    wander: float
    workouts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Meal:
    start: int
    carbs: int
    is_logged: bool


@dataclass(frozen=True)
class Workout:
    kind: str
    start: int
    end: int


@dataclass(frozen=True)
class Day:
    """A waking day and the hours slept before it."""

    up: int
    bed: int
    slept_h: float


@dataclass
class Body:
    """A person's month: what happened, and grids of one value a minute from `begin` on."""

    traits: Traits
    clock: Clock
    sleeps: list[Sleep]
    days: list[Day] = field(default_factory=list)
    meals: list[Meal] = field(default_factory=list)
    workouts: list[Workout] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.begin = self.clock.at(0, 0)
        self.minutes = (self.clock.at(self.traits.days, 0) - self.begin) // MINUTE
        self.stage: Stages = np.full(self.minutes, UP, np.int8)
        self.steps: Seconds = np.zeros(self.minutes, np.int64)
        self.heart: Values = np.zeros(self.minutes)
        self.glucose: Values = np.zeros(self.minutes)

    @property
    def nights(self) -> list[Sleep]:
        return [sleep for sleep in self.sleeps if sleep.is_main]

    @property
    def time(self) -> Seconds:
        """The instant of every minute of the grids."""
        return self.begin + MINUTE * np.arange(self.minutes)

    def minute(self, instant: Seconds | int) -> Seconds:
        """Where an instant stands in the grids."""
        places: Seconds = (np.asarray(instant, np.int64) - self.begin) // MINUTE
        return places.clip(0, self.minutes - 1)

    def is_worn(self, instant: Seconds) -> Mask:
        """Whether the watch is on the wrist."""
        hour = self.clock.hour(instant)
        return (hour < CHARGING_H[0]) | (hour > CHARGING_H[1])


def body(traits: Traits, rng: np.random.Generator) -> Body:
    """A month of a person; the same for the same traits and generator."""
    clock = Clock(traits.timezone, traits.first)
    made = Body(traits, clock, nights(traits.habits, clock, traits.days, rng))
    for sleep in made.sleeps:
        places = made.minute(np.arange(sleep.start, sleep.end, MINUTE))
        made.stage[places] = sleep.painted[::2]
    made.days.extend(_days(made))
    for number, day in enumerate(made.days):
        made.meals.extend(_meals(made, number, day, rng))
        made.workouts.extend(_workouts(made, number, rng))
    made.steps[:] = _steps(made, rng)
    made.heart[:] = _heart(made, rng)
    made.glucose[:] = _glucose(made, rng)
    return made


def wander(rng: np.random.Generator, count: int, sd: float, memory: float) -> Values:
    """First-order autoregressive noise; `memory` is in steps."""
    kernel = np.exp(-np.arange(int(5 * memory) + 1) / memory)
    kernel *= sd / np.sqrt((kernel**2).sum())
    return np.convolve(rng.normal(size=count + len(kernel) - 1), kernel, "valid")


def _days(body: Body) -> list[Day]:
    last, traits, clock = body.traits.days - 1, body.traits, body.clock
    ups = [clock.at(0, traits.habits.up_h[clock.is_free(0)]), *(s.end for s in body.nights)]
    beds = [*(s.start for s in body.nights), clock.at(last, 22.5)]
    slept = [s.hours_asleep for s in body.nights]
    hours = [float(np.mean(slept)), *slept]
    return [Day(*told) for told in zip(ups, beds, hours, strict=True)]


def _meals(body: Body, number: int, day: Day, rng: np.random.Generator) -> list[Meal]:
    """Breakfast, lunch, dinner and some snacks; nine of ten are logged."""
    breakfast = day.up + HOUR * rng.uniform(0.4, 1.2)
    lunch = max(body.clock.at(number, rng.normal(12.8, 0.4)), breakfast + 2.5 * HOUR)
    plan = [
        (breakfast, rng.normal(44, 9)),
        (lunch, rng.normal(58, 12)),
        (body.clock.at(number, rng.normal(19.0, 0.5)), rng.normal(62, 14)),
    ]
    if rng.random() < 0.45:
        plan.append((body.clock.at(number, rng.normal(16.0, 0.4)), rng.normal(20, 5)))
    if rng.random() < 0.12:
        plan.append((body.clock.at(number, rng.normal(21.4, 0.2)), rng.normal(24, 6)))
    return [
        Meal(int(start), max(int(carbs), 8), bool(rng.random() < 0.9))
        for start, carbs in sorted(plan)
    ]


def _workouts(body: Body, number: int, rng: np.random.Generator) -> list[Workout]:
    """Two or three a week, before dinner; on free days before noon."""
    kinds = body.traits.workouts
    if not kinds or rng.random() > 0.36:
        return []
    hour = rng.uniform(9.8, 11.2) if body.clock.is_free(number) else rng.uniform(17.2, 17.9)
    start = body.clock.at(number, hour)
    kind = kinds[int(rng.integers(len(kinds)))]
    return [Workout(kind, start, start + MINUTE * int(rng.integers(25, 50)))]


def _steps(body: Body, rng: np.random.Generator) -> Seconds:
    """Walks, strolls about the house, workouts on foot."""
    is_stray = rng.random(body.minutes) < 0.12
    steps = np.where(is_stray, rng.integers(4, 31, body.minutes), 0)
    walks = [
        (int(rng.integers(day.up + HOUR // 4, day.bed - HOUR)), int(rng.integers(3, 15)))
        for day in body.days
        for _ in range(int(rng.integers(6, 12)))
    ]
    for start, minutes in walks:
        place = int(body.minute(start))
        steps[place : place + minutes] = rng.integers(62, 113, len(steps[place : place + minutes]))
    for workout in body.workouts:
        places = slice(int(body.minute(workout.start)), int(body.minute(workout.end)))
        strides = rng.integers(104, 122, places.stop - places.start)
        steps[places] = strides if workout.kind == "Walking" else 0
    return np.where(body.stage == UP, steps, 0)


def _heart(body: Body, rng: np.random.Generator) -> Values:
    above = np.array([BEATS[stage] for stage in range(len(BEATS))])[body.stage]
    walking = np.convolve(body.steps, np.full(5, 0.2), "same") * BEATS_PER_STEP
    noise = wander(rng, body.minutes, 5, 15) * np.where(body.stage == UP, 1, ASLEEP_SHARE)
    heart = body.traits.resting_heart_rate + above + walking + noise
    for workout in body.workouts:
        heart[body.minute(workout.start) : body.minute(workout.end)] += 28
    return np.clip(heart, 40, 185)


def _glucose(body: Body, rng: np.random.Generator) -> Values:
    traits, time = body.traits, body.time
    more = np.array([day.slept_h for day in body.days])
    more -= more.mean()
    chance = rng.normal(0, LEVEL_SD, len(more))
    chance -= more * (chance @ more) / (more @ more)  # in 32 days it would outweigh the effect
    level = chance + LEVEL_PER_HOUR * more
    noon = [(day.up + day.bed) / 2 for day in body.days]
    glucose = traits.fasting + np.interp(time, noon, level)
    glucose += wander(rng, body.minutes, traits.wander, 40) * _calm(body)
    for number, day in enumerate(body.days):
        since = (time - day.up) / MINUTE  # the dawn rise begins before getting up
        rising, falling = np.clip(1 + since / 210, 0, 1), np.clip(1 - (since - 60) / 150, 0, 1)
        glucose += traits.dawn * rng.uniform(0.7, 1.3) * np.minimum(rising, falling)
        scale = 1 + SPREAD_PER_HOUR / traits.spread * more[number]
        for meal in body.meals:
            if day.up <= meal.start < day.bed:
                _rise(body, glucose, meal, scale * rng.lognormal(0, 0.22), rng)
    return glucose


def _calm(body: Body) -> Values:
    """1 by day, less asleep, without a step between."""
    asleep = np.where(body.stage == UP, 1.0, ASLEEP_SHARE)
    return np.convolve(np.pad(asleep, 30, "edge"), np.full(61, 1 / 61), "valid")


def _rise(body: Body, glucose: Values, meal: Meal, scale: float, rng: np.random.Generator) -> None:
    """Add a meal to a grid: up to its peak in about an hour, back after three or four."""
    peak = rng.uniform(*body.traits.peak_min)
    place = int(body.minute(meal.start))
    part = glucose[place : place + 6 * 60]
    since = np.arange(len(part)) / peak
    part += scale * meal.carbs * body.traits.rise_per_g * (since * np.exp(1 - since)) ** RISE_POWER
