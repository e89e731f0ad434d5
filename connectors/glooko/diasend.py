"""diasend workbook (.xls or .xlsx; Animas, Omnipod and meters; later part of Glooko).

One record is one row of a sheet: `Name and glucose` (fingersticks), `CGM`, `Insulin use and carbs`,
`Alarms and events`; any of them may be missing, and settings are no records. The clock is naive
text, day first in all known files. The unit of glucose is the name of its column; `m` beside it is
a value that somebody typed. The sheets' names and headers follow the account's language, so a table
is known by the range of dates above it, by its unit, and by its places.

Evidence: a public workbook of a OneTouch Ping (mg/dL) with two of its sheets as CSV; disguised
copies of an Omnipod's with a Libre reader in it, and of an Animas Vibe's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from connectors.contract import (
    BrokenFile,
    Connector,
    Drift,
    Fact,
    Head,
    Item,
    Source,
    Total,
    batch,
    shaped,
)
from connectors.glooko.diasend_rows import BLANKS, EPISODES, JUDGED, SAMPLES
from connectors.reading.grid import Grid, grids_of, grids_seen
from connectors.reading.query import query
from connectors.reading.stamps import DAY_FIRST, stamped
from connectors.reading.verdicts import carried, left_out

HEADER_WITHIN = 10
UNITS = {"mg/dl": "mg/dL", "mmol/l": "mmol/L"}
RANGE = re.compile(r"\d{1,4}[/.-]\d\d?[/.-]\d{1,4}\D+\d{1,4}[/.-]\d\d?[/.-]\d{1,4}")
SHEETS = ("Name and glucose", "CGM", "Insulin use and carbs")
# Places of what is read. Source: the headers of the known files.
GLUCOSE = {"stamp": 0, "value": 1, "manual": 2, "device": 3}
INSULIN = {
    **{"stamp": 0, "basal": 1, "kind": 2, "bolus": 3, "immediate": 4, "extended": 5},
    **{"minutes": 6, "carbs": 7, "notes": 8, "total": 9, "device": 11},
}
ALARMS = {"stamp": 0, "alarm": 1, "device": 3}
OF_SENSOR_MIN = 20  # a table without its sheet's name is a sensor's if its readings are closer


@dataclass(frozen=True)
class Table:
    """A table of a workbook: its sheet, header row, kind and unit."""

    grid: Grid
    row: int
    kind: str  # glucose, sensor, insulin or alarms
    unit: str = ""


def identify(head: Head) -> str | None:
    """`workbook`, or `csv` for one sheet saved as text; else None."""
    grids = grids_seen(head)
    if not _tables(grids):
        return None
    return "workbook" if grids[0].sheet else "csv"


def extract(source: Source, variant: str) -> Iterator[Item]:
    """Samples of glucose, fingersticks, insulin, basal rates and carbohydrate; meals.

    Skips: `alarm`, `daily_total`, `note`, `empty_record`.

    Raises: BrokenFile without a table; UndatableFile if day and month cannot be told apart.
    """
    found = _tables(grids_of(source))
    if not found:
        raise BrokenFile("no sheet of this workbook has a table of diasend; export it again")
    parts, offset = [], 0
    for table in found:
        rows = table.grid.below(table.row)
        yield Total(rows.records)
        for line, cells in rows.wide:
            yield batch("reject", record=[line + offset], code="ragged_row", raw="|".join(cells))
        for line, text in rows.broken:
            yield batch("reject", record=[line + offset], code="broken_row", raw=text)
        places = {"insulin": INSULIN, "alarms": ALARMS}.get(table.kind, GLUCOSE)
        nothing = pa.repeat("", len(rows.line))
        columns: dict[str, pa.Array | pa.ChunkedArray] = {"record": pc.add(rows.line, offset)}
        for name in BLANKS:
            place = places.get(name, len(rows.header))
            columns[name] = rows.columns.column(place) if place < len(rows.header) else nothing
        columns["table"] = pa.repeat(table.kind, len(rows.line))
        columns["unit"] = pa.repeat(table.unit, len(rows.line))
        columns["raw"] = pc.binary_join_element_wise(*rows.columns.columns, "|")
        parts.append(pa.table(columns))
        offset += max([0, *rows.line.to_pylist()[-1:], *(n for n, _ in rows.wide + rows.broken)])
    yield from _read(pa.concat_tables(parts), variant)


def _read(rows: pa.Table, variant: str) -> Iterator[Item]:
    for unit in sorted(set(rows["unit"].to_pylist()) - {""}):
        yield Fact("unit", unit)
    rows = rows.append_column("start_wall", stamped(rows["stamp"], DAY_FIRST).times)
    if variant == "csv" and "glucose" in rows["table"].to_pylist():
        yield Drift("a table without its sheet's name: a sensor's or a meter's, by its pace")
        if _is_sensor(rows):
            kind = pa.repeat("sensor", rows.num_rows)
            rows = rows.set_column(rows.column_names.index("table"), "table", kind)
    judged = query(JUDGED, rows=rows)
    yield from left_out(judged)
    sound = carried(judged)
    yield shaped("sample", query(SAMPLES, sound=sound))
    yield shaped("episode", query(EPISODES, sound=sound))


def _tables(grids: Sequence[Grid]) -> list[Table]:
    """The tables of a workbook, if it is one of diasend's."""
    found = [table for grid in grids if (table := _table(grid)) is not None]
    is_known = any(grid.name in SHEETS for grid in grids)
    is_dated = any(
        RANGE.search(" ".join(table.grid.top[table.row - 1]))
        for table in found
        if table.row and table.unit
    )
    insulin_alone = len(grids) == 1 and any(table.kind == "insulin" for table in found)
    return found if is_known or is_dated or insulin_alone else []


def _table(grid: Grid) -> Table | None:
    for row, cells in enumerate(grid.top[:HEADER_WITHIN]):
        # a small "date" is how the DiaTrend set calls it
        is_time = len(cells) > 1 and cells[0] not in ("", "date")
        unit = UNITS.get(cells[1].lower()) if is_time else None
        if unit:
            kind = "sensor" if "cgm" in grid.name.lower() else "glucose"
            return Table(grid, row, kind, unit)
        if len(cells) >= 8 and _is_insulin(cells):
            return Table(grid, row, "insulin")
        if grid.name == "Alarms and events" and row == 0 and len(cells) > 1:
            return Table(grid, row, "alarms")
    return None


def _is_insulin(cells: list[str]) -> bool:
    """Whether the header is that of insulin and carbohydrate: units at their places."""
    ends = [cell[cell.rfind("(") :] if cell.endswith(")") else "" for cell in cells]
    return ends[1].lower().endswith("/h)") and ends[6].startswith("(min") and ends[7] == "(g)"


def _is_sensor(rows: pa.Table) -> bool:
    pace = query(
        """select median(minutes) as m from (select date_diff('second', lag(start_wall) over (
                order by start_wall), start_wall) / 60 as minutes from rows)""",
        rows=rows,
    )["m"][0].as_py()
    return pace is not None and pace < OF_SENSOR_MIN


CONNECTOR = Connector(
    name="diasend_workbook",
    title="diasend workbook (XLS, XLSX)",
    version="1",
    variants={"workbook": "verified", "csv": "verified"},
    identify=identify,
    extract=extract,
    source="relay",
)
