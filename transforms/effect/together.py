"""Several people at once: their own slopes put together, and the correlation within all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from transforms.effect.bootstrap import adjusted, left_over
from transforms.effect.meta import FEWEST_FOR_INTERVAL, Meta, evened, meta
from transforms.effect.nights import Nights
from transforms.effect.pairs import Asked, every_pair
from transforms.effect.rmcorr import Correlation, correlation_of_people
from transforms.effect.within import Effect, related


@dataclass(frozen=True)
class Together:
    """What was found for a pair among everyone with a slope of their own.

    `correlation` has no interval below five people. `note` says why a number is not there.
    """

    asked: Asked
    person_count: int
    night_count: int
    meta: Meta | None
    correlation: Correlation | None
    note: str
    adjusted_p: float = np.nan


def together(people: Sequence[tuple[Nights, Sequence[Effect]]]) -> list[Together]:
    """Every pair that is asked of a night and its day, from all nights and what each person's say.

    `people` have the effects of `within.effects`. p values are adjusted within a family.
    """
    asked = [(at, pair) for at, pair in enumerate(every_pair()) if pair.is_main]
    found = [_together(pair, [(own, of[at]) for own, of in people]) for at, pair in asked]
    family = np.array([each.asked.family for each in found])
    raw = np.array([each.meta.p if each.meta else np.nan for each in found])
    p = np.full(len(found), np.nan)
    for name in np.unique(family):
        p[family == name] = adjusted(raw[family == name])
    return [replace(each, adjusted_p=float(own)) for each, own in zip(found, p, strict=True)]


def _together(asked: Asked, people: Sequence[tuple[Nights, Effect]]) -> Together:
    own = [(nights, each, each.estimate) for nights, each in people if each.estimate]
    count = sum(each.night_count for _, each, _ in own)
    if len(own) < 2:
        return Together(asked, len(own), count, None, None, "no two people with a slope")
    slopes = np.array([found.slope for _, _, found in own])
    errors = np.array([found.error for _, _, found in own])
    plain = np.array([found.plain for _, _, found in own])
    found = meta(slopes, evened(errors, plain))
    pairs = [related(nights, asked) for nights, _, _ in own]
    left = [
        left_over(pair.day, pair.covariates, np.stack([pair.first, pair.second], 1))
        for pair in pairs
    ]
    correlation = correlation_of_people(left, errors)
    if correlation is not None and len(own) < FEWEST_FOR_INTERVAL:
        correlation = replace(correlation, low=np.nan, high=np.nan)
    return Together(asked, len(own), count, found, correlation, found.note)
