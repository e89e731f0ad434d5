"""One participant of many: relations over the files that his or her rows are in, and no others.

To find them among those of a thousand people, or to open every bucket, takes longer than to read
them.
"""

from __future__ import annotations

from collections.abc import Iterable

import duckdb

from warehouse.schema import COMPUTED_TABLES, RESULTS, TABLES
from warehouse.store.buckets import MadeFrom, bucket_file, own_file
from warehouse.store.lake import PARTITION, Lake
from warehouse.table_files import HIVE, NO_HIVE, from_files
from warehouse.view_files import Kept, kept


def only_of(
    connection: duckdb.DuckDBPyConnection, lake: Lake, participant: str, names: Iterable[str]
) -> None:
    """Let a connection see one participant alone in some tables and marts: in those that have a
    file with his or her rows. Where there are few people nothing is done.

    Raises: duckdb.Error for a damaged file.
    """
    if lake.has_many():
        _narrow(connection, lake, participant, names)


def _narrow(
    connection: duckdb.DuckDBPyConnection, lake: Lake, participant: str, names: Iterable[str]
) -> None:
    count, views = MadeFrom.of(lake).count, kept()
    whose = participant.replace("'", "''")
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
        if columns and part.exists():
            own = from_files(columns, [part], options)
            selects.append((name, f"{own} where {PARTITION} = '{whose}'"))
    connection.execute(
        ";".join(f'create or replace temp view "{name}" as {select}' for name, select in selects)
    )
