"""warehouse.duckdb: one view per .sql file, built beside the old one and renamed.

A file is a header and one SELECT. The header says what one row is and every column with its unit;
it must name exactly the columns that the SELECT returns, in order. With parameters it is a table
macro. Dependencies come from the SQL itself. Rules and priorities of the settings become macros
and a view of constants.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import duckdb
import pyarrow as pa

from warehouse.macros import MACROS
from warehouse.schema import RESULTS, TABLE_COLUMNS, TABLES
from warehouse.store import PARTIAL, PARTITION, Lake, digest, written

SQL = Path(__file__).parent / "sql"
LAYERS = ("staging", "intermediate", "marts")


@dataclass(frozen=True)
class View:
    """One .sql file."""

    name: str
    layer: str
    about: str
    grain: str
    columns: dict[str, str]
    notes: str
    sql: str
    parameters: dict[str, str] = field(default_factory=dict)  # and a relation it is tried with

    @property
    def call(self) -> str:
        """Its name, and the parameters of a table macro."""
        return f"{self.name}({', '.join(self.parameters)})" if self.parameters else self.name

    @property
    def comment(self) -> str:
        grain = f" One row per {self.grain}." if self.grain else ""
        return f"{self.about}{grain}" + (f" {self.notes}" if self.notes else "")


class ViewError(Exception):
    """A view whose header and columns do not agree, or whose SQL does not bind: a fault of ours."""


def views() -> dict[str, View]:
    """Every view by name, in an order in which each can be built."""
    return {name: view for name, view in relations().items() if not view.parameters}


@cache
def relations() -> dict[str, View]:
    """Every view, and every table macro: a view with parameters, asked as `from name(a, b)`."""
    found = {p.stem: _parsed(p) for layer in LAYERS for p in sorted((SQL / layer).glob("*.sql"))}
    needs = {name: _mentioned(view.sql) & found.keys() - {name} for name, view in found.items()}
    return {name: found[name] for name in TopologicalSorter(needs).static_order()}


def checks() -> dict[str, str]:
    """SQL that returns rows only where something is wrong, by name."""
    return {p.stem: _parsed(p).sql for p in sorted((SQL / "checks").glob("*.sql"))}


Rules = Mapping[str, float]
Priority = Mapping[str, Sequence[str]]
FreeDays = Mapping[str, Sequence[int]]  # of a participant: 1 Monday to 7 Sunday
WEEKEND = (6, 7)


def build(
    lake: Lake,
    rules: Rules,
    priority: Priority,
    anew: bool = False,
    without: str | None = None,
    free_days: FreeDays | None = None,
) -> None:
    """Write warehouse.duckdb anew; whoever has the old one open keeps it whole.

    Nothing is done if nothing it depends on has changed; if only the tables' files have, the views
    are taken over from the old one, unless all of it is to be made `anew`. `without` is a
    participant whose tables are about to go.

    Raises: ViewError.
    """
    tables = _table_views(lake, without=without)
    explained = _fingerprint(rules, priority, free_days or {})
    whole = digest(explained, tables)
    before = None if anew else _fingerprints_of(lake.warehouse)
    if before == (explained, whole):
        return
    with written(lake.warehouse) as partial:
        if before is not None and before[0] == explained:
            shutil.copyfile(lake.warehouse, partial)
        else:
            partial.unlink()
        with duckdb.connect(str(partial)) as connection:
            if before is not None and before[0] == explained:
                _create_tables(connection, tables)
            else:
                create(connection, lake, rules, priority, free_days)
                _create_tables(connection, tables)
            connection.execute(f"create or replace macro {_MARK}() as ['{explained}', '{whole}']")
        # a shell that writes has a log beside the old one, which does not belong to this one
        for path in (partial, lake.warehouse):
            path.with_name(path.name + ".wal").unlink(missing_ok=True)


def create(
    connection: duckdb.DuckDBPyConnection,
    lake: Lake,
    rules: Rules,
    priority: Priority,
    free_days: FreeDays | None = None,
) -> None:
    """Tables' relations, macros, views and comments in an open database.

    Raises: ViewError.
    """
    connection.execute("begin")
    _create_macros(connection, rules, priority, free_days or {})
    _create_tables(connection, _table_views(lake))
    for view in relations().values():
        _create(connection, view)
    _compare(connection)
    for view in relations().values():
        connection.execute(_comments(view))
    connection.execute("commit")


@contextmanager
def of_one(lake: Lake, participant: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """The views over one participant's tables alone, at the cost of one participant."""
    with tempfile.TemporaryDirectory(prefix=PARTIAL, dir=lake.root) as folder:
        copy = Path(folder) / "one.duckdb"
        shutil.copyfile(lake.warehouse, copy)
        with duckdb.connect(str(copy)) as connection:
            connection.execute("set timezone = 'UTC'")
            _create_tables(connection, _table_views(lake, participant), comments=False)
            yield connection


