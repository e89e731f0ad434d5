"""Sibionics app export (SiSensingCGM-*.xls, which is an .xlsx by its bytes).

One record is one row of the sheet: a reading every 5 minutes. A cell is text: the phone's wall
clock with its offset behind it, `13-02-2026 15:46 GMT-3`, day first, so every instant is known.
Glucose is mg/dL or mmol/L, named in the header, which is in the language of the app. How a reading
out of range is written was not seen; a word is a reject.

Evidence: a real export of 2 014 readings (English, mg/dL, 2026); the German header of a reader.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from connectors.contract import Connector, Fact, FormatDrift, Head, Item, Source, Total
from connectors.reading.columns import with_wall
from connectors.reading.stamps import DAY_FIRST
from connectors.reading.table import Number, Plan, planned
from connectors.reading.workbook import Sheet, sheets_of, sheets_seen

SHEET = "Sensor Glucose"
GLUCOSE = re.compile(r".*\((mg/dL|mmol/L)\)", re.IGNORECASE)
STAMP = re.compile(r"\d\d?[-/.]\d\d?[-/.]\d{4} \d\d?:\d\d(?::\d\d)? (?:GMT|UTC)\S*")
UNITS = {"mg/dl": "mg/dL", "mmol/l": "mmol/L"}
# GMT-3, GMT+08:00, GMT+5:30, and GMT alone
OFFSET = r"(?:GMT|UTC)([+-])?(\d{1,2})?:?(\d\d)?$"
MINUTES = f"""case when regexp_matches(c0, '{OFFSET}') then
    (case when regexp_extract(c0, '{OFFSET}', 1) = '-' then -1 else 1 end)
    * (coalesce(try_cast(regexp_extract(c0, '{OFFSET}', 2) as smallint), 0) * 60
        + coalesce(try_cast(regexp_extract(c0, '{OFFSET}', 3) as smallint), 0)) end"""


def identify(head: Head) -> str | None:
    """`xlsx` for a sheet of readings whose times name an offset, or None."""
    return "xlsx" if any(_is_ours(sheet) for sheet in sheets_seen(head)) else None


def extract(source: Source, variant: str) -> Iterator[Item]:
    """Glucose with wall clock and offset. Skips: `no_reading`.

    Raises: FormatDrift without such a sheet.
    """
    sheet = next((sheet for sheet in sheets_of(source) if _is_ours(sheet)), None)
    if sheet is None:
        raise FormatDrift("no sheet with a time and glucose with its unit; export it again")
    rows = sheet.below(0)
    found = GLUCOSE.fullmatch(rows.header[1])
    assert found is not None
    unit = UNITS[found[1].lower()]
    yield Fact("unit", unit)
    yield Total(rows.records)
    yield from rows.unreadable()
    yield from planned(
        with_wall(rows.table(), "regexp_replace(c0, ' (GMT|UTC)\\S*$', '')", DAY_FIRST),
        Plan(
            stamp="c0",
            stamp_column="Time",
            times={"start_wall": "moment", "start_offset_min": MINUTES},
            numbers=(Number("replace(c1, ',', '.')", "interstitial_glucose", unit, found[0]),),
            nothing="no_reading",
            raw=("c0", "c1"),
        ),
    )


def _is_ours(sheet: Sheet) -> bool:
    top = sheet.top(2)
    if len(top) < 2 or len(top[0]) < 2 or any(top[0][2:]):
        return False
    is_named = sheet.name == SHEET or STAMP.fullmatch(top[1][0]) is not None
    return is_named and GLUCOSE.fullmatch(top[0][1]) is not None


CONNECTOR = Connector(
    name="sibionics_app",
    title="Sibionics app spreadsheet",
    version="1",
    variants={"xlsx": "verified"},
    identify=identify,
    extract=extract,
    source="cgm",
)
