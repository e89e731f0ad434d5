"""How likely a person is where: home most of the time, journeys of days, now and then of months.

Costs are negative logarithms of probabilities, so that they add up. They are rough on purpose: what
they must get right is that days at a place outweigh how a recording begins, that a clock which
moved at the very instant at which a zone's clocks do is in that zone, and that where two stories
differ by little, people are asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from transforms.clocks.every_zone import WELL_KNOWN
from transforms.clocks.timeline import (
    DAY,
    FAR_AHEAD,
    LONG_AGO,
    MINUTE,
    Mask,
    Micros,
    Span,
    Timeline,
    timeline_of,
)

Costs = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]

# How often a stay ends, per day: at home, on a journey, on a long one, of a clock that is wrong.
HOME, JOURNEY, LONG_JOURNEY, WRONG = 1 / 60, 1 / 7, 1 / 45, 4.0
# Where it leads to: home or to the next place; few journeys are long.
_HOMEWARD, _ONWARD = -np.log(0.8), -np.log(0.2)
_SHORT, _LONG = -np.log(0.95), -np.log(0.05)
# How a recording begins: shares of days that people spend so.
_SHARE = {HOME: 0.84, JOURNEY: 0.12, LONG_JOURNEY: 0.04, WRONG: 0.000125}
_FROM_WRONG_HOME, _FROM_WRONG_AWAY = 0.3, 1.5
# One place of a few dozen is gone to; the next ones and the big ones more often.
_ANY_PLACE, _PER_HOUR, _RARE = 2.0, 0.1, 1.5
_OFTEN = 24  # so many of the well-known places are
SOONEST = 5 * MINUTE  # between two readings
SLACK = 10 * MINUTE  # by which a reading may miss the change of a clock


@dataclass(frozen=True)
class Whereabouts:
    """Where a person may be, as states: home (or where settings say), each place on a journey, each
    on a long one, nowhere (a clock that is wrong)."""

    edge: Micros  # the instants at which any place changes its clocks
    offset: Micros  # of each place (home first) from each edge on, microseconds
    since: Index  # the number of the stretch of each place in which each edge lies
    going: Costs  # what going to each place but home costs
    rate: Costs  # how often a stay in each state ends, per day

    @classmethod
    def of(cls, home: Timeline, named: Iterable[str], years: tuple[int, int]) -> Whereabouts:
        """`home` is what the settings say; `named` are zones that files name."""
        zones = list(dict.fromkeys([*named, *WELL_KNOWN]))
        clocks = [home, *(timeline_of([Span(LONG_AGO, FAR_AHEAD, z)], *years) for z in zones)]
        edge = np.unique(np.concatenate([clock.start for clock in clocks]))
        offset = np.stack([clock.offset_at(edge) for clock in clocks])
        changes = np.diff(offset, axis=1, prepend=offset[:, :1]) != 0
        since = np.cumsum(changes, axis=1)
        # places that agree are one; what agrees with home all the time is home
        _, first = np.unique(offset, axis=0, return_index=True)
        kept = np.append(0, np.sort(first[first > 0]))
        hours = np.abs(offset[kept[1:]] - offset[0]).mean(axis=1) / (60 * MINUTE)
        going = _ANY_PLACE + _PER_HOUR * hours + _RARE * (kept[1:] > _OFTEN)
        away = len(kept) - 1
        rate = np.array([HOME, *[JOURNEY] * away, *[LONG_JOURNEY] * away, WRONG])
        return cls(edge, offset[kept], since[kept], going, rate)

    def offsets_at(self, instant: int) -> Micros:
        """What the clocks of all places show at an instant, microseconds."""
        found = self.offset[:, np.searchsorted(self.edge, instant, side="right") - 1]
        return np.unique(found)

    @property
    def _away(self) -> int:
        return len(self.going)

    def begin(self) -> Costs:
        """What each state costs at the begin of a recording."""
        home, journey, long = (-np.log(_SHARE[rate]) for rate in (HOME, JOURNEY, LONG_JOURNEY))
        return np.concatenate(
            [[home], journey + self.going, long + self.going, [-np.log(_SHARE[WRONG])]]
        )

    def stay(self, first: Micros, last: Micros, offset: Micros) -> Costs:
        """For each row what it costs in each state that a clock showed `offset` all the while."""
        slack = np.minimum(SLACK, (last - first) // 2)
        a = np.searchsorted(self.edge, first + slack, side="right") - 1
        b = np.searchsorted(self.edge, last - slack, side="right") - 1
        fits = (self.offset[:, a] == offset) & (self.since[:, a] == self.since[:, b])
        can: Mask = np.concatenate([fits, fits[1:], np.ones((1, len(first)), np.bool_)]).T
        days = ((last - first) / DAY)[:, None]
        return np.where(can, days * self.rate, np.inf)

    def moved(self, cost: Costs, gap: Micros) -> tuple[Costs, Index]:
        """Costs after a silence of `gap`, by rows, and from which state each comes."""
        days = np.maximum(gap, SOONEST) / DAY
        source = np.broadcast_to(np.arange(cost.shape[1]), cost.shape).copy()
        result = cost + self._stays(days)
        for into, price in self._moves(days):
            came = cost + price
            best = np.argmin(came, axis=1)
            least = came[np.arange(len(came)), best][:, None] + self._entry(into)
            better = least < result[:, into]
            result[:, into] = np.where(better, least, result[:, into])
            source[:, into] = np.where(better, best[:, None], source[:, into])
        return result, source

    def before(self, cost: Costs, gap: Micros) -> Costs:
        """The same backwards: the least cost of what follows, for each state before a silence."""
        days = np.maximum(gap, SOONEST) / DAY
        result = cost + self._stays(days)
        for into, price in self._moves(days):
            least = (cost[:, into] + self._entry(into)).min(axis=1)[:, None]
            result = np.minimum(result, price + least)
        return result

    def _stays(self, days: Costs) -> Costs:
        """What it costs to be in the same state after so many days; home may have been left."""
        result = days[:, None] * self.rate
        result[:, 0] = -np.log1p(-_away_after(days, JOURNEY) - _away_after(days, LONG_JOURNEY))
        return result

    def _moves(self, days: Costs) -> Iterator[tuple[slice, Costs]]:
        """Each group of states, and what it costs to get there from each state."""
        n = self._away
        left = -np.log(-np.expm1(-days[:, None] * self.rate))
        yield slice(0, 1), _priced(left, np.inf, _HOMEWARD, _FROM_WRONG_HOME)
        for number, (rate, kind) in enumerate(((JOURNEY, _SHORT), (LONG_JOURNEY, _LONG))):
            price = _priced(left, 0.0, _ONWARD + kind, _FROM_WRONG_AWAY + kind)
            price[:, 0] = -np.log(_away_after(days, rate))
            yield slice(1 + number * n, 1 + (number + 1) * n), price
        wrong = -np.log(-_SHARE[WRONG] * np.expm1(-days * WRONG))[:, None]
        yield slice(2 * n + 1, 2 * n + 2), np.broadcast_to(wrong, left.shape)

    def _entry(self, into: slice) -> Costs:
        is_place = 0 < into.start < 2 * self._away + 1
        return self.going if is_place else np.zeros(1)


def _away_after(days: Costs, rate: float) -> Costs:
    """The probability that somebody who was at home is on a journey after so many days."""
    share = _SHARE[rate]
    return -share * np.expm1(-days * (HOME + rate))


def _priced(left: Costs, home: float, away: float, wrong: float) -> Costs:
    """What each state costs to leave, and to leave for this."""
    price = left + away
    price[:, 0] = left[:, 0] + home
    price[:, -1] = left[:, -1] + wrong
    return price
