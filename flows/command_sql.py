"""sql: one query, or a shell with history."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import duckdb

from flows.usage import UsageError, is_terminal, opened, say

HELP = """End a statement with ; and Enter. .views lists views, .help shows this, .quit leaves.
Times are UTC where a name ends in _at, wall clock where it ends in _local."""


def run_sql(folder: Path, query: str, form: str, output: Path | None) -> int:
    """The rows of a query, to stdout or a file.

    Raises: UsageError with what DuckDB says about a query that does not run.
    """
    _, connection = opened(folder)
    if form == "parquet" and output is None:
        raise UsageError("parquet goes to a file: add -o FILE")
    try:
        if form == "table" and output is None:
            print_query(connection, query)
        else:
            _write(connection, query, form, output)
    except duckdb.Error as error:
        raise UsageError(_first_line(error)) from None
    return 0


def print_query(connection: duckdb.DuckDBPyConnection, query: str) -> None:
    """Rows as a table as wide as the terminal."""
    rows = connection.sql(query)
    if rows is None:
        return
    width = shutil.get_terminal_size((160, 40)).columns if sys.stdout.isatty() else 240
    rows.show(max_width=width, max_rows=100)


def _write(
    connection: duckdb.DuckDBPyConnection, query: str, form: str, output: Path | None
) -> None:
    target = str(output) if output else "/dev/stdout"
    options = {
        "csv": "format csv, header",
        "table": "format csv, header",
        "json": "format json, array true",
        "parquet": "format parquet, compression zstd",
    }[form]
    quoted = target.replace("'", "''")
    statement = query.strip().rstrip(";")
    connection.execute(f"copy ({statement}) to '{quoted}' ({options})")


def _first_line(error: duckdb.Error) -> str:
    return str(error).strip().split("\n\n")[0]


def run_shell(folder: Path) -> int:
    """Statements from the terminal until .quit or the end of input."""
    lake, connection = opened(folder)
    history = lake.root / ".history"
    _remember(history)
    say(HELP)
    statement = ""
    while True:
        try:
            line = input("dawnlake> " if not statement else "     ...> ")
        except EOFError:
            break
        except KeyboardInterrupt:
            statement = ""
            say("")
            continue
        if not statement and line.strip().startswith("."):
            if line.strip() in (".quit", ".exit"):
                break
            _dot(connection, line.strip())
            continue
        statement += line + "\n"
        if line.rstrip().endswith(";"):
            _run(connection, statement)
            statement = ""
    return 0


def _remember(history: Path) -> None:
    """History of the shell in a private file of the lake, where there is a line editor."""
    try:
        import atexit
        import readline
    except ImportError:
        return
    history.touch(mode=0o600, exist_ok=True)
    readline.read_history_file(history)
    readline.set_history_length(2000)
    atexit.register(readline.write_history_file, history)


def _dot(connection: duckdb.DuckDBPyConnection, command: str) -> None:
    if command == ".views":
        _run(
            connection,
            "select view_name, comment from duckdb_views() where not internal order by 1",
        )
    else:
        say(HELP)


def _run(connection: duckdb.DuckDBPyConnection, statement: str) -> None:
    try:
        print_query(connection, statement)
    except duckdb.Error as error:
        say(_first_line(error) if is_terminal() else str(error))
