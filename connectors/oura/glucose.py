"""Oura account export, `bloodglucose.csv` and `temperature.csv`: streams beside the sleep.

One record is one line. The clock is ISO: UTC with Z, in some exports with the phone's offset. Blood
glucose is a Dexcom sensor's, and no unit stands in the file: it is told by the size of the file's
numbers, and refused where they do not tell. Skin temperature is degrees Celsius, once a minute.

Evidence: the columns as several independent readers take them, one of mg/dL and one of mmol/L; a
written account of a real export. No real file was seen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from connectors.contract import Connector, Fact, Head, Item, Source, Total
from connectors.reading.columns import named
from connectors.reading.delimited import decoded, lines_of, rows_below
from connectors.reading.head_cells import head_rows
from connectors.reading.magnitude import unit_by_magnitude
from connectors.reading.query import query
from connectors.reading.table import Number, Plan, planned
from connectors.reading.text_sql import instant, number, offset_min, wall

COLUMN = {"blood_glucose": "value", "temperature": "skin_temp"}
ZONED = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)")


def identify(head: Head) -> str | None:
    """`blood_glucose` or `temperature` by exactly these columns, semicolons between, or None."""
    first, *below = (*head_rows(head)[:3], None)
    if first is None or first.delimiter != ";":
        return None
    cells = tuple(cell for cell in first.cells if cell != "id")
    variant = next((v for v, name in COLUMN.items() if cells == ("timestamp", name)), None)
    row = below[0] if below else None
    if variant is None or row is None:
        return None
    return variant if any(ZONED.fullmatch(cell) for cell in row.cells) else None


def extract(source: Source, variant: str) -> Iterator[Item]:
    """Glucose, or skin temperature. Skips: `no_reading`.

    Raises: FormatDrift if the numbers fit neither mg/dL nor mmol/L.
    """
    rows = rows_below(lines_of(decoded(source.read())), 0, ";")
    table = named(rows, {"timestamp": "stamp", COLUMN[variant]: "value"}, {"id": "id"})
    metric, unit = "skin_temperature", "Cel"
    if variant == "blood_glucose":
        told = query(f"select {number('value')} as v from t", t=table)["v"]
        metric, unit = "interstitial_glucose", unit_by_magnitude(told)
        yield Fact("unit", unit)
        yield Fact("unit_basis", "magnitude")
    yield Total(rows.records)
    yield from rows.unreadable()
    yield from planned(
        table,
        Plan(
            stamp="stamp",
            stamp_column="timestamp",
            times={
                "start_utc": instant("stamp"),
                "start_wall": wall("stamp"),
                "start_offset_min": offset_min("stamp"),
            },
            numbers=(
                Number("value", metric, unit, COLUMN[variant], absent=("none", "null", "nan")),
            ),
            more={"key": "id"},
            nothing="no_reading",
            raw=("stamp", "value"),
        ),
    )


CONNECTOR = Connector(
    name="oura_glucose",
    title="Oura account export: glucose and temperature",
    version="1",
    variants={"blood_glucose": "unverified", "temperature": "unverified"},
    identify=identify,
    extract=extract,
    source="cgm",
)
