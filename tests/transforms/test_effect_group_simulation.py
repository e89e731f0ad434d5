"""Made-up groups: how often the interval of the mean slope holds it, how often p is below 0.05.

Groups are drawn from 900 people of a kind, whose slopes and errors are computed once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from tests.simulated import MONDAY, alike
from transforms.effect.bootstrap import Floats, estimate, left_over
from transforms.effect.meta import FEWEST_FOR_INTERVAL, evened, meta
from transforms.effect.rmcorr import correlation_of_people

MEAN = 1.0  # mg/dL per hour of sleep


@dataclass(frozen=True)
class Crowd:
    """People of a kind: their slopes, errors, and what is left of sleep and glucose of each."""

    slopes: Floats
    errors: Floats
    plain: Floats
    left: list[Floats]


def crowd(nights: int, rho: float, spread: float, size: int) -> Crowd:
    """Neighbouring days correlate by rho, neighbouring nights by half of it.

    Slopes are moved so that their mean is MEAN: else chance in 900 people is taken for a fault of
    500 groups drawn from them. Whether a slope is biased is asked of one person.
    """
    rng = np.random.default_rng([nights, round(100 * rho), round(10 * spread)])
    slopes, errors, plain, left = [], [], [], []
    day, free = MONDAY + np.arange(nights), (np.arange(nights) % 7 >= 5).astype(np.float64)
    for _ in range(size):
        own = MEAN + spread * rng.standard_normal()
        x = 7 + alike(rng, nights, rho / 2) + 0.8 * free
        y = 105 + 5 * alike(rng, nights, rho) + 3 * free + own * (x - 7)
        there = rng.random(nights) >= 0.15
        beside = np.stack([free, np.append(x.mean(), x[:-1])], 1)[there]
        found = estimate(day[there], beside, x[there], y[there])
        assert found is not None
        slopes.append(found.slope)
        errors.append(found.error)
        plain.append(found.plain)
        left.append(left_over(day[there], beside, np.stack([x, y], 1)[there]))
    off = MEAN - float(np.mean(slopes))
    left = [of + np.outer(of[:, 0], [0, off]) for of in left]
    return Crowd(np.array(slopes) + off, np.array(errors), np.array(plain), left)


def tried(of: Crowd, people: int, runs: int) -> tuple[float, float, float]:
    """% of runs whose interval holds the mean, and with p < 0.05 at no mean: slope, correlation."""
    rng = np.random.default_rng(people)
    held, slope_wrong, r_wrong = [], [], []
    for _ in range(runs):
        who = rng.choice(len(of.slopes), people, replace=False)
        errors = evened(of.errors[who], of.plain[who])
        found = meta(of.slopes[who], errors)
        none = meta(of.slopes[who] - MEAN, errors)
        held.append(found.low <= MEAN <= found.high)
        slope_wrong.append(none.p < 0.05)
        left = [of.left[at] - np.outer(of.left[at][:, 0], [0, MEAN]) for at in who]
        r = correlation_of_people(left, of.errors[who])
        assert r is not None
        r_wrong.append(r.p < 0.05)
    share = [100 * float(np.mean(each)) for each in (held, slope_wrong, r_wrong)]
    return share[0], share[1], share[2]


@pytest.mark.simulation
def test_ten_people_of_whom_none_is_like_another() -> None:
    held, slope_wrong, r_wrong = tried(crowd(60, 0.5, 1.0, 150), 10, 100)
    assert held >= 88
    assert slope_wrong <= 12 and r_wrong <= 12


@pytest.mark.slow
@pytest.mark.parametrize("spread", [0.0, 1.0])
@pytest.mark.parametrize("rho", [0.0, 0.35, 0.7])
@pytest.mark.parametrize("nights", [60, 120, 240])
def test_groups_keep_what_they_promise(nights: int, rho: float, spread: float) -> None:
    """Of 500 runs at 95 %, 92 to 98 in 100 are what chance makes of it: three standard errors."""
    of = crowd(nights, rho, spread, 900)
    for people in (2, 4, 6, 10, 30):
        held, slope_wrong, r_wrong = tried(of, people, 500)
        print(  # noqa: T201
            f"{nights} nights, rho {rho}, spread {spread}, {people} people: "
            f"{held:.1f} % hold it, p < 0.05 in {slope_wrong:.1f} and {r_wrong:.1f} %"
        )
        assert slope_wrong <= 8 and r_wrong <= 8
        if people < FEWEST_FOR_INTERVAL:
            assert held == slope_wrong == 0  # there is none
        else:
            assert 92 <= held <= 98
