"""warehouse.duckdb: relations over the files of a lake, built beside the old one.

In `main` stand the tables, the marts, and what is asked of both; in the schema `live` every view of
the .sql files by its own definition, over the tables and over the marts that it reads from. (Over
the tables alone some would take minutes to plan: DuckDB binds a view wherever it is named.) Rules
and priorities of the settings become macros and a view of constants.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import duckdb

from warehouse import template
from warehouse.macros import MACROS, FreeDays, Priority, Rules, free_days_sql, settings_sql
from warehouse.made_for import MARK, mark_of
from warehouse.store.buckets import MadeFrom
from warehouse.store.database import STORAGE_VERSION, writable
from warehouse.store.lake import Lake, digest, written
from warehouse.table_columns import TABLE_COLUMNS
from warehouse.table_files import comment_sql, create_tables, lake_sources, no_tables
from warehouse.view_files import Kept, View, relations, steps_from_marts

LIVE = "live"


class ViewError(Exception):
    """A view whose header and columns do not agree, or whose SQL does not bind: a fault of ours."""


def build(
    lake: Lake,
    rules: Rules,
    priority: Priority,
    anew: bool = False,
    without: str | None = None,
    free_days: FreeDays | None = None,
) -> None:
    """Write warehouse.duckdb anew; whoever has the old one open keeps it whole.

    Nothing is done if nothing it depends on has changed; if only files have come or gone, the views
    are taken over from the old one, unless all of it is to be made `anew`. `without` is a
    participant whose tables are about to go.

    Raises: ViewError.
    """
    sources = lake_sources(lake, MadeFrom.of(lake).count, without)
    general = fingerprint_here(rules, priority)
    mark: dict[str, Any] = {
        "views": digest(general, dict(free_days or {})),
        "root": str(lake.root.absolute()),
        "sources": {name: digest(select) for name, select in sources.items()},
    }
    before = {} if anew else mark_of(lake.warehouse)
    if before == mark:
        return
    is_kept = before.get("views") == mark["views"] and before["sources"].keys() <= sources.keys()
    if is_kept:
        old = before["sources"]
        sources = {n: s for n, s in sources.items() if old.get(n) != mark["sources"][n]}
    with written(lake.warehouse) as partial:
        if is_kept:
            shutil.copyfile(lake.warehouse, partial)
        else:
            partial.unlink()
            with template.made(general, lambda made: create(made, rules, priority)) as made:
                shutil.copyfile(made, partial)
        with writable(partial) as connection:
            connection.execute("begin")
            connection.execute(free_days_sql(free_days or {}))
            create_tables(connection, sources)
            text = json.dumps(mark).replace("'", "''")
            connection.execute(f"create or replace macro {MARK}() as '{text}'")
            connection.execute("commit")
            connection.execute("checkpoint")  # on a full disk closing alone says nothing
        # a shell that writes has a log beside the old one, which does not belong to this one
        for path in (partial, lake.warehouse):
            path.with_name(path.name + ".wal").unlink(missing_ok=True)


def relations_fingerprint(rules: Rules, priority: Priority) -> str:
    """Of all that makes the relations of a lake but its files."""
    sql = {
        v.name: (v.sql, v.comment, v.columns, v.parameters, v.kept) for v in relations().values()
    }
    return digest(sql, MACROS, TABLE_COLUMNS, no_tables(), dict(rules), dict(priority))


def fingerprint_here(rules: Rules, priority: Priority) -> str:
    """The same of a database that this DuckDB makes of it."""
    version = (duckdb.__version__, STORAGE_VERSION)
    return digest(relations_fingerprint(rules, priority), version)


def create(connection: duckdb.DuckDBPyConnection, rules: Rules, priority: Priority) -> None:
    """Macros, views and comments in an open database, over tables and marts without rows.

    Raises: ViewError.
    """
    every = list(relations().values())
    connection.execute("begin")
    connection.execute(settings_sql(rules, priority, {}))
    create_tables(connection, no_tables(), comments=False)
    connection.execute(f"create schema {LIVE}; set schema = '{LIVE}'")
    _create(connection, every)
    for view in every:
        if view.parameters:
            _tried(view, lambda view: _compare(view, _columns(connection, _call(view))))
    connection.execute("set schema = 'main'")
    for view in every:
        if view.kept is not Kept.NO:
            connection.execute(_comments(view, "main"))
    for view in every:
        connection.execute(_comments(view, "main" if view.parameters else LIVE))
    connection.execute("commit")


def _create(connection: duckdb.DuckDBPyConnection, views: Sequence[View]) -> None:
    """Definitions in the schema that is set; in `main` marts without rows, and what asks them.

    To make a view, DuckDB binds all that it is made of, down to the tables. So each is tried over
    empty tables that stand in for what it reads from, and then they are exchanged from the last to
    the first: in a third of the time.

    Raises: ViewError.
    """
    for view in views:
        _tried(view, lambda view: _stand_in(connection, view))
    for view in reversed(views):
        if not view.parameters:
            connection.execute(f'drop table "{view.name}"')
            connection.execute(f'create view "{view.name}" as {view.from_kept}')
    asked = [view.name for view in views if view.kept is Kept.OF_MARTS]
    for name in steps_from_marts(asked):
        connection.execute(f'create view main."{name}" as {relations()[name].sql}')


def _tried(view: View, work: Callable[[View], None]) -> None:
    try:
        work(view)
    except duckdb.Error as error:
        raise ViewError(f"{view.layer}/{view.name}.sql: {error}") from error


def _stand_in(connection: duckdb.DuckDBPyConnection, view: View) -> None:
    """A macro, or an empty table with the columns of a view; of a mart also one for its rows."""
    if view.parameters:
        connection.execute(f"create macro main.{view.call} as table {view.sql}")
        return
    columns = _columns(connection, view.from_kept)
    _compare(view, columns)
    typed = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
    connection.execute(f'create table "{view.name}" ({typed})')
    if view.is_kept:
        empty = ", ".join(f'null::{kind} as "{name}"' for name, kind in columns.items())
        connection.execute(f'create view main."{view.name}" as select {empty} where false')


def _call(view: View) -> str:
    tried = ", ".join(f"'{like}'" if like else "null" for like in view.parameters.values())
    return f"from {view.name}({tried})"


def _columns(connection: duckdb.DuckDBPyConnection, sql: str) -> dict[str, str]:
    """Names and types of what a query returns."""
    return {name: kind for name, kind, *_ in connection.execute(f"describe {sql}").fetchall()}


def _compare(view: View, columns: Mapping[str, str]) -> None:
    """Raises: ViewError if a header does not name the columns that its SELECT returns."""
    if list(columns) != list(view.columns):
        odd = sorted(set(columns) ^ set(view.columns)) or "their order"
        raise ViewError(f"{view.layer}/{view.name}.sql: header and columns differ in {odd}")


def _comments(view: View, schema: str) -> str:
    if view.parameters:
        return comment_sql("macro table", view.name, view.comment)  # its columns can have none
    place = f'{schema}."{view.name}"'
    texts: Iterable[str] = (
        comment_sql("column", f"{place}.{c}", t) for c, t in view.columns.items()
    )
    return ";".join([comment_sql("view", place, view.comment), *texts])
