"""Glucose that follows the clock, and not sleep: the slope that is built into a mean of the day."""

from __future__ import annotations

import numpy as np
import pytest

from tests.simulated import by_the_clock
from transforms.effect.bootstrap import Floats, left_over
from transforms.effect.pairs import every_pair
from transforms.effect.within import Pair, related

FIRST = next(every_pair())


def at_seven(wake: Floats) -> Floats:
    return np.full_like(wake, 420.0)


def as_they_wake(wake: Floats) -> Floats:
    return wake


KINDS = {
    "breakfast by the clock": ("clock", as_they_wake),
    "breakfast an hour after wake": ("wake", as_they_wake),
    "woken at seven": ("clock", at_seven),
}


def slope(pair: Pair, covariates: Floats) -> float:
    x, y = left_over(pair.day, covariates, np.stack([pair.first, pair.second], 1)).T
    return float(x @ y / (x @ x))


def slopes(kind: str, nights: int, people: int, effect: float) -> tuple[Floats, Floats]:
    """mg/dL per hour as it is told, and as it would be beside free days alone."""
    rng = np.random.default_rng([nights, sorted(KINDS).index(kind)])
    breakfast, woken = KINDS[kind]
    pairs = [
        related(by_the_clock(rng, nights, breakfast, effect, woken, noise=0), FIRST)
        for _ in range(people)
    ]
    told = np.array([slope(pair, pair.covariates) for pair in pairs])
    naive = np.array([slope(pair, pair.covariates[:, :2]) for pair in pairs])
    return told, naive


def is_unbiased(told: Floats, effect: float) -> bool:
    error = 1.96 * float(told.std()) / np.sqrt(len(told))
    return abs(float(told.mean()) - effect) <= 0.05 + error


@pytest.mark.simulation
@pytest.mark.parametrize("effect", [0.0, 1.0])
@pytest.mark.parametrize("kind", KINDS)
def test_the_clock_is_not_taken_for_sleep(kind: str, effect: float) -> None:
    """Within 0.05 mg/dL per hour of what is there; a plain slope is 0.1 and more beside it."""
    told, naive = slopes(kind, 60, 60, effect)
    assert is_unbiased(told, effect)
    if kind != "woken at seven":
        assert abs(naive.mean() - effect) > 0.1


@pytest.mark.slow
@pytest.mark.parametrize("effect", [0.0, 1.0])
@pytest.mark.parametrize("nights", [60, 120, 240])
@pytest.mark.parametrize("kind", KINDS)
def test_the_clock_is_not_taken_for_sleep_in_many(kind: str, nights: int, effect: float) -> None:
    told, naive = slopes(kind, nights, 400, effect)
    print(  # noqa: T201
        f"{kind}, {nights} nights, {effect}: bias {told.mean() - effect:+.3f}, "
        f"without the wake {naive.mean() - effect:+.3f}"
    )
    assert is_unbiased(told, effect)
