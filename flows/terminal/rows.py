"""Rows of statements: a table, a row per column, or CSV, JSON or Parquet."""

from __future__ import annotations

import contextlib
import io
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import duckdb

from flows.shown import shown
from warehouse.mmoll import selected
from warehouse.steady import steadily
from warehouse.store.lake import written

T = TypeVar("T")
PIPE_WIDTH = 240
BATCH = 1000
END_S = 10
MOST = 100  # rows of a table; of more the first and the last


def interruptible(connection: duckdb.DuckDBPyConnection, work: Callable[[], T]) -> T:
    """What `work` returns. Ctrl-C ends its query at once.

    DuckDB looks for a signal in the main thread alone, and there not always: so that one waits.

    Raises: KeyboardInterrupt, once the query has ended; whatever `work` raises.
    """
    results: list[T] = []
    errors: list[BaseException] = []
    done = threading.Event()  # a thread whose join is interrupted may pass for ended

    def run() -> None:
        try:
            results.append(work())
        except BaseException as error:  # for the one who waits
            errors.append(error)
        finally:
            done.set()

    threading.Thread(target=run, daemon=True).start()
    try:
        while not done.wait(0.1):
            pass
    except KeyboardInterrupt:
        _end(connection, done)
        raise
    if errors:
        raise errors[0]
    return results[0]


def _end(connection: duckdb.DuckDBPyConnection, done: threading.Event) -> None:
    """Wait for a query that is told to end, however often Ctrl-C is pressed meanwhile."""
    until = time.monotonic() + END_S
    while not done.is_set() and time.monotonic() < until:
        with contextlib.suppress(KeyboardInterrupt):
            connection.interrupt()
            done.wait(0.05)


def print_query(
    connection: duckdb.DuckDBPyConnection,
    query: str,
    most: int | None = MOST,
    is_mmol: bool = False,
) -> None:
    """Rows as a table as wide as the terminal, the first and last of more than `most`; glucose in
    mmol/L, if `is_mmol`."""
    width = shutil.get_terminal_size((160, 40)).columns if sys.stdout.isatty() else PIPE_WIDTH

    def drawn() -> str:
        rows = _asked(connection, query, is_mmol)
        if rows is None:
            return ""
        with contextlib.redirect_stdout(io.StringIO()) as text:
            rows.show(max_width=width, max_rows=most or 2**31 - 1)
        return text.getvalue()

    sys.stdout.write(shown(interruptible(connection, lambda: steadily(drawn))))


def _asked(
    connection: duckdb.DuckDBPyConnection, query: str, is_mmol: bool
) -> duckdb.DuckDBPyRelation | None:
    rows: duckdb.DuckDBPyRelation | None = connection.sql(query)
    if rows is None or not is_mmol:
        return rows
    return rows.project(selected(list(zip(rows.columns, map(str, rows.types), strict=True))))


def print_lines(connection: duckdb.DuckDBPyConnection, query: str, is_mmol: bool = False) -> None:
    """A line for each column of each row: what is too wide for a table."""

    def asked() -> duckdb.DuckDBPyConnection:
        rows = _asked(connection, query, is_mmol)
        return connection.execute("from rows" if rows is not None else query)

    cursor = interruptible(connection, lambda: steadily(asked))
    names = [column[0] for column in cursor.description or ()]
    width = max(map(len, names), default=0)
    number = 0
    while rows := interruptible(connection, lambda: cursor.fetchmany(BATCH)):
        for row in rows:
            number += 1
            sys.stdout.write(f"row {number}\n")
            for name, value in zip(names, row, strict=True):
                text = "NULL" if value is None else shown(str(value))
                sys.stdout.write(f"  {name:<{width}}  {text}\n")


def write_rows(connection: duckdb.DuckDBPyConnection, query: str, form: str, output: Path) -> None:
    """A private file with the rows, in a form of OPTIONS; what is there is replaced when whole."""
    from warehouse.dataset_forms import OPTIONS  # here: a table on the screen does not wait for it

    def copied(target: Path) -> None:
        quoted = str(target).replace("'", "''")
        # a relation of its own, found by DuckDB under this name: a comment or a semicolon at the
        # end of the query is no part of the COPY
        rows_of_the_query = connection.sql(query)
        if rows_of_the_query is not None:
            connection.execute(
                f"copy (select * from rows_of_the_query) to '{quoted}' ({OPTIONS[form]})"
            )

    def run(target: Path) -> None:
        interruptible(connection, lambda: steadily(lambda: copied(target)))

    if output.exists() and not output.is_file():  # such as /dev/stdout
        run(output)
        return
    with written(output) as partial:
        run(partial)


def print_rows(connection: duckdb.DuckDBPyConnection, query: str, form: str) -> None:
    """By way of a file: a stdout that is a file may have something in it already. A terminal sees
    them as they are shown; a pipe gets every byte."""
    with tempfile.TemporaryDirectory() as folder:
        rows = Path(folder) / "rows"
        write_rows(connection, query, form, rows)
        with rows.open(encoding="utf-8", newline="") as text:
            if sys.stdout.isatty():
                sys.stdout.writelines(shown(line) for line in text)
            else:
                shutil.copyfileobj(text, sys.stdout)
