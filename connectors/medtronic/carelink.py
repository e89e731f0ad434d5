"""Medtronic CareLink report CSV (600 and 700 series, Guardian Connect, Guardian 4; since 2018).

One record is one line: date and time of the device's naive clock, and the cells of whatever it is.
The file is in sections, one for each device and kind, each with a title line and the header again;
some have no rows. Delimiter and decimal mark follow the country, column names the language: columns
are known by place (carelink_columns). Newest first, with a first row now and then out of order, and
with exact copies of rows. Glucose is mg/dL or mmol/L. How a reading out of range is told has not
been seen.

Evidence: real exports of Guardian Connect (EU, semicolons) and a disguised copy of Guardian 4 (US);
the 780G only from fixtures. Other languages than English by place alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import pyarrow as pa

from connectors.contract import (
    BrokenFile,
    Connector,
    Drift,
    Fact,
    Head,
    Item,
    Source,
    Total,
    shaped,
)
from connectors.medtronic.carelink_columns import REPORT, Layout, layout_of, named
from connectors.medtronic.carelink_events import EPISODES, judged_sql, samples_sql
from connectors.reading.delimited import decoded, fields_of, lines_of, rows_between
from connectors.reading.grid import grids_seen
from connectors.reading.query import query
from connectors.reading.stamps import DAY_FIRST, stamped
from connectors.reading.verdicts import carried, left_out

HEADER_WITHIN = 30
TITLE = "-------"  # starts the line above every header
DELIMITERS = ",;\t"


def identify(head: Head) -> str | None:
    """The language of the first header below a title line, or None."""
    for grid in grids_seen(head)[:1]:
        if grid.sheet or not any(line.startswith(TITLE) for line in grid.lines[:HEADER_WITHIN]):
            return None
        for cells in grid.top[:HEADER_WITHIN]:
            layout = layout_of(cells, REPORT)
            if layout is not None:
                return layout.language
    return None


def extract(source: Source, variant: str) -> Iterator[Item]:
    """Samples of glucose, fingersticks, insulin, basal rates and carbohydrate; meals, exercise.

    Skips: `alarm_or_setting`, `event_marker`, `insulin_of_unknown_kind` (an amount that somebody
    noted, without saying of what), `clock_change`, `bolus_selected`, `prime`,
    `calculator_without_carbs`, `temp_basal_percent`, `empty_record`.

    Raises: BrokenFile without a header; UndatableFile if day and month cannot be told apart.
    """
    lines = lines_of(decoded(source.read()))
    tables, layouts = [], []
    for header, end, layout, device in _sections(lines):
        rows = rows_between(lines, header, end, _delimiter(lines[header]))
        yield Total(rows.records)
        yield from rows.unreadable()
        tables.append(named(rows, layout, device))
        layouts.append(layout)
    if not tables:
        raise BrokenFile("there is no header in this CareLink export; export it again")
    if len({layout.unit for layout in layouts}) > 1:
        raise BrokenFile("two units of glucose in one export: export each account by itself")
    unit = layouts[0].unit
    yield Fact("unit", unit)
    yield Fact("language", variant if variant != "by_position" else "unknown")
    if variant == "by_position":
        yield Drift("column names of a language that is not known: read by their place alone")
    for column in sorted({name for layout in layouts for name in layout.unknown}):
        yield Drift(f"column {column}")
    judged = query(judged_sql(unit), rows=timed(pa.concat_tables(tables), DAY_FIRST))
    yield from left_out(judged)
    sound = carried(judged)
    yield shaped("sample", query(samples_sql(unit), sound=sound))
    yield shaped("episode", query(EPISODES, sound=sound))


def timed(rows: pa.Table, usual: str | None) -> pa.Table:
    """The rows with `start_wall`, the wall clock of their date and time.

    Raises: UndatableFile if day and month cannot be told apart.
    """
    stamps = query("select date || ' ' || time as stamp from rows", rows=rows)
    return rows.append_column("start_wall", stamped(stamps["stamp"], usual).times)


def _sections(lines: list[str]) -> Iterator[tuple[int, int, Layout, str | None]]:
    """Header, end, layout and device of every section."""
    titles = [i for i, line in enumerate(lines) if line.startswith(TITLE)]
    for title, end in pairwise([*titles, len(lines)]):
        cells = fields_of(lines[title], _delimiter(lines[title]))
        device = " ".join(cell for cell in (*cells[1:2], *cells[3:4]) if cell) or None
        header = next((i for i in range(title + 1, min(title + 4, end)) if lines[i].strip()), None)
        if header is None:
            continue
        layout = layout_of(fields_of(lines[header], _delimiter(lines[header])), REPORT)
        if layout is not None:
            yield header, end, layout, device


def _delimiter(line: str) -> str:
    return max(DELIMITERS, key=line.count)


CONNECTOR = Connector(
    name="medtronic_carelink",
    title="Medtronic CareLink report CSV",
    version="1",
    variants={
        "en": "verified",
        "de": "unverified",
        "nl": "unverified",
        "by_position": "unverified",
    },
    identify=identify,
    extract=extract,
    source="cgm",
)
