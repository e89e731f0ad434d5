"""A view that is asked of marts, computed for one participant: each relation once, and of nobody
else. Whoever asks for it waits for neither Arrow nor numpy."""

from __future__ import annotations

import duckdb

from warehouse.store.lake import PARTITION, Lake
from warehouse.view_files import reads_of, relations, steps_from_marts

BY_PARTICIPANT = f"""
    select table_name, database_name from duckdb_columns()
    where column_name = '{PARTITION}' and schema_name = 'main'
        and database_name = current_database()
"""


def computed_of(
    connection: duckdb.DuckDBPyConnection, lake: Lake, participant: str, name: str
) -> None:
    """Let a connection find a view as a table of one participant, and him or her alone in all that
    it reads.

    Raises: duckdb.Error for a damaged file.
    """
    steps = steps_from_marts([name])
    read = set().union(*(reads_of(step) for step in steps)) - {*steps}
    whose = participant.replace("'", "''")
    for table, database in connection.execute(BY_PARTICIPANT).fetchall():
        if table in read:
            connection.execute(
                f'create or replace temp view "{table}" as '
                f"from {database}.main.{table} where {PARTITION} = '{whose}'"
            )
    if lake.has_many():
        from warehouse.one_person import only_of  # here: few need it

        only_of(connection, lake, participant, sorted(read))
    for step in steps:
        sql = relations()[step].sql
        connection.execute(f'create or replace temp table "{step}" as {sql}')
