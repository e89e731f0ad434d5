"""The relation `mage`: what SQL cannot say well, from the grid of five minutes.

Kept as Parquet beside the marts, so that every client of the lake can read it.
"""

from __future__ import annotations

import duckdb
import pyarrow as pa

from transforms.glucose.mage_days import mage_days
from warehouse.schema import MAGE

GRID = """
    select participant_id, start_local, glucose_mgdl
    from glucose_5min order by participant_id, start_at
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
    return pa.Table.from_pylist(mage_days(grid, counts), MAGE)
