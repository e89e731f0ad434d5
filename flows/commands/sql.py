"""sql: one query, or a shell with history."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import duckdb

from flows.terminal.rows import (
    interruptible,
    print_lines,
    print_query,
    print_rows,
    write_rows,
)
from flows.usage import UsageError, machine_trouble, reached, reads_mmol, say
from warehouse.store.lake import Lake

HELP = """End a statement with ; and Enter. Times are UTC where a name ends in _at, wall clock where
it ends in _local.
.views lists views, .tables everything that can be asked, .describe NAME its columns, .help shows
this, .quit leaves."""
VIEWS = "select view_name, comment from duckdb_views() where not internal order by view_name"
TABLES = """
    select table_name as name from information_schema.tables where table_schema = 'main' order by 1
"""
FORMS = ("csv", "json", "parquet")
OFFLINE = re.compile(r"[Ff]ile (https?|s3|gcs|gs|r2|azure?|abfss?|hf)://|httpfs|INSTALL \w+;")


def run_sql(place: str, query: str, form: str, output: Path | None) -> int:
    """The rows of each statement, to stdout or a file; a file's ending stands for a missing
    --format.

    Raises: UsageError with what DuckDB says about a statement that does not run.
    """
    form = _form(form, output)
    lake, connection = reached(place)
    _run(connection, query, form, output, reads_mmol(lake))
    return 0


def _form(form: str, output: Path | None) -> str:
    """In what form to write.

    Raises: UsageError if that is left open, or told twice.
    """
    if output is None:
        if form == "parquet":
            raise UsageError("parquet goes to a file: add -o FILE")
        return form
    ending = output.suffix.removeprefix(".").lower()
    if form in ("table", "lines"):
        if ending in (*FORMS, "txt", ""):
            return ending if ending in FORMS else "csv"
        raise UsageError(
            f"what to write to a file that ends in .{ending}: --format csv, json or "
            "parquet says it, or name it FILE.csv; `dawnlake export` writes spreadsheets"
        )
    if ending in FORMS and ending != form:
        raise UsageError(f"the file ends in .{ending}, and --format says {form}: name one")
    return form


def _run(
    connection: duckdb.DuckDBPyConnection,
    text: str,
    form: str,
    output: Path | None = None,
    is_mmol: bool = False,
) -> None:
    """One statement after the other; tables in mmol/L, if `is_mmol`.

    Raises: UsageError.
    """
    try:
        statements = connection.extract_statements(text)
        giving = [each for each in statements if _has_rows(each)]
        if output is not None and len(giving) != 1:
            raise UsageError(f"one file takes the rows of one statement; there are {len(giving)}")
        for each in statements:
            if each not in giving:
                interruptible(connection, lambda each=each: connection.execute(each))  # type: ignore[misc]
            elif output is not None:
                write_rows(connection, each.query, form, output)
            elif form == "table":
                print_query(connection, each.query, is_mmol=is_mmol)
            elif form == "lines":
                print_lines(connection, each.query, is_mmol)
            else:
                print_rows(connection, each.query, form)
    except duckdb.Error as error:
        if machine_trouble(error):
            raise
        raise UsageError(_told(error)) from None


def _has_rows(statement: duckdb.Statement) -> bool:
    """Whether a statement is asked for rows: not one that makes, sets or copies something."""
    expected = statement.expected_result_type
    changes = (duckdb.ExpectedResultType.CHANGED_ROWS, duckdb.ExpectedResultType.NOTHING)
    return not any(each in changes for each in expected)


def _told(error: duckdb.Error) -> str:
    """What DuckDB says, without its advice to fetch an extension."""
    text = str(error).strip()
    if OFFLINE.search(text):
        return (
            "dawnlake uses no network and fetches no extension: download the file, and name its "
            f"place. {text.splitlines()[0]}"
        )
    return text.split("\n\n")[0]


def run_shell(place: str, form: str = "table", output: Path | None = None) -> int:
    """Statements until .quit or the end of input; of a pipe all that it holds.

    Raises: UsageError for a statement that does not run, unless a person typed it.
    """
    form = _form(form, output)
    if not sys.stdin.isatty():
        return _run_piped(place, form, output)
    if output is not None:
        raise UsageError("-o is for a query: `dawnlake sql QUERY -o FILE`")
    lake, connection = reached(place)
    is_mmol = reads_mmol(lake)
    if isinstance(lake, Lake):
        _remember(lake.root / ".history")
    say(HELP)
    statement = ""
    while True:
        try:
            line = input("     ...> " if statement else "dawnlake> ")
            if not statement and line.strip().startswith("."):
                if line.strip() in (".quit", ".exit"):
                    return 0
                _dot(connection, line.strip())
                continue
            statement += line + "\n"
            if line.rstrip().endswith(";"):
                typed, statement = statement, ""
                _run(connection, typed, form, is_mmol=is_mmol)
        except EOFError:
            return 0
        except KeyboardInterrupt:
            statement = ""
            say("")
        except UsageError as error:
            say(str(error))


def _run_piped(place: str, form: str, output: Path | None) -> int:
    """Statements and dot commands of a pipe, in their order."""
    lake, connection = reached(place)
    is_mmol = reads_mmol(lake)
    waiting = ""
    for line in sys.stdin:
        if line.startswith(".") and (not waiting.strip() or waiting.rstrip().endswith(";")):
            if waiting.strip():
                _run(connection, waiting, form, output, is_mmol)
                waiting = ""
            if line.strip() in (".quit", ".exit"):
                return 0
            _dot(connection, line.strip())
        else:
            waiting += line
    if waiting.strip():
        _run(connection, waiting, form, output, is_mmol)
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
    """Raises: UsageError for a view that there is not."""
    from flows.terminal.relations import show_views

    word, _, name = command.partition(" ")
    if word == ".views":
        print_query(connection, VIEWS, None)
    elif word == ".tables":
        print_query(connection, TABLES, None)
    elif word in (".describe", ".schema") and name.strip():
        show_views(name.strip().rstrip(";"), False)
    else:
        say(HELP)
