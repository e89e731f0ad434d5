"""The relation of each table and each mart over its Parquet files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import duckdb
import pyarrow as pa

from warehouse.schema import COMPUTED_TABLES, RESULTS, TABLES
from warehouse.store.buckets import bucket_folder
from warehouse.store.lake import NAMED_MAX, PARTITION, Lake
from warehouse.table_columns import TABLE_COLUMNS
from warehouse.view_files import Kept, kept

HIVE = f"hive_partitioning = true, hive_types = {{{PARTITION}: varchar}}"
NO_HIVE = "hive_partitioning = false"


def comment_sql(kind: str, name: str, text: str) -> str:
    """A statement that explains a view or a column to whoever opens the database."""
    quoted = text.replace("'", "''")
    return f"comment on {kind} {name} is '{quoted}'"


def table_sources(lake: Lake, participants: Sequence[str]) -> dict[str, str]:
    """The SELECT of each table over the files of some participants alone."""
    found = {}
    for table, schema in TABLES.items():
        parts = [lake.table_part(table, name) for name in participants]
        found[table] = _select(schema.names, [p for p in parts if p.exists()], HIVE, schema)
    for table in COMPUTED_TABLES:
        found[table] = no_rows(COMPUTED_TABLES[table])
    for table, schema in RESULTS.items():
        found[table] = no_rows(schema)
    return found


def lake_sources(lake: Lake, count: int, without: str | None = None) -> dict[str, str]:
    """The SELECT of each table and of each mart that has files, over those of everyone. `count` is
    that of the buckets; `without` is someone about to go."""
    found = {}
    for table, schema in (TABLES | RESULTS).items():
        if PARTITION in schema.names:
            found[table] = _of_each(lake.tables / table, schema, without)
        else:  # of everyone together, and so also of who is about to go
            parts = [part for part in [lake.part_of_all(table)] if part.exists() and not without]
            found[table] = _select(schema.names, parts, NO_HIVE, schema)
    columns = {name: list(view.columns) for name, view in kept().items()}
    for mart in _in_buckets():
        names = columns.get(mart) or COMPUTED_TABLES[mart].names
        folder = bucket_folder(lake, mart, count)
        if files := sorted(folder.glob("*.parquet")):
            pattern = [folder / "*.parquet"] if _may_glob(folder) else files
            found[mart] = from_files(names, pattern, NO_HIVE)
    for mart, view in kept().items():
        if view.kept is Kept.PARTICIPANT and _parts_of(lake.marts / mart, without):
            found[mart] = _of_each(lake.marts / mart, None, without, columns[mart])
    return found


def lake_files(lake: Lake, count: int) -> Iterator[tuple[str, str, Path]]:
    """Every file of a relation: the relation, the file's name in it, and its place, in order."""
    for table, schema in (TABLES | RESULTS).items():
        parts = _parts_of(lake.tables / table, None)
        of_all = [part for part in [lake.part_of_all(table)] if part.exists()]
        for part in parts if PARTITION in schema.names else of_all:
            yield table, str(part.relative_to(lake.tables / table)), part
    for mart in _in_buckets():
        for file in sorted(bucket_folder(lake, mart, count).glob("*.parquet")):
            yield mart, file.name, file
    for mart, view in kept().items():
        if view.kept is Kept.PARTICIPANT:
            for part in _parts_of(lake.marts / mart, None):
                yield mart, str(part.relative_to(lake.marts / mart)), part


def sources_by_name(patterns: Mapping[str, str]) -> dict[str, str]:
    """The SELECT of each of these tables and marts over files whose names a pattern tells."""
    schemas = TABLES | RESULTS | COMPUTED_TABLES
    large = {name for name, view in kept().items() if view.kept is Kept.PARTICIPANT}
    by_participant = large | {n for n in TABLES | RESULTS if PARTITION in schemas[n].names}
    found = {}
    for name, pattern in patterns.items():
        view = kept().get(name)
        columns = ", ".join(f'"{each}"' for each in (view.columns if view else schemas[name].names))
        options = HIVE if name in by_participant else NO_HIVE
        found[name] = f"select {columns} from read_parquet('{pattern}', {options})"
    return found


