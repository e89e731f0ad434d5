"""Questions of strangers to a lake: one SELECT over its relations, and nothing else.

Two fences, each of which would do. A query is read before it runs: one statement, of
relations that are ours, by functions that read no file. And it runs where DuckDB itself opens
nothing but tables and marts of the lake, read only, with a configuration that is locked.
Source: DuckDB documentation, "Securing DuckDB".
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import duckdb

from warehouse.store.lake import Lake
from warehouse.view_files import relations

ROWS = 200
SECONDS = 30
SCHEMAS = {"", "main", "live"}
TABLE_FUNCTIONS = {"range", "generate_series", "unnest"}
REFUSED = {"query", "query_table", "getenv", "current_setting", "getvariable", "nextval"}
_SETTING_UP = threading.Lock()


class Refused(Exception):
    """A query that may not run. The message says why, and what may."""


@dataclass(frozen=True)
class Answer:
    """Rows of a query, at most `ROWS`, and whether there are more."""

    columns: list[str]
    rows: list[tuple[Any, ...]]
    is_cut: bool


def sandboxed(lake: Lake) -> duckdb.DuckDBPyConnection:
    """The warehouse of a lake, for queries that nobody has looked at.

    Raises: duckdb.Error if it cannot be opened.
    """
    connection = duckdb.connect(str(lake.warehouse), read_only=True)
    with _SETTING_UP:
        _lock_up(connection, lake)
    return connection


def _lock_up(connection: duckdb.DuckDBPyConnection, lake: Lake) -> None:
    """Settings are of the file, for all connections of a process: while another query is under way
    they are locked already. Those that each connection has of its own are set for all."""
    if connection.execute("select current_setting('lock_configuration')").fetchall() == [(True,)]:
        return
    folders = [str(folder.absolute()) + "/" for folder in (lake.tables, lake.marts)]
    listed = ", ".join("'" + folder.replace("'", "''") + "'" for folder in folders)
    for setting in (
        "global timezone = 'UTC'",
        "global python_enable_replacements = false",  # or a variable of ours would be a table
        "autoinstall_known_extensions = false",
        "autoload_known_extensions = false",
        "temp_directory = ''",
        "memory_limit = '2GB'",
        f"allowed_directories = [{listed}]",
        "enable_external_access = false",
        "lock_configuration = true",
    ):
        connection.execute(f"set {setting}")


def answer(connection: duckdb.DuckDBPyConnection, sql: str) -> Answer:
    """The rows of a query that was allowed.

    Raises: Refused; duckdb.Error for one that does not bind or takes longer than `SECONDS`.
    """
    allow(connection, sql)
    watch = threading.Timer(SECONDS, connection.interrupt)
    watch.start()
    try:
        found = connection.execute(sql)
        rows = found.fetchmany(ROWS + 1)
        return Answer([c[0] for c in found.description or ()], rows[:ROWS], len(rows) > ROWS)
    finally:
        watch.cancel()


def allow(connection: duckdb.DuckDBPyConnection, sql: str) -> None:
    """Raises: Refused for anything but one SELECT over the relations of a lake."""
    try:
        statements = connection.extract_statements(sql)
    except duckdb.Error as error:
        raise Refused(str(error).split("\n\n")[0]) from None
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        raise Refused("only one statement, and that a SELECT")
    with duckdb.connect() as beside:
        ((told,),) = beside.execute("select json_serialize_sql(?)", [sql]).fetchall()
    parsed = json.loads(told)
    if parsed["error"]:
        raise Refused("only a plain SELECT")
    nodes = list(_nodes(parsed))
    macros = {name for name, relation in relations().items() if relation.parameters}
    for node in nodes:
        name = str(node.get("function_name", "")).lower()
        if name in REFUSED or str(node.get("schema", "")).lower() not in SCHEMAS:
            raise Refused(f"not allowed here: {name or node.get('schema')}")
        if node.get("catalog") or node.get("catalog_name"):
            raise Refused("only relations of this lake")
        if node.get("type") == "TABLE_FUNCTION":
            called = str(node["function"]["function_name"]).lower()
            if called not in TABLE_FUNCTIONS | macros:
                raise Refused(f"no table function {called}; `views` tells what can be asked")
        if node.get("type") == "BASE_TABLE":
            _allow_table(node)


def _allow_table(node: dict[str, Any]) -> None:
    """A file's name in the place of a relation has a dot or a slash."""
    if str(node.get("schema_name", "")).lower() not in SCHEMAS:
        raise Refused("only relations of this lake; `views` tells which")
    if not str(node["table_name"]).replace("_", "").isalnum():
        raise Refused("only relations of this lake; `views` tells which")


def _nodes(tree: object) -> Iterator[dict[str, Any]]:
    if isinstance(tree, dict):
        yield tree
    for each in tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ():
        yield from _nodes(each)
