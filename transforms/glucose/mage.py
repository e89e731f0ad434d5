"""Mean amplitude of glycemic excursions (MAGE) of a trace on a grid of five minutes.

Two moving averages, of 5 and of 32 points, cross where glucose turns. Between crossings lie the
turning points; excursions between them that reach one standard deviation of the trace count.
Gaps of up to three hours stay inside a trace, longer ones end it; traces are weighted by length.

Source: Service 1970 (the metric); Fernandes 2022, J Diabetes Sci Technol (the moving averages).
Equal to iglu 4.3.0, of which `avg` is the default; `service` is nearest to traces read by hand. But
where both averages agree at the first point, as in a trace that begins level, iglu waits for a
crossing between neighbours, and may find none at all.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from transforms.arrays import Micros, Values

VERSION = "1"  # a new one derives every table `mage` again
STEP_MIN = 5
SHORT, LONG = 5, 32  # points of the moving averages
MAX_GAP_MIN = 180
MIN_SD = 1.0  # mg/dL: a flatter trace has no excursions
KINDS = ("service", "plus", "minus", "avg", "max")


@dataclass(frozen=True)
class Trace:
    """Mean heights of upward and downward excursions of one trace, NaN if there are none.

    minutes     from its first to its last point
    plus, minus mg/dL
    is_up_first whether the first excursion goes up
    """

    minutes: float
    plus: float
    minus: float
    is_up_first: bool


def mage(grid: Values) -> dict[str, float]:
    """MAGE in mg/dL by kind, NaN where it cannot be told. `grid` is mg/dL, NaN in gaps.

    service: each trace in the direction of its first excursion. plus, minus: upward and downward
    alone. avg: of both. max: the larger of the two in each trace.
    """
    traces = [_trace(each) for each in _traces(grid)]
    minutes = np.array([t.minutes for t in traces])
    plus = np.array([t.plus for t in traces])
    minus = np.array([t.minus for t in traces])
    first = np.where([t.is_up_first for t in traces], plus, minus)
    return {
        "service": _weighted(first, minutes),
        "plus": _weighted(plus, minutes),
        "minus": _weighted(minus, minutes),
        "avg": _weighted(np.concatenate([plus, minus]), np.tile(minutes, 2)),
        "max": _weighted(np.fmax(plus, minus), minutes),
    }


def _weighted(values: Values, weights: Values) -> float:
    known = ~np.isnan(values)
    total = float(weights[known].sum())
    return float((values[known] * weights[known]).sum()) / total if total else float("nan")


def _traces(grid: Values) -> list[Values]:
    """Pieces between long gaps that begin and end with a value and are worth looking at."""
    known = np.flatnonzero(~np.isnan(grid))
    if not len(known):
        return []
    ends = np.flatnonzero((np.diff(known) - 1) * STEP_MIN > MAX_GAP_MIN)
    firsts = np.concatenate([known[:1], known[ends + 1]])
    lasts = np.concatenate([known[ends], known[-1:]])
    pieces = (grid[a : b + 1] for a, b in zip(firsts, lasts, strict=True))
    return [piece for piece in pieces if _is_enough(piece[~np.isnan(piece)])]


def _is_enough(values: Values) -> bool:
    return len(values) >= LONG and float(np.std(values, ddof=1)) >= MIN_SD


def _trace(grid: Values) -> Trace:
    """One trace: its excursions of at least one standard deviation."""
    limit = float(np.std(grid[~np.isnan(grid)], ddof=1))
    turns = _turning_points(grid)
    up, first_up = _excursions(turns, limit)
    down, first_down = _excursions(-turns, limit)
    return Trace(
        (len(grid) - 1) * STEP_MIN,
        float(np.mean(up)) if up else float("nan"),
        float(np.mean(down)) if down else float("nan"),
        first_up <= first_down,
    )


def _difference(grid: Values) -> Values:
    """Short minus long moving average, of the values alone; NaN in gaps."""
    known = ~np.isnan(grid)
    totals = np.concatenate([[0.0], np.cumsum(grid[known])])

    def average(points: int) -> Values:
        means = (totals[points:] - totals[:-points]) / points
        return np.concatenate([np.full(points - 1, means[0]), means])

    difference = np.full(len(grid), np.nan)
    difference[known] = average(SHORT) - average(LONG)
    return difference


def _crossings(difference: Values) -> tuple[Micros, Values]:
    """Points that bound the search for turning points, and the sign after each but the last."""
    signed = np.flatnonzero(~np.isnan(difference) & (difference != 0))
    sign = np.sign(difference[signed])
    if difference[0] == 0:  # level at first: a low before a rise, a high before a fall
        signed = np.concatenate([[0], signed])
        sign = np.concatenate([-sign[:1] if len(sign) else [-1.0], sign])
    turned = np.flatnonzero(sign[1:] != sign[:-1]) + 1
    points = np.concatenate([[0], signed[turned], [len(difference) - 1]])
    return points, np.concatenate([sign[:1], sign[turned]])


def _turning_points(grid: Values) -> Values:
    """Highest or lowest glucose between crossings, each sought from the one before on."""
    points, signs = _crossings(_difference(grid))
    highs, lows = (np.where(np.isnan(grid), end, grid) for end in (-np.inf, np.inf))
    turns, last = [], 0
    for until, sign in zip(points[1:].tolist(), signs.tolist(), strict=True):
        last += int(
            highs[last : until + 1].argmax() if sign > 0 else lows[last : until + 1].argmin()
        )
        turns.append(last)
    return grid[turns]


def _excursions(points: Values, limit: float) -> tuple[list[float], float]:
    """Heights of rises of at least `limit`, and the number of the point where the first begins.

    A rise begins at the lowest point since the last one and ends at the highest before glucose
    falls by more than `limit`. No rise: infinity.
    """
    heights: list[float] = []
    turns, first = points.tolist(), float("inf")
    low = high = 0  # numbers of the lowest point, and of the highest once the rise is one
    is_rising = False
    for now in range(len(turns)):
        if is_rising and turns[high] - turns[now] > limit:
            heights.append(turns[high] - turns[low])
            is_rising, low = False, now
        if is_rising:
            high = now if turns[now] > turns[high] else high
            continue
        low = now if turns[now] < turns[low] else low
        if turns[now] - turns[low] >= limit:
            is_rising, high = True, now
            first = min(first, low)
    if is_rising:
        heights.append(turns[high] - turns[low])
    return heights, first
