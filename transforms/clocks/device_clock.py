"""What the clock of one device showed, and when a row that it wrote without a counter was written.

Between the last reading before a move of the clock and the first one after it nobody knows when it
was moved. A row of that time has the clock of its nearer neighbour.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from transforms.clocks.counter import Run
from transforms.clocks.known import Clocks
from transforms.clocks.timeline import DAY, LONG_AGO, MINUTE, Mask, Micros, Timeline
from transforms.sources import by_source


@dataclass(frozen=True)
class Move:
    """Between the instants `until` and `since` a clock was moved by `after` - `before`."""

    until: int
    since: int
    before: int
    after: int


@dataclass(frozen=True)
class Shown:
    """Instants of walls on a device's clock, by rows.

    count      at how many instants the clock showed it; two are `first` and `last`
    is_open    whether it was settled by what is near
    """

    count: Micros
    first: Micros
    last: Micros
    is_open: Mask


@dataclass(frozen=True)
class DeviceClock:
    """What the clock of one device showed, from its runs; `near` tells where they speak."""

    runs: Sequence[Run]
    timeline: Timeline
    moves: tuple[Move, ...]

    @classmethod
    def of(cls, runs: Sequence[Run]) -> DeviceClock:
        """`runs` are anchored and in the order of their beginnings, at least one."""
        start, offset, until = [LONG_AGO], [runs[0].offset_min or 0], runs[0].last
        moves = []
        for run in runs[1:]:
            if run.offset_min != offset[-1] and run.last > until:
                start.append(max(run.first, until + 1))
                offset.append(run.offset_min or 0)
                before, after = (MINUTE * minutes for minutes in offset[-2:])
                moves.append(Move(until, start[-1], before, after))
            until = max(until, run.last)
        clock = Timeline(np.array(start, np.int64), MINUTE * np.array(offset, np.int64))
        return cls(runs, clock, tuple(moves))

    def shown(self, wall: Micros) -> Shown:
        """When the clock showed `wall`, as far as it is known."""
        found = self.timeline.resolve(wall)
        count, first, last = found.count.copy(), found.first.copy(), found.last.copy()
        is_open = np.zeros(len(wall), np.bool_)
        for move in self.moves:
            old, new = wall - move.before, wall - move.after
            may_be_new = (move.until < new) & (new < move.since)
            may_be_old = (move.until < old) & (old < move.since)
            alone = may_be_new & ~may_be_old & (count == 0)
            is_nearer = may_be_new & may_be_old & (old - move.until > move.since - new)
            first, last = (np.where(alone | is_nearer, new, each) for each in (first, last))
            count[alone | is_nearer] = 1
            is_open |= may_be_new & may_be_old
        return Shown(count, first, last, is_open)

    def near(self, instant: Micros) -> Mask:
        """Which instants lie in a run or within a day of one."""
        return self._within(self.runs, instant)

    def is_doubted(self, instant: Micros) -> Mask:
        """Which instants lie in a run that is not sure, or within a day of one."""
        return self._within([run for run in self.runs if not run.is_sure], instant)

    def _within(self, runs: Sequence[Run], instant: Micros) -> Mask:
        if not runs:
            return np.zeros(len(instant), np.bool_)
        first = np.array([run.first for run in runs], np.int64)
        last = np.maximum.accumulate(np.array([run.last for run in runs], np.int64))
        place = np.searchsorted(first, instant + DAY, side="right") - 1
        near: Mask = (place >= 0) & (instant <= last[place.clip(0)] + DAY)
        return near

    def by_records(self, file: str, record: int, early: int, late: int) -> int | None:
        """Of two offsets the one that the records around it have, if their order tells it."""
        mine = [run for run in self.runs if run.file == file]
        before = [r.last_record for r in mine if (r.offset_min or 0) * MINUTE == early]
        after = [r.first_record for r in mine if (r.offset_min or 0) * MINUTE == late]
        if not before or not after:
            return None
        if max(before) >= min(after):
            return None  # sorted by the clock, both passes interleaved
        if record < max(before):
            return early
        return late if record > min(after) else None


def of_devices(rows: pa.Table, clocks: Clocks) -> list[tuple[Mask, DeviceClock]]:
    """Of each device with runs the rows that it wrote, and its clock."""
    streams = clocks.streams()
    if not streams:
        return []
    return [
        (mine, DeviceClock.of(streams[source]))
        for source, mine in by_source(rows)
        if source in streams
    ]
