"""Samples in pieces that fit into memory: some metrics at a time, of a large one some days."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.align import GLUCOSE
from transforms.arrays import DAY, Micros

PIECE_ROWS = 120_000  # of several metrics together, about 100 MB while they are aligned
LARGE_ROWS = 150_000  # of one metric that is divided by days; more is not faster, and takes memory
# A row may lie a day away from where its clock says; neighbours of a repeated hour another one.
MARGIN = 2 * DAY
_WRITTEN = "coalesce(epoch_us(start_utc), epoch_us(start_wall))"


@dataclass(frozen=True)
class Piece:
    """Some metrics whole, or the rows of one whose instants lie in [first, end), microseconds."""

    metrics: tuple[str, ...] = ()
    first: int | None = None
    end: int | None = None

    def condition(self) -> str:
        """SQL that is true for all rows that may matter to this piece."""
        listed = ", ".join(f"'{metric}'" for metric in self.metrics)
        if self.first is None or self.end is None:
            return f"metric in ({listed})"
        low, high = self.first - MARGIN, self.end + MARGIN
        return f"metric in ({listed}) and {_WRITTEN} >= {low} and {_WRITTEN} < {high}"

    def may_be_in(self, manifest: Mapping[str, Any]) -> bool:
        """Whether a file has rows that may matter to this piece."""
        ends = manifest["first_time"], manifest["last_time"]
        if self.first is None or self.end is None or None in ends:
            return True
        first, last = (np.datetime64(dt.datetime.fromisoformat(t), "us").astype(int) for t in ends)
        return bool(first < self.end + MARGIN and last >= self.first - MARGIN)

    def own(self, aligned: pa.Table) -> pa.Table:
        """Of aligned rows those of this piece; a row without an instant goes by its clock."""
        if self.first is None or self.end is None:
            return aligned
        at = _micros(aligned, "start_at")
        wall = _micros(aligned, "start_local")
        key = np.where(at == _MISSING, wall, at)
        # canonical rows are in the order of this very key
        low, high = np.searchsorted(key, [self.first, self.end])
        return aligned.slice(int(low), int(high - low))


_MISSING = np.iinfo(np.int64).min
EVERYTHING = Piece()


def pieces(connection: duckdb.DuckDBPyConnection, source: str | None) -> list[Piece]:
    """All samples in the order of metrics; glucose, and what the vendor can change, whole."""
    if source is None:
        return [EVERYTHING]
    counts = connection.execute(
        f"select metric, count(*), count(key) from {source} group by metric order by metric"
    ).fetchall()
    found: list[Piece] = []
    group: list[str] = []
    size = 0
    for metric, count, keyed in counts:
        is_divided = count > LARGE_ROWS and not keyed and metric != GLUCOSE
        if group and (is_divided or size + count > PIECE_ROWS):
            found.append(Piece(tuple(group)))
            group, size = [], 0
        if is_divided:
            found += _by_days(connection, source, metric)
        else:
            group.append(metric)
            size += count
    return [*found, Piece(tuple(group))] if group else found


def are_few(rows: int) -> bool:
    """Whether so many rows are one piece, whatever they are."""
    return rows <= min(PIECE_ROWS, LARGE_ROWS)


def of_few(rows: pa.Table) -> Piece:
    """Samples that `are_few`, as one piece."""
    return Piece(tuple(sorted(pc.unique(rows["metric"]).to_pylist())))


def _by_days(connection: duckdb.DuckDBPyConnection, source: str, metric: str) -> list[Piece]:
    """One metric in stretches of whole days with about LARGE_ROWS each."""
    days = connection.execute(
        f"""
        select {_WRITTEN} // {DAY} as day, count(*)
        from {source} where metric = '{metric}' group by day order by day
        """
    ).fetchall()
    edges: list[int] = []
    size = 0
    for day, count in days[1:]:
        size += count
        if size > LARGE_ROWS:
            edges.append(day * DAY)
            size = 0
    ends = [days[0][0] * DAY - MARGIN, *edges, days[-1][0] * DAY + MARGIN]
    return [Piece((metric,), a, b) for a, b in itertools.pairwise(ends)]


def _micros(rows: pa.Table, name: str) -> Micros:
    column = rows[name].cast(pa.int64()).combine_chunks()
    return np.asarray(column.fill_null(int(_MISSING))).astype(np.int64)
