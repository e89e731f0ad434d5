"""The plainest comparison: after the longest third of nights, and after the shortest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from transforms.effect.bootstrap import (
    Floats,
    Integers,
    draws,
    freedom_of,
    placed,
    slow,
    varying,
    widened,
)
from transforms.effect.pairs import Asked

FEWEST = 5  # nights in each third


@dataclass(frozen=True)
class Thirds:
    """What came first, and medians of what came after, in the lowest and the highest third.

    lowest, highest  of what came first the ends of the two thirds, in its steps
    low, high        of the difference of the medians, 95 %
    """

    lowest: float
    highest: float
    median_lowest: float
    median_highest: float
    difference: float
    low: float
    high: float

    def words(self, asked: Asked) -> str:
        """In a sentence without a cause."""
        first, second = asked.in_time
        unit = second.unit
        ends = (first.told(end * first.step) for end in (self.highest, self.lowest))
        after = [
            f"{median:.{1 if abs(median) < 1000 else 0}f}"
            for median in (self.median_highest, self.median_lowest)
        ]
        most, least = ends
        return (
            f"{first.label} of {most} and more: {second.label} {after[0]} {unit}; "
            f"{least} and less: {after[1]}; difference {_signed(self.difference)} "
            f"({_signed(self.low)} to {_signed(self.high)})"
        )


def thirds(day: Integers, covariates: Floats, x: Floats, y: Floats) -> Thirds | None:
    """Medians of y after the lowest and the highest third of x (n,), at usual covariates (n, k).

    y is taken as it would be at the means of the covariates and without slow changes, by least
    squares with x beside them. The interval is difference ± t · SD of those of 2000 draws of blocks
    of 7 nights. None if a third has fewer than five nights.
    """
    place = placed(day)
    beside = np.concatenate([slow(place)[:, 1:], varying(covariates)], 1)
    beside = beside - beside.mean(0)
    whole = np.concatenate([np.ones((len(x), 1)), beside, x[:, None]], 1)
    weight = np.linalg.lstsq(whole, y, rcond=None)[0]
    usual = y - beside @ weight[1:-1]
    lowest, highest = np.quantile(x, [1 / 3, 2 / 3])
    groups = (x <= lowest, x >= highest)
    if lowest >= highest or min(np.count_nonzero(group) for group in groups) < FEWEST:
        return None
    times = draws(int(place[-1]) + 1)[place]
    after = [float(np.median(usual[group])) for group in groups]
    drawn = [_medians(usual[group], times[group]) for group in groups]
    spread = float(np.nanstd(drawn[1] - drawn[0], ddof=1)) * widened(place, beside.shape[1] + 1)
    reach = float(stdtrit(freedom_of(place), 0.975)) * spread
    apart = after[1] - after[0]
    ends = apart - reach, apart + reach
    return Thirds(float(lowest), float(highest), after[0], after[1], apart, *ends)


def _medians(values: Floats, times: Floats) -> Floats:
    """The median of values (n,) in every draw (n, draws) of how often each comes; NaN if none."""
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(times[order], 0)
    middle = np.argmax(2 * reached >= reached[-1], 0)
    return np.where(reached[-1] > 0, values[order][middle], np.nan)


def _signed(value: float) -> str:
    return f"{value:+.1f}" if abs(value) < 1000 else f"{value:+.0f}"
