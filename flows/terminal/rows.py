"""Rows of a query as a table, or as CSV, JSON or Parquet."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

import duckdb

from warehouse.mmoll import selected
from warehouse.steady import steadily


def print_query(
    connection: duckdb.DuckDBPyConnection,
    query: str,
    most: int | None = 100,
    is_mmol: bool = False,
) -> None:
    """Rows as a table as wide as the terminal, the first and last of more than `most`."""
    width = shutil.get_terminal_size((160, 40)).columns if sys.stdout.isatty() else 240

    def show() -> None:
        rows = connection.sql(query)
        if rows is not None and is_mmol:
            rows = rows.project(
                selected(list(zip(rows.columns, map(str, rows.types), strict=True)))
            )
        if rows is not None:
            rows.show(max_width=width, max_rows=most or 2**31 - 1)

    steadily(show)


def write_rows(connection: duckdb.DuckDBPyConnection, query: str, form: str, output: Path) -> None:
    """A file with the rows, in a form of OPTIONS; CSV if it is none of them."""
    from warehouse.dataset import OPTIONS  # here: a table on the screen does not wait for it

    statement = query.strip().rstrip(";")
    target = str(output).replace("'", "''")
    copy = f"copy ({statement}) to '{target}' ({OPTIONS.get(form, OPTIONS['csv'])})"
    steadily(lambda: connection.execute(copy))


def print_rows(connection: duckdb.DuckDBPyConnection, query: str, form: str) -> None:
    """By way of a file: a stdout that is a file may have something in it already."""
    with tempfile.TemporaryDirectory() as folder:
        rows = Path(folder) / "rows"
        write_rows(connection, query, form, rows)
        with rows.open(encoding="utf-8", newline="") as text:
            shutil.copyfileobj(text, sys.stdout)
