"""The table `mage`: what SQL cannot say well, from the chosen stream of the views.

Kept as Parquet, so that every client of the lake can read it. A pure function of the canonical
samples, of the priority of glucose and of the longest gap to bridge.
"""

from __future__ import annotations

import datetime as dt

import numpy as np
import pyarrow as pa

from flows.settings import Settings
from transforms.arrays import Values
from transforms.glucose.mage import KINDS, STEP_MIN, mage
from warehouse.schema import MAGE
from warehouse.store.lake import Lake
from warehouse.views import views_for

GRID = """
    select (start_local - interval 1 microsecond)::date - date '1970-01-01' as day, glucose_mgdl
    from glucose_5min
    order by start_at
"""
COUNT = "select count(*) from glucose where start_local is not null"


def mage_table(lake: Lake, participant: str, settings: Settings) -> pa.Table:
    """A participant's rows, from their canonical tables."""
    rules, priority = settings.rules.model_dump(), settings.priority.model_dump()
    with views_for("glucose_5min", lake, participant, rules, priority) as connection:
        ((count,),) = connection.execute(COUNT).fetchall()
        grid = connection.sql(GRID).to_arrow_table()
    return _rows(grid, count)


def _rows(grid: pa.Table, reading_count: int) -> pa.Table:
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
    return pa.Table.from_pylist(rows, MAGE)


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
