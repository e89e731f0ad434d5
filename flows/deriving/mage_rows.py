"""The relation `mage`: what SQL cannot say well, from the grid of five minutes.

Kept as Parquet beside the marts, so that every client of the lake can read it.
"""

from __future__ import annotations

import datetime as dt

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.glucose.mage import KINDS, STEP_MIN, Values, mage
from warehouse.schema import MAGE

GRID = """
    select
        participant_id,
        (start_local - interval 1 microsecond)::date - date '1970-01-01' as day,
        glucose_mgdl
    from glucose_5min
    order by participant_id, start_at
"""
COUNT = """
    select participant_id, count(*)
    from glucose where start_local is not null
    group by participant_id order by participant_id
"""


def mage_rows(connection: duckdb.DuckDBPyConnection) -> pa.Table:
    """The rows of everyone in `glucose` and `glucose_5min`, by participant and day."""
    counts = dict(connection.execute(COUNT).fetchall())
    grid = connection.sql(GRID).to_arrow_table()
    rows: list[dict[str, object]] = []
    for who in counts:
        own = grid.filter(pc.equal(grid["participant_id"], who))
        rows += [{"participant_id": who, **row} for row in _rows(own, counts[who])]
    return pa.Table.from_pylist(rows, MAGE)


def _rows(grid: pa.Table, reading_count: int) -> list[dict[str, object]]:
    """One row over all data and one per day, of `grid`: day since 1970, glucose_mgdl."""
    values = np.asarray(grid["glucose_mgdl"].fill_null(np.nan)).astype(np.float64)
    days = np.asarray(grid["day"]).astype(np.int64)
    firsts = np.flatnonzero(np.diff(days, prepend=-1)) if len(days) else days
    pieces = np.split(values, firsts[1:]) if len(days) else []
    rows = [_row(None, values, reading_count)] if reading_count else []
    rows += [
        _row(dt.date(1970, 1, 1) + dt.timedelta(days=int(day)), piece, None)
        for day, piece in zip(days[firsts], pieces, strict=True)
        if not np.isnan(piece).all()
    ]
    return rows


def _row(date: dt.date | None, values: Values, reading_count: int | None) -> dict[str, object]:
    known = np.flatnonzero(~np.isnan(values))
    found = mage(values)
    return {
        "date": date,
        "reading_count": reading_count,
        "observed_min": float(len(known) * STEP_MIN),
        "span_min": float((known[-1] - known[0] + 1) * STEP_MIN) if len(known) else 0.0,
        **{f"mage_{k}_mgdl": None if np.isnan(found[k]) else found[k] for k in KINDS},
    }
