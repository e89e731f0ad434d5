"""Juggluco TSV: stream and scans, history, and numbers that a person entered.

One record is one line. Three clocks agree in it: seconds UTC, the wall clock, and the offset in
hours, so every instant is known. Glucose is mg/dL or mmol/L, named in the header; the numbers file
names no unit, so that of a fingerstick is told by the size of the file's fingersticks. A stream
and a scan look alike. What a number is, is told by a label that a person may have changed.

Evidence: Juggluco's own code; no real file was seen.
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from connectors.contract import Connector, Fact, Head, Item, Source, Total
from connectors.reading.columns import named, unknown
from connectors.reading.delimited import decoded, lines_of, rows_below
from connectors.reading.head_cells import head_rows
from connectors.reading.magnitude import unit_by_magnitude
from connectors.reading.query import query
from connectors.reading.table import Interval, Number, Plan, parsed, planned
from connectors.reading.text_sql import epoch, number

TIMES = {"UnixTime": "unix", "YYYY-mm-dd-HH:MM:SS": "clock", "TZ": "tz"}
READING = {"Sensorid": "sensor", "nr": "nr", **TIMES}
NUMBERS = {"Source": "source", "nr": "nr", **TIMES, "Value": "value", "Label": "label"}
UNITS = ("mg/dL", "mmol/L")
LEFT = ("Min", "Rate", "ChangeLabel")
# The labels that Juggluco comes with; Blood is handled apart.
LABELS = {
    "carbohydrate": ("dietary_carbohydrate", "g"),
    "rapid": ("insulin_bolus", "U"),
    "long": ("insulin_long_acting", "U"),
}
EXERCISE = ("bike", "walk", "walking", "run", "running", "sport")
AT = {
    "start_utc": f"""case when try_cast(unix as bigint) between 1 and 4102444800
        then {epoch("unix")} end""",
    "start_wall": parsed("clock", "%Y-%m-%d-%H:%M:%S"),
    "start_offset_min": """case when abs(try_cast(tz as double)) <= 14
        then cast(round(try_cast(tz as double) * 60) as smallint) end""",
}


def identify(head: Head) -> str | None:
    """`stream`, `history` or `numbers` by the columns of the first line, or None."""
    row = next(iter(head_rows(head)), None)
    if row is None or row.delimiter != "\t" or not set(TIMES) <= set(row.cells):
        return None
    if set(NUMBERS) <= set(row.cells):
        return "numbers"
    if set(READING) <= set(row.cells) and set(UNITS) & set(row.cells):
        return "stream" if "Rate" in row.cells else "history"
    return None


def extract(source: Source, variant: str) -> Iterator[Item]:
    """Glucose; of the numbers fingersticks, insulin, carbs, and exercise without its length.

    Skips: `no_reading`, `label_not_known` (a person's own label).

    Raises: FormatDrift if fingersticks fit neither mg/dL nor mmol/L.
    """
    rows = rows_below(lines_of(decoded(source.read())), 0, "\t")
    yield Total(rows.records)
    yield from rows.unreadable()
    if variant == "numbers":
        yield from unknown(rows.header, NUMBERS)
        yield from _numbers(named(rows, NUMBERS))
        return
    unit = next(unit for unit in UNITS if unit in rows.header)
    yield Fact("unit", unit)
    yield from unknown(rows.header, [*READING, *LEFT, unit])
    yield from planned(
        named(rows, {**READING, unit: "glucose"}),
        Plan(
            stamp="unix",
            stamp_column="UnixTime",
            times=AT,
            numbers=(Number("glucose", "interstitial_glucose", unit, unit),),
            more={"device": "sensor", "key": f"'{variant}/' || sensor || '/' || nr"},
            nothing="no_reading",
            raw=("unix", "clock", "tz", "glucose"),
        ),
    )


def _numbers(table: pa.Table) -> Iterator[Item]:
    blood = f"select {number('value')} as v from t where lower(trim(label)) = 'blood'"
    unit = unit_by_magnitude(query(blood, t=table)["v"])
    yield Fact("unit", unit)
    yield Fact("unit_basis", "magnitude")
    known = {"blood": ("capillary_glucose", unit), **LABELS}
    listed = ", ".join(f"'{label}'" for label in (*known, *EXERCISE))
    yield from planned(
        table,
        Plan(
            stamp="unix",
            stamp_column="UnixTime",
            times=AT,
            numbers=tuple(
                Number("value", metric, each, "Value", when=f"lower(trim(label)) = '{label}'")
                for label, (metric, each) in known.items()
            ),
            intervals=(
                Interval("lower(trim(label)) = 'carbohydrate'", "meal"),
                Interval(
                    f"lower(trim(label)) in ({', '.join(map(repr, EXERCISE))})",
                    "exercise",
                    "lower(trim(label))",
                ),
            ),
            skip=f"case when lower(trim(label)) not in ({listed}) then 'label_not_known' end",
            nothing="no_reading",
            raw=("unix", "clock", "tz", "value"),
        ),
    )


CONNECTOR = Connector(
    name="juggluco_export",
    title="Juggluco TSV",
    version="1",
    variants={"stream": "unverified", "history": "unverified", "numbers": "unverified"},
    identify=identify,
    extract=extract,
    source="cgm",
)
