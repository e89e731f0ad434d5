"""Sibionics clinic CSV (Chinese): one person's readings, who and where in the header itself.

One record is one line: a reading every 5 minutes. The clock is a naive wall clock (China has one
zone, but the file names none). Glucose is mmol/L or mg/dL, named in the first header cell. The
header's cells hold the name of the clinic and of the person: they are known by their first words
and never carried; the device's is. How a reading out of range is written was not seen.

Evidence: the header as one public reader takes it; no real file was seen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from connectors.contract import Connector, Fact, FormatDrift, Head, Item, Source, Total
from connectors.reading.delimited import decoded, lines_of, rows_below
from connectors.reading.head_cells import head_rows
from connectors.reading.table import Number, Plan, parsed, planned, text

GLUCOSE = re.compile(r"血糖值\s*[(（](mg/dL|mmol/L)[)）]", re.IGNORECASE)
TIME = "采集时间"
DEVICE = re.compile(r"设备名称\s*[：:]\s*<?([^<>]*)>?")
UNITS = {"mg/dl": "mg/dL", "mmol/l": "mmol/L"}
FORMATS = tuple(f"%Y{mark}%-m{mark}%-d %H:%M{s}" for mark in "-/" for s in (":%S", ""))


def identify(head: Head) -> str | None:
    """`zh` for a header that begins with glucose and its time, or None."""
    row = next(iter(head_rows(head)), None)
    is_ours = row and len(row.cells) >= 2 and GLUCOSE.fullmatch(row.cells[0])
    return "zh" if is_ours and row and row.cells[1] == TIME else None


def extract(source: Source, variant: str) -> Iterator[Item]:
    """Glucose with its device. Skips: `no_reading`.

    Raises: FormatDrift without the unit in the first cell.
    """
    row = head_rows(source)[0]
    found = GLUCOSE.fullmatch(row.cells[0])
    if found is None:
        raise FormatDrift("the first column must name glucose and its unit; export it again")
    unit = UNITS[found[1].lower()]
    rows = rows_below(lines_of(decoded(source.read())), 0, row.delimiter)
    device = next((m[1] for cell in row.cells if (m := DEVICE.match(cell))), "")
    yield Fact("unit", unit)
    yield Fact("language", "zh")
    yield Total(rows.records)
    yield from rows.unreadable()
    yield from planned(
        rows.table(),
        Plan(
            stamp="c1",
            stamp_column=TIME,
            times={"start_wall": parsed("c1", *FORMATS)},
            numbers=(Number("c0", "interstitial_glucose", unit, "血糖值"),),
            more={"device": text(device.strip())},
            nothing="no_reading",
            raw=("c0", "c1"),
        ),
    )


CONNECTOR = Connector(
    name="sibionics_clinic",
    title="Sibionics clinic CSV",
    version="1",
    variants={"zh": "unverified"},
    identify=identify,
    extract=extract,
    source="cgm",
)
