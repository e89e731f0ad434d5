"""From values to places, and where the ticks of an axis stand."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Box:
    """The rectangle in which data is drawn, and the image around it."""

    width: float
    height: float
    left: float = 46
    right: float = 12
    top: float = 12
    bottom: float = 28

    @property
    def x_end(self) -> float:
        return self.width - self.right

    @property
    def y_end(self) -> float:
        return self.height - self.bottom


@dataclass(frozen=True)
class Scale:
    """A straight line from values to places; `low` may lie beyond `high` in place, as on a y axis.

    Values beyond the ends are drawn at the ends if `is_clamped`.
    """

    low: float
    high: float
    first: float
    last: float
    is_clamped: bool = True

    def __call__(self, value: float) -> float:
        share = (value - self.low) / ((self.high - self.low) or 1)
        if self.is_clamped:
            share = min(1.0, max(0.0, share))
        return self.first + share * (self.last - self.first)


def across(box: Box, low: float, high: float) -> Scale:
    """The scale of the x axis of a box."""
    return Scale(low, high, box.left, box.x_end)


def upward(box: Box, low: float, high: float) -> Scale:
    """The scale of its y axis: larger values stand higher."""
    return Scale(low, high, box.y_end, box.top)


def ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Round numbers from low to high, some `about` of them."""
    span = high - low
    if span <= 0 or not math.isfinite(span):
        return [low]
    rough = span / max(1, about)
    size = 10.0 ** math.floor(math.log10(rough))
    step = next(size * m for m in (1, 2, 2.5, 5, 10) if size * m >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [round(n * step, 10) for n in range(first, last + 1)]


def around(values: Sequence[float], share: float = 0.06) -> tuple[float, float]:
    """Lowest and highest value with some room beside them."""
    low, high = min(values), max(values)
    room = (high - low) * share or abs(high) * share or 1
    return low - room, high + room


def days(first: dt.date, last: dt.date, most: int = 8) -> list[dt.date]:
    """Dates to write below an axis: Mondays, or every second, fourth ... of them."""
    monday = first + dt.timedelta(days=-first.weekday() % 7)
    count = max(0, (last - monday).days // 7 + 1)
    step = 1
    while count / step > most:
        step *= 2
    dates = [monday + dt.timedelta(weeks=n) for n in range(0, count, step)]
    return dates or [first]
