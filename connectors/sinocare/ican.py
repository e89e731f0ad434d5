"""Sinocare iCan CSV (export of the app; also sold as Senseonics' and other brands' sensor).

One record is one line: a reading every 3 minutes. The clock is a naive wall clock. No unit stands
in the file: it is told by the size of the numbers. `Serial Number` counts the readings. How a
reading out of range is written was not seen; a word is a reject.

Evidence: the columns as one public reader takes them; no real file was seen.
"""

from __future__ import annotations

from collections.abc import Iterator

from connectors.contract import Connector, Fact, Head, Item, Source, Total
from connectors.reading.columns import named, unknown, with_wall
from connectors.reading.delimited import decoded, lines_of, rows_below
from connectors.reading.head_cells import header_row
from connectors.reading.magnitude import unit_by_magnitude
from connectors.reading.query import query
from connectors.reading.table import Number, Plan, planned
from connectors.reading.text_sql import number

COLUMNS = {"Serial Number": "nr", "Testing Time": "clock", "Blood glucose level": "glucose"}


def identify(head: Head) -> str | None:
    """`csv` for these three columns in the first line, or None."""
    return "csv" if header_row(head, COLUMNS) else None


def extract(source: Source, variant: str) -> Iterator[Item]:
    """Glucose. Skips: `no_reading`.

    Raises: FormatDrift if the numbers tell no unit; UndatableFile.
    """
    row = header_row(source, COLUMNS)
    rows = rows_below(lines_of(decoded(source.read())), 0, row.delimiter if row else ",")
    table = named(rows, COLUMNS)
    unit = unit_by_magnitude(query(f"select {number('glucose')} as v from t", t=table)["v"])
    yield Fact("unit", unit)
    yield Fact("unit_basis", "magnitude")
    yield Total(rows.records)
    yield from unknown(rows.header, COLUMNS)
    yield from rows.unreadable()
    yield from planned(
        with_wall(table, "clock"),
        Plan(
            stamp="clock",
            stamp_column="Testing Time",
            times={"start_wall": "moment"},
            numbers=(Number("glucose", "interstitial_glucose", unit, "Blood glucose level"),),
            nothing="no_reading",
            raw=("clock", "glucose"),
        ),
    )


CONNECTOR = Connector(
    name="sinocare_ican",
    title="Sinocare iCan CSV",
    version="1",
    variants={"csv": "unverified"},
    identify=identify,
    extract=extract,
    source="cgm",
)
