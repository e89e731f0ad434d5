"""Instant, wall clock and how both are known, for every row of a shape.

time_basis, from best to worst: offset, utc, device_clock, zone, zone_inferred, unresolved.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.clocks.known import Clocks
from transforms.clocks.timeline import MINUTE, Mask, Micros
from transforms.clocks.wall_clock import (
    BASES,
    OFFSET,
    UNRESOLVED,
    UTC,
    ZONE,
    ZONE_INFERRED,
    Basis,
    placed,
)
from transforms.clocks.writers import written_by


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
    basis: Basis
    is_nonexistent: Mask = field(repr=False)
    is_unmoved: Mask = field(repr=False)

    def without(self, rows: Mask) -> Times:
        """The same without the instants of some rows; their wall clocks stay as they are told."""
        if not rows.any():
            return self
        start, end = (Column(each.micros, each.known & ~rows) for each in (self.start, self.end))
        basis = np.where(rows, UNRESOLVED, self.basis).astype(np.int8)
        return replace(self, start=start, end=end, basis=basis)

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


def times(rows: pa.Table, clocks: Clocks | None) -> Times:
    """Times of rows in the columns of a shape (plus connector and file), by a participant's clocks.

    Without clocks, rows that need one stay unresolved: a wall clock without an instant, an
    instant without a wall clock.
    """
    told = _Told.of(rows, "start"), _Told.of(rows, "end")
    if clocks is not None and clocks.defaults:
        told = _undone(written_by(rows, clocks.defaults), *told)
    start, local, basis, nonexistent, unmoved = _starts(rows, clocks, told[0])
    end, end_local, in_doubt = _ends(rows, clocks, start, local, told, basis)
    basis = np.where(in_doubt & (basis == ZONE), ZONE_INFERRED, basis).astype(np.int8)
    return Times(start, local, end, end_local, basis, nonexistent, unmoved)


@dataclass(frozen=True)
class _Told:
    """What is reported of a moment: the instant, the wall clock, the offset in minutes."""

    utc: Column
    wall: Column
    offset: Column

    @classmethod
    def of(cls, rows: pa.Table, end: str) -> _Told:
        names = (f"{end}_utc", f"{end}_wall", f"{end}_offset_min")
        return cls(*(Column.of(rows, name) for name in names))

    @property
    def stated(self) -> Mask:
        """Where the offset is known."""
        known: Mask = self.offset.known | (self.utc.known & self.wall.known)
        return known

    @property
    def shift(self) -> Micros:
        """The offset in microseconds, where it is known."""
        offset = self.offset.micros * MINUTE
        return np.where(self.offset.known, offset, self.wall.micros - self.utc.micros)

    def instant_only(self, rows: Mask, shift: Micros) -> _Told:
        """The same without the wall clock of some rows, whose instant it tells by an offset."""
        rows = rows & (self.utc.known | self.wall.known)
        instant = np.where(self.utc.known, self.utc.micros, self.wall.micros - shift)
        return _Told(
            Column(np.where(rows, instant, self.utc.micros), self.utc.known | rows),
            Column(self.wall.micros, self.wall.known & ~rows),
            Column(self.offset.micros, self.offset.known & ~rows),
        )


def _undone(mine: Mask, start: _Told, end: _Told) -> tuple[_Told, _Told]:
    """Moments of rows without an offset that is only their writer's default."""
    mine = mine & start.stated
    own = np.where(end.stated, end.shift, start.shift)
    return start.instant_only(mine, start.shift), end.instant_only(mine, own)


def _starts(
    rows: pa.Table, clocks: Clocks | None, told: _Told
) -> tuple[Column, Column, Basis, Mask, Mask]:
    utc, wall, stated, shift = told.utc, told.wall, told.stated, told.shift
    instant = np.where(utc.known, utc.micros, wall.micros - shift)
    local = np.where(wall.known, wall.micros, utc.micros + shift)
    basis = np.where(stated, OFFSET, np.where(utc.known, UTC, UNRESOLVED)).astype(np.int8)
    known, local_known = stated | utc.known, stated | wall.known
    nonexistent, unmoved = np.zeros((2, len(basis)), np.bool_)
    if clocks is None:
        return Column(instant, known), Column(local, local_known), basis, nonexistent, unmoved
    bare = utc.known & ~stated
    if bare.any():
        local = np.where(bare, clocks.zone.wall(utc.micros), local)
        local_known = local_known | bare
    naive = wall.known & ~stated
    if naive.any():
        found = placed(rows, clocks, wall.micros, _anchored(rows, wall), naive)
        instant = np.where(naive, found.instant, instant)
        basis = np.where(naive, found.basis, basis).astype(np.int8)
        settled = naive & (found.basis != UNRESOLVED)
        local = np.where(settled, clocks.zone.wall(found.instant), local)
        known = known | settled
        nonexistent, unmoved = found.is_nonexistent, found.is_unmoved
    return Column(instant, known), Column(local, local_known), basis, nonexistent, unmoved


def _anchored(rows: pa.Table, wall: Column) -> Micros:
    """The wall clock that tells a row's offset: its own, or that of its session's start."""
    anchor = Column.of(rows, "anchor_wall")
    return np.where(anchor.known, anchor.micros, wall.micros)


def _ends(
    rows: pa.Table,
    clocks: Clocks | None,
    start: Column,
    start_local: Column,
    told: tuple[_Told, _Told],
    basis: Basis,
) -> tuple[Column, Column, Mask]:
    """Instants and wall clocks of ends, and which of them the clock showed twice after the start:
    the first is taken."""
    in_doubt = np.zeros(rows.num_rows, np.bool_)
    start_wall, (utc, wall) = told[0].wall, (told[1].utc, told[1].wall)
    anchor = Column.of(rows, "anchor_wall")
    if not (utc.known.any() or wall.known.any()):
        return utc, wall, in_doubt
    stated, shift = told[1].stated, told[1].shift
    instant = np.where(utc.known, utc.micros, wall.micros - shift)
    local = np.where(wall.known, wall.micros, utc.micros + shift)
    known, local_known = stated | utc.known, stated | wall.known
    naive = wall.known & ~stated & start.known
    # in the offset of the session's start, or of a start whose own offset was stated
    elapsed = naive & (anchor.known | (basis == OFFSET))
    instant = np.where(elapsed, start.micros + wall.micros - start_wall.micros, instant)
    known = known | elapsed
    if clocks is not None:
        own = naive & ~elapsed
        if own.any():
            found = clocks.zone.resolve(wall.micros)
            after = np.where(found.first >= start.micros, found.first, found.last)
            instant, known = np.where(own, after, instant), known | own
            in_doubt = own & (found.count > 1) & (found.first >= start.micros)
        local = np.where(known & ~stated, clocks.zone.wall(instant), local)
        local_known = local_known | known
    else:
        same = known & ~stated & start_local.known
        local = np.where(same, start_local.micros + instant - start.micros, local)
        local_known = local_known | same
    return Column(instant, known), Column(local, local_known), in_doubt
