"""The SQL of the views, each computed once as a temporary table, in the order that it tells itself.

To plan a view, DuckDB binds all that it is made of, down to the tables, and does so again wherever
it is named: most of what a question about few nights costs. Made one after the other, every
relation is bound once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager

import duckdb
import pyarrow as pa

from warehouse.macros import FreeDays, Priority, Rules, settings_sql
from warehouse.schema import COMPUTED_TABLES
from warehouse.store.database import in_memory
from warehouse.store.lake import Lake
from warehouse.table_files import table_sources
from warehouse.view_files import relations, steps_to

Compute = Callable[[duckdb.DuckDBPyConnection], pa.Table]


@contextmanager
def over_tables(
    lake: Lake,
    participants: Iterable[str],
    rules: Rules,
    priority: Priority,
    free_days: FreeDays | None = None,
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database in memory with the tables of some participants, in UTC, and the macros."""
    with in_memory(temp_directory="") as connection:  # nothing of anybody is left on a disk
        connection.execute(settings_sql(rules, priority, free_days or {}))
        sources = table_sources(lake, list(participants))
        connection.execute(
            ";".join(f'create view "{name}" as {select}' for name, select in sources.items())
        )
        yield connection


def computed(
    connection: duckdb.DuckDBPyConnection,
    names: Iterable[str],
    by_python: Mapping[str, Compute] | None = None,
) -> None:
    """Views as temporary tables, and all that they are made of. What Python computes is asked of
    `by_python`, and without it read from what is there.

    Raises: duckdb.Error.
    """
    found = relations()
    for name in steps_to(names):
        if name in found:
            view = found[name]
            if view.parameters:
                connection.execute(f"create macro {view.call} as table {view.sql}")
            else:
                connection.execute(f'create temp table "{name}" as {view.sql}')
        elif by_python is not None:
            rows = by_python[name](connection).cast(COMPUTED_TABLES[name])
            connection.register("computed_rows", rows)
            connection.execute(f'create temp table "{name}" as from computed_rows')
            connection.unregister("computed_rows")
