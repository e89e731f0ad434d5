"""The relation of each table over its Parquet files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import duckdb
import pyarrow as pa

from warehouse.schema import RESULTS, TABLES
from warehouse.store.lake import PARTITION, Lake
from warehouse.table_columns import TABLE_COLUMNS


def comment_sql(kind: str, name: str, text: str) -> str:
    """A statement that explains a view or a column to whoever opens the database."""
    quoted = text.replace("'", "''")
    return f"comment on {kind} {name} is '{quoted}'"


def table_views(
    lake: Lake, participant: str | None = None, without: str | None = None
) -> dict[str, str]:
    """The SELECT of each table's relation and of the participants' numbers."""
    selects = {table: _table_sql(lake, table, participant, without) for table in TABLES | RESULTS}
    return selects | {"participant_number": _participant_sql(lake, without)}


def no_tables() -> dict[str, str]:
    """The same of a lake that has none."""
    selects = {table: _no_rows(schema) for table, schema in (TABLES | RESULTS).items()}
    return selects | {"participant_number": _numbers([])}


def create_tables(
    connection: duckdb.DuckDBPyConnection, selects: Mapping[str, str], comments: bool = True
) -> None:
    for name, select in selects.items():
        connection.execute(f"create or replace view {name} as {select}")
        texts = [
            comment_sql("column", f"{name}.{field.name}", TABLE_COLUMNS[field.name])
            for field in (TABLES | RESULTS).get(name, ())
            if field.name in TABLE_COLUMNS
        ]
        if comments and texts:
            connection.execute(";".join(texts))


def _table_sql(lake: Lake, table: str, participant: str | None, without: str | None = None) -> str:
    """The relation over a table's parts, the largest first.

    DuckDB guesses the size of the whole from the first part; from a small one it would choose
    joins that take hours.
    """
    schema = (TABLES | RESULTS)[table]
    if PARTITION in schema.names:
        folder = f"{PARTITION}={participant or '*'}"
        parts = sorted((lake.tables / table).glob(f"{folder}/part.parquet"))
        parts = [part for part in parts if part.parent.name != f"{PARTITION}={without}"]
        options = f"hive_partitioning = true, hive_types = {{{PARTITION}: varchar}}"
    else:  # of everyone together, and so also of who is about to go
        parts = [part for part in [lake.part_of_all(table)] if part.exists() and not without]
        options = "hive_partitioning = false"
    if not parts:
        return _no_rows(schema)
    largest = max(parts, key=lambda part: (part.stat().st_size, str(part)))
    ordered = [largest, *(part for part in parts if part != largest)]
    listed = ", ".join("'" + str(part.resolve()).replace("'", "''") + "'" for part in ordered)
    return f"select {', '.join(schema.names)} from read_parquet([{listed}], {options})"


def _no_rows(schema: pa.Schema) -> str:
    empty = ", ".join(f"null::{_sql_type(f.type)} as {f.name}" for f in schema)
    return f"select {empty} where false"


def _sql_type(kind: pa.DataType) -> str:
    """DuckDB's name of an Arrow type that the schema uses."""
    if pa.types.is_timestamp(kind):
        return "timestamptz" if kind.tz else "timestamp"
    names = {"string": "varchar", "int64": "bigint", "int32": "integer", "date32[day]": "date"}
    return names.get(str(kind), str(kind))


def _participant_sql(lake: Lake, without: str | None = None) -> str:
    """A number for each participant, for views that need a narrow key."""
    folders = sorted((lake.tables / "sample").glob(f"{PARTITION}=*"))
    names = [folder.name.partition("=")[2] for folder in folders]
    return _numbers([name for name in names if name != without])


def _numbers(names: Sequence[str]) -> str:
    values = ", ".join(f"('{name}', {number})" for number, name in enumerate(names, 1))
    return (
        f"select * from (values {values or '(null::varchar, 0)'}) "
        "as p(participant_id, participant_number) where participant_id is not null"
    )
