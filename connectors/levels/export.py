"""Levels CSV (data download of the app; the sensor is a FreeStyle Libre or a Dexcom).

One record is one line: a reading. Two clocks stand in it, UTC and the wall clock, so the offset is
known. Glucose is mg/dL or mmol/L, named in the header. `directRead` is a scan of the sensor,
`timeseries` its own record. Low was not seen; a word is a reject. Some files begin with a line
`Levels,<name>` that an importing tool put there.

Evidence: a real export of 1 456 readings (2021), read in a disguised copy; cgmr's reader.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from connectors.contract import Connector, Fact, FormatDrift, Head, Item, Source, Total
from connectors.reading.columns import named, unknown
from connectors.reading.delimited import decoded, lines_of, rows_below
from connectors.reading.head_cells import head_rows, header_row
from connectors.reading.table import Number, Plan, planned
from connectors.reading.text_sql import instant, wall

TIMES = {"Time (UTC)": "utc", "Time (Local)": "local"}
KIND = {"Type of Reading": "kind"}
GLUCOSE = re.compile(r"Glucose Reading \((mg/dL|mmol/L)\)", re.IGNORECASE)
UNITS = {"mg/dl": "mg/dL", "mmol/l": "mmol/L"}
# Presumably a person's scan of a Libre; cgmr writes it in lower case.
METRIC = """case lower(kind) when 'timeseries' then 'interstitial_glucose'
    when 'directread' then 'interstitial_glucose_scan' end"""


def identify(head: Head) -> str | None:
    """`csv` for these columns in the first line, or in the second below a tool's own, or None."""
    row = header_row(head, [*TIMES, *KIND], lines=2)
    return "csv" if row and any(GLUCOSE.fullmatch(cell) for cell in row.cells) else None


def extract(source: Source, variant: str) -> Iterator[Item]:
    """Glucose, scans apart. Skips: `no_reading`.

    Raises: FormatDrift without one of the four columns.
    """
    lines = lines_of(decoded(source.read()))
    place = 0 if set(TIMES) <= set(head_rows(source)[0].cells) else 1
    rows = rows_below(lines, place, ",")
    glucose = next((cell for cell in rows.header if GLUCOSE.fullmatch(cell)), None)
    found = GLUCOSE.fullmatch(glucose or "")
    if found is None:
        raise FormatDrift("no column 'Glucose Reading (mg/dL)' or '(mmol/L)'; export it again")
    unit = UNITS[found[1].lower()]
    yield Fact("unit", unit)
    yield Total(rows.records)
    yield from unknown(rows.header, [*TIMES, *KIND, found[0]])
    yield from rows.unreadable()
    numbers = (
        Number(
            "glucose",
            metric_sql=METRIC,
            unit=unit,
            column=found[0],
            metric_column="Type of Reading",
        ),
    )
    yield from planned(
        named(rows, {**TIMES, **KIND, found[0]: "glucose"}),
        Plan(
            stamp="concat(utc, local)",
            stamp_column="Time (UTC)",
            times={"start_utc": instant("utc"), "start_wall": wall("local")},
            numbers=numbers,
            nothing="no_reading",
            raw=("utc", "local", "glucose", "kind"),
        ),
    )


CONNECTOR = Connector(
    name="levels_export",
    title="Levels CSV",
    version="1",
    variants={"csv": "verified"},
    identify=identify,
    extract=extract,
    source="cgm",
)
