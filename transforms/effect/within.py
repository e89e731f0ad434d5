"""Within one person: what a day's glucose has to do with the night before it, pair by pair."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from transforms.effect.bootstrap import Estimate, Floats, Integers, adjusted, estimate
from transforms.effect.pairs import (
    COVERAGE,
    EXPOSURES,
    FEWEST_NIGHTS,
    OUTCOMES,
    RELATIONS,
    WITH_COVERAGE,
    Measure,
    slope_unit,
    verdict,
)

STEADY_PCT = 1.0  # a coverage that varies by less (standard deviation) explains nothing


@dataclass(frozen=True)
class Nights:
    """One person's nights, by ascending date.

    day     (n,) days since 1970
    free    (n,) 1 on a day without work, else 0
    values  the columns of every measure and the coverage, (n,) each, NaN where not known
    """

    day: Integers
    free: Floats
    values: Mapping[str, Floats]


@dataclass(frozen=True)
class Pair:
    """The nights (n,) in which both of two measures are known.

    day         days since 1970
    first       what comes first in time, in its steps
    second      what comes after it
    covariates  (n, k), without a column of ones
    """

    day: Integers
    first: Floats
    second: Floats
    covariates: Floats


@dataclass(frozen=True)
class Effect:
    """What was found for a pair in one relation; NaN and None where there is no number."""

    exposure: str
    outcome: str
    relation: str
    night_count: int
    first_day: int | None
    last_day: int | None
    slope_unit: str
    estimate: Estimate | None
    adjusted_p: float
    verdict: str


def effects(nights: Nights) -> list[Effect]:
    """Every pair in every relation; p values adjusted among all of them.

    Only the nights decide: the same ones give the same numbers.
    """
    asked = [(e, o, r) for r in RELATIONS for e in EXPOSURES for o in OUTCOMES]
    found = [_effect(nights, *each) for each in asked]
    raw = np.array([effect.estimate.p if effect.estimate else np.nan for effect in found])
    return [
        _judged(effect, float(p), *ordered(*each))
        for effect, p, each in zip(found, adjusted(raw), asked, strict=True)
    ]


def _effect(nights: Nights, exposure: Measure, outcome: Measure, relation: str) -> Effect:
    """What can be said of one pair alone."""
    pair = related(nights, exposure, outcome, relation)
    count = len(pair.day)
    return Effect(
        exposure=exposure.name,
        outcome=outcome.name,
        relation=relation,
        night_count=count,
        first_day=int(pair.day[0]) if count else None,
        last_day=int(pair.day[-1]) if count else None,
        slope_unit=slope_unit(*ordered(exposure, outcome, relation)),
        estimate=None if count < FEWEST_NIGHTS else _estimate(pair),
        adjusted_p=np.nan,
        verdict="",
    )


def _judged(effect: Effect, adjusted_p: float, first: Measure, second: Measure) -> Effect:
    found = effect.estimate
    interval = (found.low, found.high) if found else None
    shift_p = found.shift_p if found else np.nan
    words = verdict(first, second, effect.night_count, interval, adjusted_p, shift_p)
    return replace(effect, adjusted_p=adjusted_p, verdict=words)


def ordered(exposure: Measure, outcome: Measure, relation: str) -> tuple[Measure, Measure]:
    """The two measures as they come in time."""
    return (outcome, exposure) if relation == "reverse" else (exposure, outcome)


def related(nights: Nights, exposure: Measure, outcome: Measure, relation: str) -> Pair:
    """The nights of a pair by calendar: a night that is missing is missing, none takes its place.

    Covariates are those of the later of the two: its date, whether its day is free, and how much of
    the day's glucose was observed, if that varies.
    """
    first, second = ordered(exposure, outcome, relation)
    if not len(nights.day):
        nothing = np.empty(0)
        return Pair(nights.day, nothing, nothing, np.empty((0, 2)))
    place = nights.day - nights.day[0]
    earlier = _spread(place, nights.values[first.name])
    before = _before(earlier, relation)[place]
    observed = nights.values[COVERAGE]
    if relation == "reverse":
        observed = _later(_spread(place, observed), 1)[place]
    after = nights.values[second.name]
    known = ~np.isnan(before) & ~np.isnan(after)
    columns = [nights.day, nights.free]
    if outcome.name in WITH_COVERAGE and known.any() and np.std(observed[known]) >= STEADY_PCT:
        columns.append(observed)
    covariates = np.stack([column[known] for column in columns], 1).astype(np.float64)
    return Pair(nights.day[known], before[known] / first.step, after[known], covariates)


def _before(calendar: Floats, relation: str) -> Floats:
    """What came before each night, or was in it, in a relation."""
    if relation == "same_night":
        return calendar
    if relation == "four_nights":
        four = np.stack([_later(calendar, nights) for nights in range(4)])
        return np.asarray(four.mean(axis=0), dtype=np.float64)
    return _later(calendar, 1)


def _estimate(pair: Pair) -> Estimate | None:
    return estimate(pair.day, design(pair.covariates), pair.first, pair.second)


def design(covariates: Floats) -> Floats:
    """Ones, and the covariates (n, k) that vary, each in its standard deviations from its mean."""
    centred = covariates - covariates.mean(0)
    size = centred.std(0)
    varies = size > 0
    return np.concatenate(
        [np.ones((len(covariates), 1)), centred[:, varies] / size[varies]], axis=1
    )


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


def enough(nights: Sequence[Nights], exposure: Measure, outcome: Measure) -> list[Pair]:
    """The same night's pairs of everyone who has enough of them."""
    pairs = [related(each, exposure, outcome, "same_night") for each in nights]
    return [pair for pair in pairs if len(pair.day) >= FEWEST_NIGHTS]
