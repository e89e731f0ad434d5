"""sql: one query, or a shell with history."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

import duckdb

from flows.usage import UsageError, machine_trouble, opened, say, steadily

HELP = """End a statement with ; and Enter. .views lists views, .help shows this, .quit leaves.
Times are UTC where a name ends in _at, wall clock where it ends in _local."""
OPTIONS = {
    "csv": "format csv, header",
    "json": "format json, array true",
    "parquet": "format parquet, compression zstd",
}
VIEWS = "select view_name, comment from duckdb_views() where not internal order by view_name"


def run_sql(folder: Path, query: str, form: str, output: Path | None) -> int:
    """The rows of a query, to stdout or a file; a file's ending stands for a missing --format.

    Raises: UsageError with what DuckDB says about a query that does not run.
    """
    _, connection = opened(folder)
    if form == "parquet" and output is None:
        raise UsageError("parquet goes to a file: add -o FILE")
    try:
        if output is not None:
            ending = output.suffix.removeprefix(".")
            _write(connection, query, ending if form == "table" else form, output)
        elif form == "table":
            print_query(connection, query)
        else:
            print_rows(connection, query, form)
    except duckdb.Error as error:
        if machine_trouble(error):
            raise
        raise UsageError(_first_line(error)) from None
    return 0


def print_query(connection: duckdb.DuckDBPyConnection, query: str, most: int | None = 100) -> None:
    """Rows as a table as wide as the terminal, the first and last of more than `most`."""
    width = shutil.get_terminal_size((160, 40)).columns if sys.stdout.isatty() else 240

    def show() -> None:
        rows = connection.sql(query)
        if rows is not None:
            rows.show(max_width=width, max_rows=most or 2**31 - 1)

    steadily(show)


def _write(connection: duckdb.DuckDBPyConnection, query: str, form: str, output: Path) -> None:
    statement = query.strip().rstrip(";")
    target = str(output).replace("'", "''")
    copy = f"copy ({statement}) to '{target}' ({OPTIONS.get(form, OPTIONS['csv'])})"
    steadily(lambda: connection.execute(copy))


def print_rows(connection: duckdb.DuckDBPyConnection, query: str, form: str) -> None:
    """By way of a file: a stdout that is a file may have something in it already."""
    with tempfile.TemporaryDirectory() as folder:
        rows = Path(folder) / "rows"
        _write(connection, query, form, rows)
        with rows.open(encoding="utf-8", newline="") as text:
            shutil.copyfileobj(text, sys.stdout)


def _first_line(error: duckdb.Error) -> str:
    return str(error).strip().split("\n\n")[0]


def run_shell(folder: Path) -> int:
    """Statements until .quit or the end of input.

    Raises: UsageError for a statement that does not run, unless a person typed it.
    """
    lake, connection = opened(folder)
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
            _run(connection, statement, is_typed)
            statement = ""
    if statement.strip() and not is_typed:
        _run(connection, statement, is_typed)
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
        _run(connection, VIEWS, True)
    else:
        say(HELP)


def _run(connection: duckdb.DuckDBPyConnection, statement: str, is_typed: bool) -> None:
    try:
        print_query(connection, statement)
    except duckdb.Error as error:
        if not is_typed:
            raise UsageError(_first_line(error)) from None
        say(_first_line(error))
