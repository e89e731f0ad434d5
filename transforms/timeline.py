"""Where a participant's clock stood: UTC offset as a step function of the instant.

Local to UTC is done here, on whole columns, and never in SQL, where hours that do not exist or
exist twice are answered without complaint. Instants and wall clocks are int64 microseconds.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

Micros = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

SECOND = 1_000_000
HOUR = 3_600 * SECOND
DAY = 24 * HOUR
_EPOCH = dt.datetime(1970, 1, 1)
# Offsets of all zones lie between these (Etc/GMT+12, Pacific/Kiritimati).
_LOWEST, _HIGHEST = -12 * HOUR, 14 * HOUR
_LONG_AGO, _FAR_AHEAD = -(1 << 62), 1 << 62


@dataclass(frozen=True)
class Stay:
    """From `since` (wall clock of the zone being left; None for the first) in `zone`."""

    since: dt.datetime | None
    zone: str


@dataclass(frozen=True)
class Resolved:
    """What a timeline says of wall clocks. All arrays have the length of what was asked.

    count    0 the wall clock did not exist, 1 it did once, 2 (or more) it did twice
    first    the instant; of two the earlier one; of none the one by the offset before the jump
    last     the instant; of two the later one
    """

    count: npt.NDArray[np.int64]
    first: Micros
    last: Micros


@dataclass(frozen=True)
class Timeline:
    """Offset `offset[i]` holds from instant `start[i]` until `start[i + 1]`."""

    start: Micros
    offset: Micros

    def offset_at(self, instant: Micros) -> Micros:
        """Wall clock minus UTC at each instant."""
        return self.offset[np.searchsorted(self.start, instant, side="right") - 1]

    def wall(self, instant: Micros) -> Micros:
        """The wall clock at each instant."""
        return instant + self.offset_at(instant)

    def resolve(self, wall: Micros) -> Resolved:
        """The instants at which the clock showed `wall`."""
        end = np.append(self.start[1:], _FAR_AHEAD)
        lowest = np.searchsorted(self.start, wall - _HIGHEST, side="right") - 1
        highest = np.searchsorted(self.start, wall - _LOWEST, side="right") - 1
        count = np.zeros(len(wall), np.int64)
        first = np.zeros(len(wall), np.int64)
        last = np.zeros(len(wall), np.int64)
        for step in range(int((highest - lowest).max(initial=0)) + 1):
            segment = np.minimum(lowest + step, highest)
            instant = wall - self.offset[segment]
            holds = (self.start[segment] <= instant) & (instant < end[segment])
            holds &= lowest + step <= highest
            first = np.where(holds & (count == 0), instant, first)
            last = np.where(holds, instant, last)
            count += holds
            # past the end of this segment and of none: the clock was moved over this hour
            jumped = ~holds & (instant >= end[segment]) & (count == 0)
            first = np.where(jumped, instant, first)
        return Resolved(count, first, np.where(count == 0, first, last))


def timeline(stays: Iterable[Stay], first_year: int, last_year: int) -> Timeline:
    """The offsets of a participant from one year to another, stay by stay.

    Raises: zoneinfo.ZoneInfoNotFoundError for an unknown zone; ValueError for stays out of order.
    """
    start: Micros = np.array([_LONG_AGO], np.int64)
    offset: Micros = np.array([0], np.int64)
    before = _LONG_AGO
    for stay in stays:
        begins, offsets = _transitions(stay.zone, first_year, last_year)
        if stay.since is None:
            start, offset = begins, offsets
            continue
        since = _change(Timeline(start, offset), stay.since)
        if since <= before:
            raise ValueError("stays must be in the order of their beginnings")
        before, kept = since, start < since
        inside = np.searchsorted(begins, since, side="right") - 1
        start = np.concatenate([start[kept], [since], begins[inside + 1 :]])
        offset = np.concatenate([offset[kept], [offsets[inside]], offsets[inside + 1 :]])
    return Timeline(start, offset)


def _change(before: Timeline, since: dt.datetime) -> int:
    """The instant at which the old zone's clock showed `since`."""
    wall = (since - _EPOCH) // dt.timedelta(microseconds=1)
    return int(before.resolve(np.array([wall], np.int64)).first[0])


@lru_cache(maxsize=64)
def _transitions(zone: str, first_year: int, last_year: int) -> tuple[Micros, Micros]:
    """Instants and offsets of a zone, found by asking it twice a day and closing in."""
    info = ZoneInfo(zone)

    def offset_at(second: int) -> int:
        delta = dt.datetime.fromtimestamp(second, info).utcoffset() or dt.timedelta()
        return delta // dt.timedelta(microseconds=1)

    first = int(dt.datetime(first_year, 1, 1, tzinfo=dt.UTC).timestamp()) - 2 * 86_400
    last = int(dt.datetime(last_year + 1, 1, 1, tzinfo=dt.UTC).timestamp()) + 2 * 86_400
    starts, offsets = [_LONG_AGO], [offset_at(first)]
    for asked in range(first, last, 43_200):
        if offset_at(asked) == offsets[-1]:
            continue
        low, high = asked - 43_200, asked
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if offset_at(middle) == offsets[-1] else (low, middle)
        starts.append(high * SECOND)
        offsets.append(offset_at(high))
    return np.array(starts, np.int64), np.array(offsets, np.int64)