def _in_buckets() -> list[str]:
    return [*COMPUTED_TABLES, *(n for n, view in kept().items() if view.kept is Kept.BUCKET)]


def no_tables() -> dict[str, str]:
    """The same of a lake that has none."""
    schemas = TABLES | RESULTS | COMPUTED_TABLES
    return {table: no_rows(schema) for table, schema in schemas.items()}


def create_tables(
    connection: duckdb.DuckDBPyConnection, selects: Mapping[str, str], comments: bool = True
) -> None:
    """Views of these names; whatever stood there before, and what was said of its columns, goes."""
    for name, select in selects.items():
        connection.execute(f'create or replace view "{name}" as {select}')
        if comments and (texts := [*_comments(name)]):
            connection.execute(";".join(texts))


def _comments(name: str) -> Iterable[str]:
    if view := kept().get(name):
        yield comment_sql("view", name, view.comment)
        for column, text in view.columns.items():
            yield comment_sql("column", f"{name}.{column}", text)
    for field in (TABLES | RESULTS | COMPUTED_TABLES).get(name, ()):
        if field.name in TABLE_COLUMNS:
            yield comment_sql("column", f"{name}.{field.name}", TABLE_COLUMNS[field.name])


def _of_each(
    folder: Path, schema: pa.Schema | None, without: str | None, names: Sequence[str] = ()
) -> str:
    """The relation over a folder with a part for each participant, the largest first.

    DuckDB guesses the size of the whole from the first part; from a small one it would choose
    joins that take hours.
    """
    parts = _parts_of(folder, without)
    names = schema.names if schema is not None else names
    if len(parts) > NAMED_MAX and _may_glob(folder):
        pattern = folder / f"{PARTITION}=*" / "part.parquet"
        chosen = from_files(names, [pattern], HIVE)
        return f"{chosen} where {PARTITION} <> '{without}'" if without else chosen
    largest = sorted(parts, key=lambda part: (-part.stat().st_size, str(part)))[:1]
    return _select(names, [*largest, *(p for p in parts if p not in largest)], HIVE, schema)


def _select(
    names: Sequence[str], parts: Sequence[Path], options: str, schema: pa.Schema | None
) -> str:
    if not parts and schema is not None:
        return no_rows(schema)
    return from_files(names, parts, options)


def from_files(names: Iterable[str], parts: Sequence[Path], options: str) -> str:
    """A SELECT of columns over files."""
    listed = ", ".join("'" + str(part.absolute()).replace("'", "''") + "'" for part in parts)
    columns = ", ".join(f'"{name}"' for name in names)
    return f"select {columns} from read_parquet([{listed}], {options})"


def _parts_of(folder: Path, without: str | None) -> list[Path]:
    """The part of each participant but one, in order."""
    parts = sorted(folder.glob(f"{PARTITION}=*/part.parquet"))
    return [part for part in parts if part.parent.name != f"{PARTITION}={without}"]


def _may_glob(folder: Path) -> bool:
    """Whether a pattern below a folder means what it says: not if its own path looks like one."""
    return not set("*?[]{}") & set(str(folder.absolute()))


def no_rows(schema: pa.Schema) -> str:
    """A SELECT of a schema's columns that finds nothing."""
    empty = ", ".join(f"null::{_sql_type(f.type)} as {f.name}" for f in schema)
    return f"select {empty} where false"


def _sql_type(kind: pa.DataType) -> str:
    """DuckDB's name of an Arrow type that the schema uses."""
    if pa.types.is_timestamp(kind):
        return "timestamptz" if kind.tz else "timestamp"
    names = {"string": "varchar", "int64": "bigint", "int32": "integer", "date32[day]": "date"}
    return names.get(str(kind), str(kind))
