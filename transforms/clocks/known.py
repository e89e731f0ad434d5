"""What is known of a participant's clocks: where the person was, and what each device showed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from transforms.clocks.anchor import anchored
from transforms.clocks.claims import Claim, of_phones
from transforms.clocks.counter import Run, runs
from transforms.clocks.itinerary import Itinerary, Patience, itinerary
from transforms.clocks.timeline import (
    DAY,
    LONG_AGO,
    MINUTE,
    Mask,
    Micros,
    Span,
    Timeline,
    timeline_of,
)
from transforms.clocks.unmoved import Unmoved, unmoved
from transforms.copies.sources import by_source


@dataclass(frozen=True)
class Readings:
    """Rows by a wall clock: those with a counter, and those of sensors without one."""

    counted: pa.Table
    bare: pa.Table


def by_time(claims: Iterable[Claim]) -> list[Claim]:
    """Claims in the order of their beginnings."""
    return sorted(claims, key=lambda c: (c.first, c.last, c.source))


@dataclass(frozen=True)
class Clocks:
    """The person's zones, the runs of counters, the clocks that nobody moved."""

    itinerary: Itinerary
    runs: tuple[Run, ...] = ()
    unmoved: tuple[Unmoved, ...] = ()

    @classmethod
    def of(cls, zone: Timeline) -> Clocks:
        """A person who was where `zone` says, with nothing known of any device."""
        return cls(Itinerary((), zone))

    @classmethod
    def told(
        cls,
        spans: Sequence[Span],
        claims: Sequence[Claim],
        readings: Readings | None,
        years: tuple[int, int],
        patience: Patience,
    ) -> Clocks:
        """What the settings (`spans`), other sources (`claims`) and devices come to together.

        Raises: zoneinfo.ZoneInfoNotFoundError for an unknown zone.
        """
        if readings is None:
            return cls(itinerary(spans, claims, years, patience))
        counted = anchored(runs(readings.counted), timeline_of(spans, *years), claims, years)
        everything = by_time([*claims, *of_phones(counted)])
        where = itinerary(spans, everything, years, patience)
        return cls(where, tuple(counted), tuple(unmoved(readings.bare, where.timeline)))

    @property
    def zone(self) -> Timeline:
        """The offsets of where the person was."""
        return self.itinerary.timeline

    def streams(self) -> dict[tuple[str, str], list[Run]]:
        """The anchored runs of each device, earliest first."""
        found: dict[tuple[str, str], list[Run]] = {}
        anchored = [run for run in self.runs if run.offset_min is not None]
        for run in sorted(anchored, key=lambda r: (r.first, r.last, r.file)):
            found.setdefault(run.stream, []).append(run)
        return found


@dataclass(frozen=True)
class DeviceClock:
    """What the clock of one device showed, from its runs; `near` tells where they speak."""

    runs: Sequence[Run]
    timeline: Timeline

    @classmethod
    def of(cls, runs: Sequence[Run]) -> DeviceClock:
        """`runs` are anchored and in the order of their beginnings, at least one."""
        start, offset, until = [LONG_AGO], [runs[0].offset_min or 0], runs[0].last
        for run in runs[1:]:
            if run.offset_min != offset[-1] and run.last > until:
                start.append(max(run.first, until + 1))
                offset.append(run.offset_min or 0)
            until = max(until, run.last)
        return cls(runs, Timeline(np.array(start, np.int64), MINUTE * np.array(offset, np.int64)))

    def near(self, instant: Micros) -> Mask:
        """Which instants lie in a run or within a day of one."""
        first = np.array([run.first for run in self.runs], np.int64)
        last = np.maximum.accumulate(np.array([run.last for run in self.runs], np.int64))
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