@contextmanager
def views_for(
    name: str, lake: Lake, participant: str, rules: Rules, priority: Priority
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A view and what it is made of, over one participant's tables, in memory: no warehouse needed.

    Raises: ViewError.
    """
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'; begin")
        _create_macros(connection, rules, priority, {})
        _create_tables(connection, _table_views(lake, participant), comments=False)
        needed, found = [name], relations()
        for each in needed:
            needed += _mentioned(found[each].sql) & found.keys() - set(needed)
        for view in found.values():
            if view.name in needed:
                _create(connection, view)
        connection.execute("commit")
        yield connection


def _create_macros(
    connection: duckdb.DuckDBPyConnection, rules: Rules, priority: Priority, free_days: FreeDays
) -> None:
    for name, value in rules.items():
        connection.execute(f"create macro rule_{name}() as {value!r}::double")
    for head, body in MACROS.items():
        connection.execute(f"create macro {head} as {body}")
    connection.execute(_free_days_sql(free_days))
    connection.execute(_priority_sql(priority))


_MARK = "dawnlake_fingerprint"


def _fingerprint(rules: Rules, priority: Priority, free_days: FreeDays) -> str:
    sql = {v.name: (v.sql, v.comment, v.columns, v.parameters) for v in relations().values()}
    settings = (dict(rules), dict(priority), dict(free_days))
    return digest(sql, MACROS, TABLE_COLUMNS, *settings, duckdb.__version__)


def _fingerprints_of(path: Path) -> tuple[str, str] | None:
    """What the views and the whole of a warehouse were made from; None if it cannot say."""
    if not path.exists():
        return None
    try:
        with duckdb.connect(str(path), read_only=True) as connection:
            (row,) = connection.execute(f"select {_MARK}()").fetchall()
    except duckdb.Error:
        return None
    return row[0][0], row[0][1]


def _create(connection: duckdb.DuckDBPyConnection, view: View) -> None:
    head = f"macro {view.call} as table" if view.parameters else f'view "{view.name}" as'
    try:
        connection.execute(f"create {head} {view.sql}")
    except duckdb.Error as error:
        raise ViewError(f"{view.layer}/{view.name}.sql: {error}") from error


def _compare(connection: duckdb.DuckDBPyConnection) -> None:
    """Raises: ViewError if a header does not name the columns that its SELECT returns."""
    found: dict[str, list[str]] = {}
    for view, column in connection.execute(
        "select table_name, column_name from duckdb_columns() order by table_name, column_index"
    ).fetchall():
        found.setdefault(view, []).append(column)
    for view in relations().values():
        if view.parameters:
            tried = ", ".join(f"'{like}'" if like else "null" for like in view.parameters.values())
            described = connection.execute(f"describe from {view.name}({tried})").fetchall()
            found[view.name] = [row[0] for row in described]
        if found[view.name] != list(view.columns):
            odd = sorted(set(found[view.name]) ^ set(view.columns)) or "their order"
            raise ViewError(f"{view.layer}/{view.name}.sql: header and columns differ in {odd}")


def _comments(view: View) -> str:
    if view.parameters:
        return _comment_sql("macro table", view.name, view.comment)  # its columns can have none
    texts = [_comment_sql("view", view.name, view.comment)]
    texts += [_comment_sql("column", f"{view.name}.{c}", t) for c, t in view.columns.items()]
    return ";".join(texts)


def _comment_sql(kind: str, name: str, text: str) -> str:
    quoted = text.replace("'", "''")
    return f"comment on {kind} {name} is '{quoted}'"


def _table_views(
    lake: Lake, participant: str | None = None, without: str | None = None
) -> dict[str, str]:
    """The SELECT of each table's relation and of the participants' numbers."""
    selects = {table: _table_sql(lake, table, participant, without) for table in TABLES | RESULTS}
    return selects | {"participant_number": _participant_sql(lake, without)}


def _create_tables(
    connection: duckdb.DuckDBPyConnection, selects: Mapping[str, str], comments: bool = True
) -> None:
    for name, select in selects.items():
        connection.execute(f"create or replace view {name} as {select}")
        texts = [
            _comment_sql("column", f"{name}.{field.name}", TABLE_COLUMNS[field.name])
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
        empty = ", ".join(f"null::{_sql_type(f.type)} as {f.name}" for f in schema)
        return f"select {empty} where false"
    largest = max(parts, key=lambda part: (part.stat().st_size, str(part)))
    ordered = [largest, *(part for part in parts if part != largest)]
    listed = ", ".join("'" + str(part.resolve()).replace("'", "''") + "'" for part in ordered)
    return f"select {', '.join(schema.names)} from read_parquet([{listed}], {options})"


def _sql_type(kind: pa.DataType) -> str:
    """DuckDB's name of an Arrow type that the schema uses."""
    if pa.types.is_timestamp(kind):
        return "timestamptz" if kind.tz else "timestamp"
    names = {"string": "varchar", "int64": "bigint", "int32": "integer", "date32[day]": "date"}
    return names.get(str(kind), str(kind))


def _priority_sql(priority: Mapping[str, Sequence[str]]) -> str:
    rows = [
        f"('{stream}', '{connector}', {position})"
        for stream, connectors in priority.items()
        for position, connector in enumerate(connectors, 1)
    ]
    values = ", ".join(rows) if rows else "(null, null, null)"
    return (
        "create view source_priority as select * from "
        f"(values {values}) as p(stream, connector, position) where stream is not null"
    )


def _free_days_sql(free_days: FreeDays) -> str:
    """A macro: the numbers of the weekdays on which a participant is free."""
    own = " ".join(f"when '{name}' then {list(days)}" for name, days in free_days.items())
    chosen = f"case participant {own} else {list(WEEKEND)} end" if own else f"{list(WEEKEND)}"
    return f"create macro free_weekdays(participant) as ({chosen})::integer[]"


def _participant_sql(lake: Lake, without: str | None = None) -> str:
    """A number for each participant, for views that need a narrow key."""
    folders = sorted((lake.tables / "sample").glob(f"{PARTITION}=*"))
    names = [folder.name.partition("=")[2] for folder in folders]
    names = [name for name in names if name != without]
    values = ", ".join(f"('{name}', {number})" for number, name in enumerate(names, 1))
    return (
        f"select * from (values {values or '(null, 0)'}) as p(participant_id, participant_number) "
        "where participant_id is not null"
    )


def _parsed(path: Path) -> View:
    lines = path.read_text().splitlines()
    head = [line[2:].strip() for line in _taken(lines)]
    body = "\n".join(lines[len(head) :]).strip().rstrip(";")
    columns = dict(re.split(r"\s+\|\s+", line, maxsplit=1) for line in head if " | " in line)
    keyed = dict(re.findall(r"^(grain|parameters|columns): *(.*)$", "\n".join(head), re.MULTILINE))
    if "columns" in keyed:  # those of another file of the folder
        columns = _parsed(path.with_name(f"{keyed['columns']}.sql")).columns
    keys = tuple(f"{key}:" for key in keyed)
    prose = [line for line in head if line and " | " not in line and not line.startswith(keys)]
    about, *notes = prose or [""]
    return View(
        path.stem,
        path.parent.name,
        about,
        keyed.get("grain", ""),
        columns,
        " ".join(notes),
        body,
        dict(re.findall(r"(\w+)(?: like (\w+))?", keyed.get("parameters", ""))),
    )


def _taken(lines: list[str]) -> list[str]:
    end = next((i for i, line in enumerate(lines) if not line.startswith("--")), len(lines))
    return lines[:end]


def _mentioned(sql: str) -> set[str]:
    """Words of the SQL without its comments and strings: a superset of what it reads from."""
    bare = re.sub(r"--[^\n]*|'[^']*'", " ", sql)
    return set(re.findall(r"(?:from|join)\s+([a-z_0-9]+)", bare))
