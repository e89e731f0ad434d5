"""The forms of a data set: CSV, Parquet, Feather; a workbook; Stata and SPSS with labels."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa

from warehouse.codebook import Column
from warehouse.steady import steadily

if TYPE_CHECKING:
    import pandas as pd

FORMULA = r"^[=+\-@\t\r\n]"  # how a cell begins that a spreadsheet takes for a formula
OPTIONS = {  # of DuckDB's COPY
    "csv": "format csv, header",
    "json": "format json, array true",
    "parquet": "format parquet, compression zstd",
}
FORMS = ("csv", "parquet", "feather", "xlsx", "dta", "sav")
SHEET_ROWS = 1_048_575  # Source: Excel specifications and limits, less the heading
SHEET_NAME = 31
NAME_MAX = 32  # Source: Stata, [U] 11.3; SPSS has 64
LABEL_MAX = 80  # Source: Stata, [R] Limits
LONG_AGO = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)  # a workbook's own dates tell when it was made


class TooLarge(Exception):
    """More than a form can take. The message says what to do instead."""


def write_form(
    connection: duckdb.DuckDBPyConnection,
    query: str,
    values: Sequence[Any],
    form: str,
    columns: Sequence[Column],
    path: Path,
) -> None:
    """One file with the rows of a query, in a form that is no workbook."""
    if form in ("csv", "parquet"):
        quoted = str(path).replace("'", "''")
        copy = f"copy ({query}) to '{quoted}' ({OPTIONS[form]})"
        steadily(lambda: connection.execute(copy, values))
        return
    table = rows_of(connection, query, values)
    if form == "feather":
        import pyarrow.feather

        pyarrow.feather.write_feather(table, str(path))
        return
    import pyreadstat

    writer = pyreadstat.write_dta if form == "dta" else pyreadstat.write_sav
    labels: dict[str, str | None] = {
        name_of(each.column): each.meaning[:LABEL_MAX] for each in columns
    }
    writer(_frame(table), str(path), column_labels=labels)


def rows_of(connection: duckdb.DuckDBPyConnection, query: str, values: Sequence[Any]) -> pa.Table:
    """All rows of a query."""
    return steadily(lambda: connection.sql(query, params=list(values)).to_arrow_table())


def csv_cells(described: Sequence[tuple[str, str]]) -> str:
    """Columns for a CSV: times in ISO 8601, with Z where they are UTC; a text that a spreadsheet
    would run gets an apostrophe before it.

    Source: OWASP, CSV Injection. Numbers and times are of other types and stay as they are.
    """
    cells = {
        "VARCHAR": f"if(regexp_matches({{0}}, '{FORMULA}'), chr(39) || {{0}}, {{0}})",
        "TIMESTAMP": "replace({0}::varchar, ' ', 'T')",
        "TIMESTAMP WITH TIME ZONE": "replace(timezone('UTC', {0})::varchar, ' ', 'T') || 'Z'",
    }
    return ", ".join(
        f"{cells[kind].format(name)} as {name}" if kind in cells else name
        for name, kind in described
    )


def name_of(column: str) -> str:
    """A name as long as Stata takes one."""
    return column if len(column) <= NAME_MAX else column[: NAME_MAX - 4] + column[-4:]


def _frame(table: pa.Table) -> pd.DataFrame:
    """Rows as pyreadstat takes them: instants on the clock of UTC, yes or no as 1 or 0."""
    arrays = []
    for field in table.schema:
        column = table[field.name]
        if pa.types.is_timestamp(field.type):
            column = column.cast(pa.timestamp("us"))
        elif pa.types.is_boolean(field.type) or pa.types.is_integer(field.type):
            column = column.cast(pa.float64())
        arrays.append(column)
    named = pa.table(arrays, names=[name_of(name) for name in table.column_names])
    frame: pd.DataFrame = named.to_pandas(strings_to_categorical=False)
    for name in frame.columns:
        if frame[name].dtype in ("object", "string", "str") and pa.types.is_string(
            named.schema.field(name).type
        ):
            frame[name] = frame[name].astype("object").where(frame[name].notna(), "")
    return frame


def write_workbook(
    sheets: Sequence[tuple[str, Callable[[], pa.Table]]], columns: Sequence[Column], path: Path
) -> None:
    """A workbook with a sheet for each view and one for the codebook.

    Raises: TooLarge for more rows than a sheet has.
    """
    from dataclasses import asdict

    import xlsxwriter

    options = {"constant_memory": True, "default_date_format": "yyyy-mm-dd hh:mm:ss"}
    with xlsxwriter.Workbook(str(path), options) as book:
        book.set_properties({"created": LONG_AGO.replace(tzinfo=None)})
        for name, asked in sheets:
            table = asked()
            if table.num_rows > SHEET_ROWS:
                raise TooLarge(
                    f"{name} has {table.num_rows} rows, a sheet takes {SHEET_ROWS}: --since "
                    "DATE, --participant ID, or --format parquet"
                )
            _fill(book.add_worksheet(name[:SHEET_NAME]), table)
        _fill(book.add_worksheet("codebook"), pa.Table.from_pylist([asdict(c) for c in columns]))


def _fill(sheet: Any, table: pa.Table) -> None:
    """Headings and rows; a text is never taken for a formula."""
    for place, name in enumerate(table.column_names):
        sheet.write_string(0, place, name)
    number = 0
    for batch in table.to_batches():
        for row in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            number += 1
            for place, cell in enumerate(row):
                _put(sheet, number, place, cell)


def _put(sheet: Any, row: int, place: int, cell: Any) -> None:
    if cell is None or (isinstance(cell, float) and cell != cell):
        return
    if isinstance(cell, bool):
        sheet.write_boolean(row, place, cell)
    elif isinstance(cell, int | float):
        sheet.write_number(row, place, cell)
    elif isinstance(cell, dt.datetime):
        sheet.write_datetime(row, place, cell.replace(tzinfo=None))
    elif isinstance(cell, dt.date):
        sheet.write_string(row, place, cell.isoformat())
    else:
        sheet.write_string(row, place, str(cell))
