"""One participant of many: relations over the files that his or her rows are in, and no others.

To find them among those of a thousand people, or to open every bucket, takes longer than to read
them.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from itertools import islice

import duckdb

from warehouse.schema import COMPUTED_TABLES, RESULTS, TABLES
from warehouse.store.buckets import MadeFrom, bucket_file, own_file
from warehouse.store.lake import PARTITION, Lake
from warehouse.table_files import HIVE, NAMED_MAX, NO_HIVE, from_files
from warehouse.view_files import Kept, kept, relations, steps_from_marts


def computed_of(
    connection: duckdb.DuckDBPyConnection, lake: Lake, participant: str, name: str
) -> None:
    """Let a connection find a view that is asked of marts as a table of one participant: each
    relation that it is made of is computed once, and of nobody else.

    Raises: duckdb.Error for a damaged file.
    """
    steps = steps_from_marts([name])
    _narrow(connection, lake, participant, [*TABLES, *COMPUTED_TABLES, *kept()])
    for step in steps:
        sql = relations()[step].sql
        connection.execute(f'create or replace temp table "{step}" as {sql}')


def only_of(
    connection: duckdb.DuckDBPyConnection, lake: Lake, participant: str, names: Iterable[str]
) -> None:
    """Let a connection see one participant alone in some tables and marts, if it pays: where there
    are few people nothing is done.

    Raises: duckdb.Error for a damaged file.
    """
    with suppress(FileNotFoundError), os.scandir(lake.tables / "sample") as people:
        if sum(1 for _ in islice(people, NAMED_MAX + 1)) > NAMED_MAX:
            _narrow(connection, lake, participant, names)


def _narrow(
    connection: duckdb.DuckDBPyConnection, lake: Lake, participant: str, names: Iterable[str]
) -> None:
    count, views = MadeFrom.of(lake).count, kept()
    whose = participant.replace("'", "''")
    ((place,),) = connection.execute("select current_database() || '.main'").fetchall()
    selects = []
    for name in names:
        view, schema = views.get(name), (TABLES | RESULTS | COMPUTED_TABLES).get(name)
        columns = list(view.columns) if view else schema.names if schema is not None else []
        if name in TABLES or name in RESULTS:
            part, options = lake.table_part(name, participant), HIVE
        elif view is not None and view.kept is Kept.PARTICIPANT:
            part, options = own_file(lake, name, participant), HIVE
        else:
            part, options = bucket_file(lake, name, participant, count), NO_HIVE
        if PARTITION in columns:
            own = from_files(columns, [part], options) if part.exists() else f"from {place}.{name}"
            selects.append((name, f"{own} where {PARTITION} = '{whose}'"))
    connection.execute(
        ";".join(f'create or replace temp view "{name}" as {select}' for name, select in selects)
    )
