"""Made-up people with a known effect: how often intervals hold it, how often verdicts are wrong.

300 people each. Of 300 intervals that hold in 95 of 100, between 92 and 98 in 100 hold in 99 of 100
such runs.
"""

from __future__ import annotations

import sys

import numpy as np
import pytest

from tests.simulated import person
from transforms.bootstrap import estimate
from transforms.effect import Nights, design, effects, related
from transforms.pairs import EXPOSURES, OUTCOMES, TOO_EARLY, TOO_FEW, UNCLEAR, UNMOVED

PEOPLE = 300
SLEEP, MEAN = EXPOSURES[0], OUTCOMES[0]
NO_DIRECTION = {TOO_EARLY, TOO_FEW, UNCLEAR, UNMOVED}

pytestmark = pytest.mark.slow


def told_as(words: str) -> None:
    """For `make slow`, which shows what passed."""
    sys.stdout.write(f"{words}\n")


def people(nights: int, slope: float, phi_day: float = 0.5, phi_night: float = 0.3) -> list[Nights]:
    rng = np.random.default_rng([nights, round(10 * slope), round(10 * phi_day)])
    return [person(rng, nights, slope, phi_day, phi_night) for _ in range(PEOPLE)]


@pytest.mark.parametrize("slope", [0.0, 0.4, 2.0])
@pytest.mark.parametrize("nights", [50, 90, 200])
def test_the_interval_holds_the_effect(nights: int, slope: float) -> None:
    """mg/dL of the mean of 16 hours per hour of sleep."""
    held, wide = 0, []
    for own in people(nights, slope):
        pair = related(own, SLEEP, MEAN, "same_night")
        found = estimate(pair.day, design(pair.covariates), pair.first, pair.second)
        assert found is not None
        held += found.low <= slope <= found.high
        wide.append(found.high - found.low)
    share = 100 * held / PEOPLE
    told_as(f"{nights} nights, {slope}: {share:.1f} % hold it, median width {np.median(wide):.2f}")
    assert 92 <= share <= 98


@pytest.mark.parametrize("nights", [50, 120])
def test_verdicts_at_no_effect_are_seldom(nights: int) -> None:
    """Of pairs, and of people with a direction in any of the thirty pairs of the same night."""
    wrong = pairs = told = 0
    for own in people(nights, 0.0):
        family = [e for e in effects(own, ("same_night",)) if e.verdict not in (TOO_EARLY, TOO_FEW)]
        directions = sum(e.verdict not in NO_DIRECTION for e in family)
        wrong, pairs, told = wrong + (directions > 0), pairs + directions, told + len(family)
    told_as(
        f"{nights} nights: {100 * wrong / PEOPLE:.1f} % of people with a false verdict, "
        f"{100 * pairs / told:.2f} % of {told} pairs"
    )
    assert pairs / told <= 0.05
    assert wrong / PEOPLE <= 0.05


def test_a_large_effect_is_found() -> None:
    """2 mg/dL per hour in 200 nights; 0.4 is not to be found in so few."""
    found = {}
    for slope in (0.4, 2.0):
        firsts = [effects(own, ("same_night",))[0] for own in people(200, slope)]
        found[slope] = 100 * sum(e.verdict == f"higher {SLEEP.after}" for e in firsts) / PEOPLE
    told_as(f"a verdict in {found[0.4]:.1f} % at 0.4 and in {found[2.0]:.1f} % at 2 mg/dL per hour")
    assert found[2.0] > 50
    assert found[0.4] < 20
