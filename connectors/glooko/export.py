"""Glooko export (a zip with a CSV per kind of datum: `cgm_data_1.csv`, `bolus_data_1.csv`, ...).

One file is one kind, cut into numbered parts when it is long; each part is read by itself. A title
line with the name and the range of dates stands above the header. The clock is naive, without a
zone; dates follow the account, `10/26/2025 11:20` or `2025-10-26 11:20`. Comma or tab. Headers are
translated, so a kind is known by how many columns it has and by what stands in parentheses. Glucose
is mg/dL or mmol/L, named in the header. How Low and High are told has not been seen.

Evidence: demo zips of a public program whose German headers its parser of real exports shares;
English headers as four public parsers expect them. No real export was seen.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from connectors.contract import (
    Connector,
    Fact,
    FormatDrift,
    Head,
    Item,
    Skip,
    Source,
    Total,
    shaped,
)
from connectors.glooko.kinds import COLUMNS, EPISODES, SAMPLES, judged_sql
from connectors.reading.delimited import Delimited
from connectors.reading.grid import Grid, filled, grids_of, grids_seen
from connectors.reading.query import query
from connectors.reading.stamps import stamped
from connectors.reading.verdicts import carried, left_out

RANGE = re.compile(r"(\d{4}-\d\d-\d\d) - (\d{4}-\d\d-\d\d)")  # in the title line, in any language
UNIT = re.compile(r"\((mg/dl|mmol/l)\)$", re.IGNORECASE)
UNITS = {"mg/dl": "mg/dL", "mmol/l": "mmol/L"}
GRAMS, PERCENT = re.compile(r"\(gr?\)$"), re.compile(r"\(%\)$")
MINUTES = re.compile(r"\(min\w*\)$", re.IGNORECASE)
OF_SENSOR = re.compile(r"\b(CGM|SCG|MCG)\b", re.IGNORECASE)  # en de it, fr, es pt
# Headers of demo files that no export has.
INVENTED = (
    *("trend arrow", "device", "basal rate (units/hr)", "dose (units)", "food description"),
    "dosage",
)


def identify(head: Head) -> str | None:
    """The kind of datum of a Glooko file, or None."""
    found = _found(*grids_seen(head)[:1])
    return found[0] if found else None


def extract(source: Source, variant: str) -> Iterator[Item]:
    """Samples of glucose, insulin, carbohydrate, food and exercise; meals and exercise.

    Skips: `no_value`, `nothing_given` (0 U and no carbohydrate), `insulin_of_unknown_kind`,
    `basal_without_amount`, `daily_total`, `alarm`, `medication`, `note`, `no_data` (a file with
    nothing below its header).

    Raises: FormatDrift without the header; UndatableFile if day and month cannot be told apart.
    """
    grids = grids_of(source)
    found = _found(grids[0])
    if found is None:
        raise FormatDrift("the two lines at the top of a Glooko file are missing; export it again")
    kind, header = found
    rows = grids[0].below(header)
    unit = next((UNITS[m.group(1).lower()] for c in rows.header if (m := UNIT.search(c))), "")
    if unit:
        yield Fact("unit", unit)
    yield Total(rows.records or 1)
    if not rows.records:  # every export has files of kinds that its owner does not use
        yield Skip("no_data", 1)
    yield from rows.unreadable()
    title = RANGE.search(" ".join(grids[0].top[0]))
    judged = query(judged_sql(kind), rows=_named(rows, kind, title))
    yield from left_out(judged)
    sound = carried(judged)
    if kind in SAMPLES:
        yield shaped("sample", query(SAMPLES[kind].replace("UNIT", unit), sound=sound))
    if kind in EPISODES:
        yield shaped("episode", query(EPISODES[kind], sound=sound))


def _found(grid: Grid | None = None) -> tuple[str, int] | None:
    """The kind, and the row of the header: the second, or the first that is not blank after it."""
    if grid is None or not grid.top or not RANGE.search(" ".join(grid.top[0])):
        return None
    for row, cells in enumerate(grid.top[1:4], 1):
        cells = filled(cells)
        if cells:
            kind = _kind(cells)
            return (kind, row) if kind else None
    return None


def _kind(cells: list[str]) -> str | None:
    """The kind of datum that a header is of, by its places."""
    if any(cell.lower() in INVENTED for cell in cells):
        return None
    glucose = [i for i, cell in enumerate(cells) if UNIT.search(cell)]
    match len(cells):
        case 9 if glucose == [2] and GRAMS.search(cells[3]):
            return "bolus"
        case 8 if GRAMS.search(cells[2]):
            return "food"
        case 7 if PERCENT.search(cells[3]) and MINUTES.search(cells[2]):
            return "basal"
        case 5 if MINUTES.search(cells[3]):
            return "exercise"
        case 5 if all(re.search(r"\(\w\w?\)$", cell) for cell in cells[1:4]):
            return "totals"
        case 3 | 4 if glucose == [1]:
            return "cgm" if OF_SENSOR.search(cells[1]) else "bg" if len(cells) == 4 else None
        case 2 | 3 if GRAMS.search(cells[1]):
            return "carbs"
        case 4:
            return "manual_insulin" if "insulin" in cells[3].lower() else "medication"
        case 3 if "/" in cells[1]:
            return "alarms"
        case 2:
            return "notes"
    return None


def _named(rows: Delimited, kind: str, title: re.Match[str] | None) -> pa.Table:
    """The rows by our names, with `start_wall`."""
    blank = pa.repeat("", len(rows.line))
    within = None
    if title:
        try:
            within = (dt.date.fromisoformat(title[1]), dt.date.fromisoformat(title[2]))
        except ValueError:
            within = None
    columns: dict[str, pa.Array | pa.ChunkedArray] = {"record": rows.line}
    for place, name in enumerate(COLUMNS[kind]):
        columns[name] = rows.columns.column(place) if place < len(rows.header) else blank
    columns["start_wall"] = stamped(columns["stamp"], within=within).times
    columns["raw"] = pc.binary_join_element_wise(*rows.columns.columns, "|")
    return pa.table(columns)


CONNECTOR = Connector(
    name="glooko_export",
    title="Glooko export (zip of CSVs)",
    version="1",
    variants=dict.fromkeys(COLUMNS, "unverified"),
    identify=identify,
    extract=extract,
    source="relay",
)
