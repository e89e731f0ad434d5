"""What is known of a participant's clocks: where the person was, and what each device showed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import pyarrow as pa

from transforms.clocks.anchor import anchored
from transforms.clocks.claims import Claim, of_phones
from transforms.clocks.counter import Run, runs
from transforms.clocks.fold import Folds
from transforms.clocks.itinerary import Itinerary, Patience, itinerary
from transforms.clocks.timeline import Span, Timeline, timeline_of
from transforms.clocks.unmoved import Unmoved, unmoved
from transforms.clocks.writers import defaults


def merged(stretches: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Stretches in the order of time, those that overlap as one."""
    result: list[tuple[int, int]] = []
    for first, last in sorted(stretches):
        if result and first <= result[-1][1]:
            result[-1] = (result[-1][0], max(result[-1][1], last))
        else:
            result.append((first, last))
    return result


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
    """The person's zones, the runs of counters, the sources whose offset is a default, the clocks
    that nobody moved, rows of repeated hours."""

    itinerary: Itinerary
    runs: tuple[Run, ...] = ()
    defaults: frozenset[str] = frozenset()
    unmoved: tuple[Unmoved, ...] = ()
    folds: Folds = field(default_factory=Folds)

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
        home = timeline_of(spans, *years)
        ignored = defaults(claims, home)
        counted: list[Run] = []
        if readings is not None:
            heard = [claim for claim in claims if claim.source not in ignored]
            counted = anchored(runs(readings.counted), home, heard, years)
        everything = by_time([*claims, *of_phones(counted)])
        where = itinerary(spans, everything, years, patience, ignored)
        open_ = [(r.first - 1, r.last + 1) for r in counted if r.follows_zone and not r.is_sure]
        where = replace(where, doubts=(*where.doubts, *merged(open_)))
        still = unmoved(readings.bare, where.timeline) if readings is not None else []
        return cls(where, tuple(counted), ignored, tuple(still))

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
