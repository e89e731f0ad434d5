"""Everything in a lake that a person can name: views, table macros, and the tables beside them."""

from __future__ import annotations

import difflib
from functools import cache

from warehouse.schema import COMPUTED_TABLES, RESULTS, TABLES
from warehouse.table_columns import TABLE_COLUMNS
from warehouse.view_files import View, relations

TABLE = "table"
ABOUT = {
    "sample": "Every measurement at a moment, of every source, in canonical units.",
    "episode": "Everything that lasts: sleeps, their stages, exercise, meals, notes.",
    "sleep_part": "Sleep and wake of each source without overlaps, made from episode.",
    "daily": "Values that an export gives for a calendar date.",
    "stream": "Every metric of every source: rows, first, last, distance.",
    "zone_timeline": "Where each participant was, and on what evidence.",
    "clock_finding": "What speaks against a clock or a zone.",
    "reject": "Records that were not understood, with their text.",
    "source_file": "Every export that was read, with its counts.",
    "mage": "Mean amplitude of glycemic excursions, of each day and of all data.",
    "effect": "What `dawnlake effect` computed within each person.",
    "effect_group": "What `dawnlake effect` computed of everyone together.",
}


@cache
def named() -> dict[str, View]:
    """Every relation by name; of a table what a view says of itself, the layer being `table`."""
    schemas = TABLES | COMPUTED_TABLES | RESULTS
    tables = {
        name: View(
            name,
            TABLE,
            ABOUT[name],
            "",
            {field.name: _meaning(name, field.name) for field in schema},
            "",
            "",
        )
        for name, schema in schemas.items()
    }
    return {**relations(), **tables}


def _meaning(table: str, column: str) -> str:
    """Of a column of a table; results mean what the mart says that shows them."""
    shown = relations()[f"sleep_{table}"].columns if table in RESULTS else {}
    return TABLE_COLUMNS.get(column) or shown[column]


def nearest(name: str) -> str:
    """What may have been meant by a name that there is not, as the end of a sentence."""
    near = difflib.get_close_matches(name.lower(), named(), 3, 0.6)
    return f"; you may mean {' or '.join(near)}" if near else ""
