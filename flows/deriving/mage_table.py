"""The table `mage`: what SQL cannot say well, from the chosen stream of the views.

Kept as Parquet, so that every client of the lake can read it. A pure function of the canonical
samples, of the priority of glucose and of the longest gap to bridge.
"""

from __future__ import annotations

import pyarrow as pa

from flows.settings import Settings
from transforms.glucose.mage_days import mage_days
from warehouse.schema import MAGE
from warehouse.store.lake import Lake
from warehouse.views import views_for

GRID = """
    select participant_id, start_local, glucose_mgdl
    from glucose_5min order by participant_id, start_at
"""
COUNT = """
    select participant_id, count(*)
    from glucose where start_local is not null
    group by participant_id order by participant_id
"""


def mage_table(lake: Lake, participant: str, settings: Settings) -> pa.Table:
    """A participant's rows, from their canonical tables."""
    rules, priority = settings.rules.model_dump(), settings.priority.model_dump()
    with views_for("glucose_5min", lake, participant, rules, priority) as connection:
        counts = dict(connection.execute(COUNT).fetchall())
        grid = connection.sql(GRID).to_arrow_table()
    return pa.Table.from_pylist(mage_days(grid, counts), MAGE)
