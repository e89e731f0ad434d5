"""Where a clock stood: UTC offset as a step function of the instant.

Local to UTC is done here, on whole columns, and never in SQL, where hours that do not exist or
exist twice are answered without complaint. Instants and wall clocks are int64 microseconds.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np

from transforms.arrays import DAY as DAY
from transforms.arrays import HOUR as HOUR
from transforms.arrays import MINUTE as MINUTE
from transforms.arrays import SECOND as SECOND
from transforms.arrays import Mask as Mask
from transforms.arrays import Micros as Micros

# Offsets of all zones lie between these (Etc/GMT+12, Pacific/Kiritimati).
LOWEST, HIGHEST = -12 * HOUR, 14 * HOUR
LONG_AGO, FAR_AHEAD = -(1 << 62), 1 << 62
# Since 1900 no zone has changed its clocks and changed them back within so long.
_ASKED_S = 4 * 86_400
_EPOCH = dt.datetime(1970, 1, 1)
# A day within the calendar of datetime, for every zone to be in it.
_FIRST_SECOND = int(dt.datetime(1, 1, 2, tzinfo=dt.UTC).timestamp())
_LAST_SECOND = int(dt.datetime(9999, 12, 30, tzinfo=dt.UTC).timestamp())


@dataclass(frozen=True)
class Stay:
    """From `since` (wall clock of the zone being left; None for the first) in `zone`.

    `until`, on the clock of `zone`, gives back to what held before; None: until the next stay.
    """

    since: dt.datetime | None
    zone: str
    until: dt.datetime | None = None


@dataclass(frozen=True)
class Span:
    """A zone from one instant to another, and on what ground.

    basis   home (the zone of the settings), settings (a journey named there), evidence (what the
            exports tell)
    """

    start: int
    end: int
    zone: str
    basis: str = "home"


@dataclass(frozen=True)
class Resolved:
    """What a timeline says of wall clocks. All arrays have the length of what was asked.

    count    0 the wall clock did not exist, 1 it did once, 2 (or more) it did twice
    first    the instant; of two the earlier one; of none the one by the offset before the jump
    last     the instant; of two the later one
    """

    count: Micros
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

    def repeated(self) -> list[tuple[int, int]]:
        """The stretches of the wall clock that it showed twice, from and to."""
        back = np.flatnonzero(np.diff(self.offset) < 0) + 1
        ends = (self.start[back] + self.offset[back], self.start[back] + self.offset[back - 1])
        return list(zip(*(each.tolist() for each in ends), strict=True))

    def resolve(self, wall: Micros) -> Resolved:
        """The instants at which the clock showed `wall`."""
        lowest = np.searchsorted(self.start, wall - HIGHEST, side="right") - 1
        highest = np.searchsorted(self.start, wall - LOWEST, side="right") - 1
        count = np.ones(len(wall), np.int64)
        first = wall - self.offset[lowest]
        last = first.copy()
        near = np.flatnonzero(highest > lowest)  # a change is less than a day away
        if len(near):
            found = self._resolve_near(wall[near], lowest[near], highest[near])
            count[near], first[near], last[near] = found.count, found.first, found.last
        return Resolved(count, first, last)

    def _resolve_near(self, wall: Micros, lowest: Micros, highest: Micros) -> Resolved:
        """The same where several segments may have shown a wall clock."""
        end = np.append(self.start[1:], FAR_AHEAD)
        count, first, last = np.zeros((3, len(wall)), np.int64)
        for step in range(int((highest - lowest).max()) + 1):
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
    return timeline_of(spans_of(stays, first_year, last_year), first_year, last_year)


def timeline_of(spans: Iterable[Span], first_year: int, last_year: int) -> Timeline:
    """The offsets of spans that follow each other without a hole.

    Raises: zoneinfo.ZoneInfoNotFoundError for an unknown zone.
    """
    starts, offsets = [], []
    for span in spans:
        begins, shown = _transitions(span.zone, first_year, last_year)
        inside = np.searchsorted(begins, span.start, side="right") - 1
        later = (begins > span.start) & (begins < span.end)
        starts += [np.array([span.start], np.int64), begins[later]]
        offsets += [shown[inside : inside + 1], shown[later]]
    return Timeline(np.concatenate(starts), np.concatenate(offsets))


def spans_of(stays: Iterable[Stay], first_year: int, last_year: int) -> list[Span]:
    """The instants between which each stay lasted; the first stay is home.

    Raises: zoneinfo.ZoneInfoNotFoundError for an unknown zone; ValueError for stays out of order.
    """
    spans: list[Span] = []
    home = ""
    for stay in stays:
        if stay.since is None:
            spans, home = [Span(LONG_AGO, FAR_AHEAD, stay.zone)], stay.zone
            continue
        since = _instant(spans, stay.since, first_year, last_year)
        if since <= spans[-1].start:
            raise ValueError("stays must be in the order of their beginnings")
        spans[-1] = replace(spans[-1], end=since)
        spans.append(Span(since, FAR_AHEAD, stay.zone, "settings"))
        if stay.until is not None:
            until = _instant(spans, stay.until, first_year, last_year)
            if until <= since:
                raise ValueError("a stay must end after it begins")
            spans[-1] = replace(spans[-1], end=until)
            spans.append(Span(until, FAR_AHEAD, home))
    return spans


def overlaid(spans: Iterable[Span], over: Iterable[Span]) -> list[Span]:
    """`spans` with those of `over`, which do not overlap each other, in their place."""
    result = list(spans)
    for new in over:
        kept: list[Span] = []
        for old in result:
            if old.end <= new.start or old.start >= new.end:
                kept.append(old)
                continue
            if old.start < new.start:
                kept.append(replace(old, end=new.start))
            if old.end > new.end:
                kept.append(replace(old, start=new.end))
        result = sorted([*kept, new], key=lambda span: span.start)
    return result


@lru_cache(maxsize=65_536)
def offset_of(zone: str, instant: int) -> int:
    """Wall clock minus UTC of a zone at an instant, microseconds; beyond the calendar as there."""
    second = min(max(instant // SECOND, _FIRST_SECOND), _LAST_SECOND)
    moment = dt.datetime.fromtimestamp(second, dt.UTC).astimezone(ZoneInfo(zone))
    return (moment.utcoffset() or dt.timedelta()) // dt.timedelta(microseconds=1)


def _instant(spans: list[Span], wall: dt.datetime, first_year: int, last_year: int) -> int:
    """The instant at which the clock of the spans so far showed `wall`."""
    micros = (wall - _EPOCH) // dt.timedelta(microseconds=1)
    shown = timeline_of(spans, first_year, last_year).resolve(np.array([micros], np.int64))
    return int(shown.first[0])


@lru_cache(maxsize=512)
def _transitions(zone: str, first_year: int, last_year: int) -> tuple[Micros, Micros]:
    """Instants and offsets of a zone, found by asking it every few days and closing in."""
    info = ZoneInfo(zone)

    def offset_at(second: int) -> int:
        delta = dt.datetime.fromtimestamp(second, info).utcoffset() or dt.timedelta()
        return delta // dt.timedelta(microseconds=1)

    first = int(dt.datetime(first_year, 1, 1, tzinfo=dt.UTC).timestamp()) - 2 * 86_400
    last = int(dt.datetime(last_year + 1, 1, 1, tzinfo=dt.UTC).timestamp()) + 2 * 86_400
    starts, offsets = [LONG_AGO], [offset_at(first)]
    for asked in range(first, last + _ASKED_S, _ASKED_S):
        if offset_at(asked) == offsets[-1]:
            continue
        low, high = asked - _ASKED_S, asked
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if offset_at(middle) == offsets[-1] else (low, middle)
        starts.append(high * SECOND)
        offsets.append(offset_at(high))
    return np.array(starts, np.int64), np.array(offsets, np.int64)
