"""sql: one query, or a shell with history."""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb

from flows.settings import load
from flows.terminal.rows import print_query, print_rows, write_rows
from flows.usage import UsageError, machine_trouble, opened, say

HELP = """End a statement with ; and Enter. .views lists views, .help shows this, .quit leaves.
Times are UTC where a name ends in _at, wall clock where it ends in _local."""
VIEWS = "select view_name, comment from duckdb_views() where not internal order by view_name"


def run_sql(folder: Path, query: str, form: str, output: Path | None) -> int:
    """The rows of a query, to stdout or a file; a file's ending stands for a missing --format.

    Raises: UsageError with what DuckDB says about a query that does not run.
    """
    lake, connection = opened(folder)
    if form == "parquet" and output is None:
        raise UsageError("parquet goes to a file: add -o FILE")
    try:
        if output is not None:
            ending = output.suffix.removeprefix(".")
            write_rows(connection, query, ending if form == "table" else form, output)
        elif form == "table":
            print_query(connection, query, is_mmol=load(lake.settings).is_mmol)
        else:
            print_rows(connection, query, form)
    except duckdb.Error as error:
        if machine_trouble(error):
            raise
        raise UsageError(_first_line(error)) from None
    return 0


def _first_line(error: duckdb.Error) -> str:
    return str(error).strip().split("\n\n")[0]


def run_shell(folder: Path) -> int:
    """Statements until .quit or the end of input.

    Raises: UsageError for a statement that does not run, unless a person typed it.
    """
    lake, connection = opened(folder)
    is_mmol = load(lake.settings).is_mmol
    is_typed = sys.stdin.isatty()
    if is_typed:
        _remember(lake.root / ".history")
        say(HELP)
    statement = ""
    while True:
        try:
            line = input(("     ...> " if statement else "dawnlake> ") if is_typed else "")
        except EOFError:
            break
        except KeyboardInterrupt:
            statement = ""
            say("")
            continue
        if not statement and line.strip().startswith("."):
            if line.strip() in (".quit", ".exit"):
                return 0
            _dot(connection, line.strip())
            continue
        statement += line + "\n"
        if line.rstrip().endswith(";"):
            _run(connection, statement, is_typed, is_mmol)
            statement = ""
    if statement.strip() and not is_typed:
        _run(connection, statement, is_typed, is_mmol)
    return 0


def _remember(history: Path) -> None:
    """History of the shell in a private file of the lake, where there is a line editor."""
    try:
        import atexit
        import readline

        history.touch(mode=0o600, exist_ok=True)
        readline.read_history_file(history)
    except (ImportError, OSError):
        return
    readline.set_history_length(2000)
    atexit.register(readline.write_history_file, history)


def _dot(connection: duckdb.DuckDBPyConnection, command: str) -> None:
    if command == ".views":
        print_query(connection, VIEWS, None)
    else:
        say(HELP)


def _run(
    connection: duckdb.DuckDBPyConnection, statement: str, is_typed: bool, is_mmol: bool
) -> None:
    try:
        print_query(connection, statement, is_mmol=is_mmol)
    except duckdb.Error as error:
        if not is_typed:
            raise UsageError(_first_line(error)) from None
        say(_first_line(error))
