"""MAGE of all data of a person and of each of their days, from the grid of five minutes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.arrays import DAY, Values
from transforms.glucose.mage import KINDS, STEP_MIN, mage

Row = dict[str, object]
EPOCH = dt.date(1970, 1, 1)


def mage_days(grid: pa.Table, reading_counts: Mapping[str, int]) -> list[Row]:
    """For everybody with readings: a row over all data (date None), then one per day.

    `grid` is participant_id, start_local and glucose_mgdl of each point, by person and instant;
    `reading_counts` are the readings that it was made of.
    """
    rows: list[Row] = []
    for who, count in reading_counts.items():
        own = grid.filter(pc.equal(grid["participant_id"], who))
        rows += [{"participant_id": who, **row} for row in _of_one(own, count)]
    return rows


def _of_one(grid: pa.Table, reading_count: int) -> list[Row]:
    values = np.asarray(grid["glucose_mgdl"].fill_null(np.nan)).astype(np.float64)
    # midnight ends a day
    days = (np.asarray(grid["start_local"].cast(pa.int64())).astype(np.int64) - 1) // DAY
    firsts = np.flatnonzero(np.diff(days, prepend=days[0] - 1)) if len(days) else days
    pieces = np.split(values, firsts[1:]) if len(days) else []
    rows = [_row(None, values, reading_count)] if reading_count else []
    rows += [
        _row(EPOCH + dt.timedelta(days=int(day)), piece, None)
        for day, piece in zip(days[firsts], pieces, strict=True)
        if not np.isnan(piece).all()
    ]
    return rows


def _row(date: dt.date | None, values: Values, reading_count: int | None) -> Row:
    known = np.flatnonzero(~np.isnan(values))
    found = mage(values)
    return {
        "date": date,
        "reading_count": reading_count,
        "observed_min": float(len(known) * STEP_MIN),
        "span_min": float((known[-1] - known[0] + 1) * STEP_MIN) if len(known) else 0.0,
        **{f"mage_{k}_mgdl": None if np.isnan(found[k]) else found[k] for k in KINDS},
    }
