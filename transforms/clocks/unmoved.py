"""Clocks that nobody moved: a reader goes on through a spring night as if nothing had happened.

The sign is a series of readings at times that never were. From there on the clock is behind its
owner's, until a hand sets it (the series jumps ahead by just that much) or the zone comes back.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.clocks.timeline import DAY, MINUTE, Mask, Micros, Timeline
from transforms.sources import by_source

FEWEST = 2  # readings at times that never were
SMALLEST_SHARE = 0.5  # of those that the rhythm of the series would put there


@dataclass(frozen=True)
class Unmoved:
    """From `first` to `until`, on its own face, a device's clock kept `offset` (microseconds)."""

    connector: str
    device: str
    first: int
    until: int
    last: int  # the last reading in that time, on its own face too
    offset: int
    behind: int  # by how much, microseconds

    def covers(self, rows: pa.Table, wall: Micros) -> Mask:
        """Which rows this clock wrote in that time."""
        inside: Mask = (wall >= self.first) & (wall < self.until)
        if not inside.any():
            return inside
        device = pc.fill_null(rows["device"].cast(pa.string()), "")
        mine = pc.and_(
            pc.equal(device, self.device),
            pc.equal(rows["connector"].cast(pa.string()), self.connector),
        )
        covered: Mask = inside & np.asarray(mine)
        return covered


def unmoved(rows: pa.Table, clock: Timeline) -> list[Unmoved]:
    """The stretches of every device that wrote readings at times that never were.

    `rows` has connector, device and start_wall of the readings of sensors without a counter.
    """
    found: list[Unmoved] = []
    wall = np.asarray(rows["start_wall"].cast(pa.int64())).astype(np.int64)
    for (connector, device), mine in by_source(rows):
        found += _of_device(connector, device, np.unique(wall[mine]), clock)
    return found


def _of_device(connector: str, device: str, wall: Micros, clock: Timeline) -> Iterable[Unmoved]:
    steps = np.diff(wall)
    if not len(steps):
        return
    rhythm = float(np.median(steps))
    until_before = -DAY
    for index in (np.flatnonzero(np.diff(clock.offset) > 0) + 1).tolist():
        start, before = int(clock.start[index]), int(clock.offset[index - 1])
        size = int(clock.offset[index]) - before
        first = start + before
        inside = int(((wall >= first) & (wall < first + size)).sum())
        expected = SMALLEST_SHARE * size / max(rhythm, MINUTE)
        if size >= DAY or inside < max(FEWEST, expected) or first < until_before:
            continue
        until_before = _until(wall, steps, rhythm, first + size, size, before, index, clock)
        last = int(wall[np.searchsorted(wall, until_before) - 1])
        yield Unmoved(connector, device, first, until_before, last, before, size)


def _until(
    wall: Micros,
    steps: Micros,
    rhythm: float,
    after: int,
    size: int,
    kept: int,
    index: int,
    clock: Timeline,
) -> int:
    """When, on its face, the clock is right again: set by a hand, or the zone has come back."""
    back = np.flatnonzero(clock.offset[index:] <= kept) + index
    end = int(wall[-1]) + MINUTE
    if len(back):
        # through the hour that others see twice: this clock shows it once
        turn = int(back[0])
        end = min(end, int(clock.start[turn] + max(clock.offset[turn - 1 : turn + 1])))
    jumps = (wall[:-1] >= after) & (wall[1:] < end)
    jumps &= np.abs(steps - rhythm - size) <= rhythm / 2
    hand = np.flatnonzero(jumps)
    return int(wall[hand[0] + 1]) if len(hand) else end
