"""Within one person: what a day's glucose has to do with the night before it, pair by pair."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from transforms.effect.bootstrap import (
    Estimate,
    Floats,
    Integers,
    adjusted,
    estimate,
    needed_for_verdict,
)
from transforms.effect.nights import Nights
from transforms.effect.pairs import (
    COVERAGE,
    DRINKS,
    FEWEST_NIGHTS,
    LEVEL,
    SENSOR_DAY,
    WAKE,
    WITH_COVERAGE,
    Asked,
    every_pair,
    verdict,
)
from transforms.effect.thirds import Thirds, thirds

STEADY_PCT = 1.0  # a coverage that varies by less (standard deviation) explains nothing
FEWEST_TOLD = 5  # nights with a drink, below which drinks explain nothing


@dataclass(frozen=True)
class Pair:
    """The nights (n,) in which both of two measures are known.

    day         days since 1970
    first       what comes first in time, in its steps
    second      what comes after it
    covariates  (n, k), without a column of ones and without the date
    """

    day: Integers
    first: Floats
    second: Floats
    covariates: Floats


@dataclass(frozen=True)
class Effect:
    """What was found for a pair in one relation; NaN and None where there is no number.

    `detectable` is the slope that would be given a direction in four of five such series, were it
    the only one of its family.
    """

    asked: Asked
    night_count: int
    first_day: int | None
    last_day: int | None
    estimate: Estimate | None
    thirds: Thirds | None
    adjusted_p: float = np.nan
    detectable: float = np.nan
    verdict: str = ""


def effects(nights: Nights) -> list[Effect]:
    """Every pair in every relation; p values adjusted within a family.

    Only the nights decide: the same ones give the same numbers.
    """
    found = [_effect(nights, asked) for asked in every_pair()]
    family = np.array([effect.asked.family for effect in found])
    raw = np.array([effect.estimate.p if effect.estimate else np.nan for effect in found])
    p, size = np.full(len(found), np.nan), np.zeros(len(found), np.int64)
    for name in np.unique(family):
        own = family == name
        p[own] = adjusted(raw[own])
        size[own] = np.count_nonzero(~np.isnan(raw[own]))
    return [_judged(*each) for each in zip(found, p.tolist(), size.tolist(), strict=True)]


def _effect(nights: Nights, asked: Asked) -> Effect:
    """What can be said of one pair alone."""
    pair = related(nights, asked)
    count = len(pair.day)
    is_enough = count >= FEWEST_NIGHTS
    found = estimate(pair.day, pair.covariates, pair.first, pair.second) if is_enough else None
    is_plain = found is not None and asked.is_main
    return Effect(
        asked=asked,
        night_count=count,
        first_day=int(pair.day[0]) if count else None,
        last_day=int(pair.day[-1]) if count else None,
        estimate=found,
        thirds=thirds(pair.day, pair.covariates, pair.first, pair.second) if is_plain else None,
    )


def _judged(effect: Effect, adjusted_p: float, family_size: int) -> Effect:
    found = effect.estimate
    interval = (found.low, found.high) if found else None
    shift_p = found.shift_p if found else np.nan
    return replace(
        effect,
        adjusted_p=adjusted_p,
        detectable=needed_for_verdict(found, LEVEL / family_size) if found else np.nan,
        verdict=verdict(effect.asked, effect.night_count, interval, adjusted_p, shift_p),
    )


def related(nights: Nights, asked: Asked) -> Pair:
    """The nights of a pair by calendar: a night that is missing is missing, none takes its place.

    Beside the two: whether the later one's day is free and the one before, when the person woke
    before the glucose, the night next to the one asked about, how old the sensor was, what was
    drunk the evening before, and how much of the day's glucose was observed, each if it varies.
    """
    first, second = asked.in_time
    if not len(nights.day):
        nothing = np.empty(0)
        return Pair(nights.day, nothing, nothing, np.empty((0, 1)))
    place = nights.day - nights.day[0]
    before = _before(_spread(place, nights.values[first.name]), asked.relation)[place]
    after = nights.values[second.name]
    known = ~np.isnan(before) & ~np.isnan(after)
    covariates = np.stack([column[known] for column in _beside(nights, asked, known)], 1)
    return Pair(nights.day[known], before[known] / first.step, after[known], covariates)


def _beside(nights: Nights, asked: Asked, known: np.ndarray) -> list[Floats]:
    """Covariates (n,) of all nights of a person; what is not known of one counts as usual."""
    place = nights.day - nights.day[0]
    is_reverse = asked.relation == "reverse"

    def of(name: str, nights_before: int) -> Floats:
        later: Floats = _later(_spread(place, nights.values[name]), nights_before)[place]
        return later

    glucose = 1 if is_reverse else 0  # nights by which the row of the glucose is earlier
    free = _spread(place, nights.free)
    free_days = [_later(free, 1)[place]]
    if asked.relation == "four_nights":
        free_days.append(_before(free, asked.relation)[place])
    told = [*free_days, of(WAKE, glucose), of(SENSOR_DAY, glucose)]
    neighbour = _neighbour(asked)
    if neighbour is not None:
        told.append(of(asked.exposure.name, neighbour))
    columns = [nights.free, *(_usual(column, known) for column in told)]
    for drink in DRINKS:
        drunk = np.nan_to_num(of(drink, 1))
        if np.count_nonzero(drunk[known]) >= FEWEST_TOLD:
            columns.append(drunk)
    observed = of(COVERAGE, glucose)
    is_asked = asked.outcome.name in WITH_COVERAGE and bool(known.any())
    if is_asked and np.std(observed[known]) >= STEADY_PCT:
        columns.append(observed)
    return columns


def _neighbour(asked: Asked) -> int | None:
    """How many nights before the row the other night lies; None where there is none to tell apart.

    Neighbours are alike, so the slope of one night alone is partly the other's.
    """
    if asked.exposure.is_rolling or asked.relation in ("four_nights", "day_before", "same_day"):
        return None
    return 0 if asked.relation == "night_before" else 1


def _usual(column: Floats, known: np.ndarray) -> Floats:
    """With the mean of the known ones among the nights that enter in place of what is not known."""
    told = column[known & ~np.isnan(column)]
    return np.where(np.isnan(column), told.mean() if len(told) else 0.0, column)


def _before(calendar: Floats, relation: str) -> Floats:
    """What came before each night, or was in it, in a relation."""
    if relation in ("same_night", "same_day"):
        return calendar
    if relation == "four_nights":
        four = np.stack([_later(calendar, nights) for nights in range(4)])
        return np.asarray(four.mean(axis=0), dtype=np.float64)
    return _later(calendar, 1)


def _spread(place: Integers, values: Floats) -> Floats:
    """Values on a calendar without gaps, NaN where a night is missing."""
    calendar = np.full(int(place[-1]) + 1, np.nan)
    calendar[place] = values
    return calendar


def _later(calendar: Floats, nights: int) -> Floats:
    """The value of so many nights before each night."""
    moved = np.full(len(calendar), np.nan)
    moved[nights:] = calendar[: len(calendar) - nights]
    return moved
