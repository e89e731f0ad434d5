"""Instant, wall clock and how both are known, for every row of a shape.

time_basis, from best to worst: offset, utc, device_clock, zone, zone_inferred, unresolved.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.fold import by_device_clock, by_record_order
from transforms.timeline import SECOND, Mask, Micros, Resolved, Timeline

MINUTE = 60 * SECOND
BASES = ("offset", "utc", "device_clock", "zone", "zone_inferred", "unresolved")
OFFSET, UTC, DEVICE_CLOCK, ZONE, ZONE_INFERRED, UNRESOLVED = range(6)


@dataclass(frozen=True)
class Column:
    """A timestamp column as integers, with what is missing."""

    micros: Micros
    known: Mask

    @classmethod
    def of(cls, table: pa.Table, name: str) -> Column:
        column = table.column(name).combine_chunks()
        if pa.types.is_timestamp(column.type):
            column = column.cast(pa.timestamp("us", column.type.tz)).view(pa.int64())
        known = np.asarray(pc.is_valid(column))
        return cls(np.asarray(pc.fill_null(column, 0)).astype(np.int64), known)

    def arrow(self, tz: str | None) -> pa.Array:
        values = pa.array(self.micros, pa.int64(), mask=~self.known)
        return values.cast(pa.timestamp("us", tz))


@dataclass(frozen=True)
class Times:
    """Start and end of every row; `basis` indexes BASES."""

    start: Column
    start_local: Column
    end: Column
    end_local: Column
    basis: np.ndarray[tuple[int], np.dtype[np.int8]]
    is_nonexistent: Mask = field(repr=False)

    def columns(self) -> dict[str, pa.Array]:
        """The canonical time columns."""
        basis = pa.DictionaryArray.from_arrays(pa.array(self.basis), pa.array(BASES))
        return {
            "start_at": self.start.arrow("UTC"),
            "start_local": self.start_local.arrow(None),
            "end_at": self.end.arrow("UTC"),
            "end_local": self.end_local.arrow(None),
            "time_basis": basis,
        }


def times(rows: pa.Table, clock: Timeline | None) -> Times:
    """Times of rows in the columns of a shape (plus file), by a participant's timeline.

    Without a timeline, rows that need one stay unresolved: a wall clock without an instant, an
    instant without a wall clock.
    """
    utc, wall = Column.of(rows, "start_utc"), Column.of(rows, "start_wall")
    offset = Column.of(rows, "start_offset_min")
    start, local, basis, nonexistent = _starts(rows, clock, utc, wall, offset)
    end, end_local = _ends(rows, clock, start, local, wall, basis)
    return Times(start, local, end, end_local, basis, nonexistent)


def _starts(
    rows: pa.Table, clock: Timeline | None, utc: Column, wall: Column, offset: Column
) -> tuple[Column, Column, np.ndarray[tuple[int], np.dtype[np.int8]], Mask]:
    stated = offset.known | (utc.known & wall.known)
    shift = np.where(offset.known, offset.micros * MINUTE, wall.micros - utc.micros)
    instant = np.where(utc.known, utc.micros, wall.micros - shift)
    local = np.where(wall.known, wall.micros, utc.micros + shift)
    basis = np.where(stated, OFFSET, np.where(utc.known, UTC, UNRESOLVED)).astype(np.int8)
    known, local_known = stated | utc.known, stated | wall.known
    nonexistent = np.zeros(len(basis), np.bool_)
    if clock is None:
        return Column(instant, known), Column(local, local_known), basis, nonexistent
    bare = utc.known & ~stated
    if bare.any():
        local = np.where(bare, clock.wall(utc.micros), local)
        local_known = local_known | bare
    naive = wall.known & ~stated
    if naive.any():
        chosen, how, nonexistent = _by_zone(rows, clock, wall, naive)
        instant = np.where(naive, chosen, instant)
        basis = np.where(naive, how, basis).astype(np.int8)
        settled = naive & (how != UNRESOLVED)
        local = np.where(settled, clock.wall(chosen), local)
        known = known | settled
    return Column(instant, known), Column(local, local_known), basis, nonexistent


def _by_zone(
    rows: pa.Table, clock: Timeline, wall: Column, naive: Mask
) -> tuple[Micros, np.ndarray[tuple[int], np.dtype[np.int8]], Mask]:
    """Instants of wall clocks: once, or twice and settled by a counter or the record order."""
    anchor = Column.of(rows, "anchor_wall")
    anchored = np.where(anchor.known, anchor.micros, wall.micros)
    found = clock.resolve(anchored)
    how = np.full(len(anchored), ZONE, np.int8)
    how[found.count == 0] = ZONE_INFERRED
    chosen = found.first.copy()
    twice = naive & (found.count > 1)
    how[twice] = UNRESOLVED
    if twice.any():
        _settle(rows, found, anchored, naive, twice, chosen, how)
    return chosen + wall.micros - anchored, how, naive & (found.count == 0)


def _settle(
    rows: pa.Table,
    found: Resolved,
    wall: Micros,
    naive: Mask,
    twice: Mask,
    chosen: Micros,
    how: np.ndarray[tuple[int], np.dtype[np.int8]],
) -> None:
    """Fill in `chosen` and `how` for wall clocks that were shown twice."""
    if "clock_s" in rows.column_names:
        settled, instant = by_device_clock(rows, found, naive & (found.count == 1), twice)
        chosen[settled], how[settled] = instant[settled], DEVICE_CLOCK
        twice = twice & ~settled
    if twice.any():
        settled, instant = by_record_order(rows, found, wall, naive, twice)
        chosen[settled], how[settled] = instant[settled], ZONE_INFERRED


def _ends(
    rows: pa.Table,
    clock: Timeline | None,
    start: Column,
    start_local: Column,
    start_wall: Column,
    basis: np.ndarray[tuple[int], np.dtype[np.int8]],
) -> tuple[Column, Column]:
    utc, wall = Column.of(rows, "end_utc"), Column.of(rows, "end_wall")
    offset, anchor = Column.of(rows, "end_offset_min"), Column.of(rows, "anchor_wall")
    if not (utc.known.any() or wall.known.any()):
        return utc, wall
    stated = offset.known | (utc.known & wall.known)
    shift = np.where(offset.known, offset.micros * MINUTE, wall.micros - utc.micros)
    instant = np.where(utc.known, utc.micros, wall.micros - shift)
    local = np.where(wall.known, wall.micros, utc.micros + shift)
    known, local_known = stated | utc.known, stated | wall.known
    naive = wall.known & ~stated & start.known
    # in the offset of the session's start, or of a start whose own offset was stated
    elapsed = naive & (anchor.known | (basis == OFFSET))
    instant = np.where(elapsed, start.micros + wall.micros - start_wall.micros, instant)
    known = known | elapsed
    if clock is not None:
        own = naive & ~elapsed
        if own.any():
            found = clock.resolve(wall.micros)
            after = np.where(found.first >= start.micros, found.first, found.last)
            instant, known = np.where(own, after, instant), known | own
        local = np.where(known & ~stated, clock.wall(instant), local)
        local_known = local_known | known
    else:
        same = known & ~stated & start_local.known
        local = np.where(same, start_local.micros + instant - start.micros, local)
        local_known = local_known | same
    return Column(instant, known), Column(local, local_known)
