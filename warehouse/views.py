"""warehouse.duckdb: views of the .sql files over the tables of a lake, built beside the old one.

Rules and priorities of the settings become macros and a view of constants.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb

from warehouse import template
from warehouse.macros import MACROS
from warehouse.store.database import STORAGE_VERSION, writable
from warehouse.store.lake import PARTIAL, Lake, digest, written
from warehouse.table_columns import TABLE_COLUMNS
from warehouse.table_files import comment_sql, create_tables, no_tables, table_views
from warehouse.view_files import View, needed_by, relations

Rules = Mapping[str, float]
Priority = Mapping[str, Sequence[str]]
FreeDays = Mapping[str, Sequence[int]]  # of a participant: 1 Monday to 7 Sunday
WEEKEND = (6, 7)
_MARK = "dawnlake_fingerprint"


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

    Nothing is done if nothing it depends on has changed; if only the tables' files have, the views
    are taken over from the old one, unless all of it is to be made `anew`. `without` is a
    participant whose tables are about to go.

    Raises: ViewError.
    """
    tables = table_views(lake, without=without)
    general = _fingerprint(rules, priority)
    explained = digest(general, dict(free_days or {}))
    whole = digest(explained, tables)
    before = None if anew else _fingerprints_of(lake.warehouse)
    if before == (explained, whole):
        return
    with written(lake.warehouse) as partial:
        if before is not None and before[0] == explained:
            shutil.copyfile(lake.warehouse, partial)
        else:
            partial.unlink()
            with template.made(
                general, lambda connection: create(connection, rules, priority)
            ) as made:
                shutil.copyfile(made, partial)
        with writable(partial) as connection:
            connection.execute("begin")
            connection.execute(_free_days_sql(free_days or {}))
            create_tables(connection, tables)
            connection.execute(f"create or replace macro {_MARK}() as ['{explained}', '{whole}']")
            connection.execute("commit")
            connection.execute("checkpoint")  # on a full disk closing alone says nothing
        # a shell that writes has a log beside the old one, which does not belong to this one
        for path in (partial, lake.warehouse):
            path.with_name(path.name + ".wal").unlink(missing_ok=True)


def create(connection: duckdb.DuckDBPyConnection, rules: Rules, priority: Priority) -> None:
    """Macros, views and comments in an open database, over tables without rows.

    Raises: ViewError.
    """
    connection.execute("begin")
    _create_macros(connection, rules, priority)
    create_tables(connection, no_tables(), comments=False)
    every = list(relations().values())
    _create(connection, every)
    for view in every:
        if view.parameters:
            _tried(view, lambda view: _compare(view, _columns(connection, _call(view))))
        connection.execute(_comments(view))
    connection.execute("commit")


@contextmanager
def of_one(lake: Lake, participant: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """The views over one participant's tables alone, at the cost of one participant."""
    with tempfile.TemporaryDirectory(prefix=PARTIAL, dir=lake.root) as folder:
        copy = Path(folder) / "one.duckdb"
        shutil.copyfile(lake.warehouse, copy)
        with writable(copy) as connection:
            connection.execute("set timezone = 'UTC'; begin")
            create_tables(connection, table_views(lake, participant), comments=False)
            connection.execute("commit")
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
        _create_macros(connection, rules, priority)
        create_tables(connection, table_views(lake, participant), comments=False)
        _create(connection, needed_by(name))
        connection.execute("commit")
        yield connection


def _create_macros(connection: duckdb.DuckDBPyConnection, rules: Rules, priority: Priority) -> None:
    for name, value in rules.items():
        connection.execute(f"create macro rule_{name}() as {value!r}::double")
    for head, body in MACROS.items():
        connection.execute(f"create macro {head} as {body}")
    connection.execute(_free_days_sql({}))
    connection.execute(_priority_sql(priority))


def _fingerprint(rules: Rules, priority: Priority) -> str:
    sql = {v.name: (v.sql, v.comment, v.columns, v.parameters) for v in relations().values()}
    version = (duckdb.__version__, STORAGE_VERSION)
    return digest(sql, MACROS, TABLE_COLUMNS, no_tables(), dict(rules), dict(priority), version)


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


def _create(connection: duckdb.DuckDBPyConnection, views: Sequence[View]) -> None:
    """Views that read from each other.

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
            connection.execute(f'create view "{view.name}" as {view.sql}')


def _tried(view: View, work: Callable[[View], None]) -> None:
    try:
        work(view)
    except duckdb.Error as error:
        raise ViewError(f"{view.layer}/{view.name}.sql: {error}") from error


def _stand_in(connection: duckdb.DuckDBPyConnection, view: View) -> None:
    """A macro, or an empty table with the columns of a view."""
    if view.parameters:
        connection.execute(f"create macro {view.call} as table {view.sql}")
        return
    columns = _columns(connection, view.sql)
    _compare(view, columns)
    typed = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
    connection.execute(f'create table "{view.name}" ({typed})')


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


def _comments(view: View) -> str:
    if view.parameters:
        return comment_sql("macro table", view.name, view.comment)  # its columns can have none
    texts = [comment_sql("view", view.name, view.comment)]
    texts += [comment_sql("column", f"{view.name}.{c}", t) for c, t in view.columns.items()]
    return ";".join(texts)


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
    return f"create or replace macro free_weekdays(participant) as ({chosen})::integer[]"
