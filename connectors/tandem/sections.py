"""The sections of Tandem's CSVs, and what a row of each becomes.

Both generations put several tables below each other, each with its own header, blank lines between
them; rows may end with a comma more than the header. Readings, insulin on board, basal rates and
boluses are told apart by the names in their headers.

Source: the strings in the tests of a public client (t:connect), a repository's trimmed copy and two
descriptions of real files (Tandem Source).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import pyarrow as pa
import pyarrow.compute as pc

from connectors.contract import Drift, Fact, Item, Total, shaped
from connectors.reading.delimited import fields_of, rows_between
from connectors.reading.query import query
from connectors.reading.stamps import MONTH_FIRST, stamped
from connectors.reading.text_sql import number
from connectors.reading.verdicts import carried, left_out

STARTS = ("DeviceType,SerialNumber,", "Type,")
UNIT = re.compile(r"\((mg/dl|mmol/l)\)$", re.IGNORECASE)
UNITS = {"mg/dl": "mg/dL", "mmol/l": "mmol/L"}
NO_UNIT = "Readings (CGM / BGM)"  # of t:connect, which is sold where mg/dL is shown
MMOL_BELOW = 30  # a median below this is no mg/dL of anybody
SURPLUS = 2  # fields at the end of rows that no header names
COLUMNS = (
    *("stamp", "kind", "value", "device", "basal", "delivered", "carbs", "later", "later_from"),
    "later_to",
)
NAMES = {
    "EventDateTime": "stamp",
    "Description": "kind",
    "SerialNumber": "device",
    "BasalRate": "basal",
    "InsulinDelivered": "delivered",
    "CarbSize": "carbs",
    "BolexInsulinDelivered": "later",
    "BolexStartDateTime": "later_from",
    "BolexCompletionDateTime": "later_to",
}


@dataclass(frozen=True)
class Section:
    """A table: its header line, where it ends, what it is about, its unit if it names one."""

    header: int
    end: int
    cells: list[str]
    kind: str  # readings, on_board, basal or bolus
    unit: str


def sections_of(lines: Sequence[str]) -> list[Section]:
    """Every table of the lines that is of a known kind."""
    starts = [i for i, line in enumerate(lines) if line.replace('"', "").startswith(STARTS)]
    found = []
    for start, end in pairwise([*starts, len(lines)]):
        cells = fields_of(lines[start], ",")
        kind = _kind(set(cells), cells)
        if kind:
            unit = next((UNITS[m.group(1).lower()] for c in cells if (m := UNIT.search(c))), "")
            found.append(Section(start, end, cells, kind, unit))
    return found


def _kind(names: set[str], cells: list[str]) -> str | None:
    if {"InsulinDelivered", "CompletionDateTime"} <= names:
        return "bolus"
    if "EventDateTime" not in names:
        return None
    if "BasalRate" in names:
        return "basal"
    if "IOB" in names:
        return "on_board"
    return "readings" if "Description" in names and _reading(cells) is not None else None


def _reading(cells: list[str]) -> int | None:
    """The place of the reading in a table of readings."""
    for place, cell in enumerate(cells):
        if cell == NO_UNIT or (cell.startswith(("Readings (", "BG (")) and UNIT.search(cell)):
            return place
    return None


def items_of(lines: list[str], sections: Sequence[Section]) -> Iterator[Item]:
    """What a file with these sections yields.

    Raises: UndatableFile if day and month cannot be told apart.
    """
    tables = []
    for section in sections:
        rows = rows_between(lines, section.header, section.end, ",", SURPLUS)
        yield Total(rows.records)
        yield from rows.unreadable()
        nothing = pa.repeat("", len(rows.line))
        places = {NAMES[cell]: i for i, cell in enumerate(section.cells) if cell in NAMES}
        if section.kind == "bolus" and "stamp" not in places:
            places["stamp"] = section.cells.index("CompletionDateTime")
        if section.kind == "readings":
            places["value"] = _reading(section.cells) or 0
        columns: dict[str, pa.Array | pa.ChunkedArray] = {"record": rows.line}
        for name in COLUMNS:
            columns[name] = rows.columns.column(places[name]) if name in places else nothing
        columns["table"] = pa.repeat(section.kind, len(rows.line))
        columns["unit"] = pa.repeat(section.unit, len(rows.line))
        columns["raw"] = pc.binary_join_element_wise(*rows.columns.columns, "|")
        tables.append(pa.table(columns))
    yield from _read(pa.concat_tables(tables))


def _read(rows: pa.Table) -> Iterator[Item]:
    for name in ("stamp", "later_from", "later_to"):
        rows = rows.append_column(f"{name}_wall", stamped(rows[name], MONTH_FIRST).times)
    judged = query(_JUDGED, rows=rows)
    unnamed = query("select median(n) as m from judged where unit = '' and n is not null",
                    judged=judged)["m"][0].as_py()  # fmt: skip
    unit = "mmol/L" if unnamed is not None and unnamed < MMOL_BELOW else "mg/dL"
    if unit == "mmol/L":
        yield Drift("glucose without a unit, mmol/L by its magnitude")
    told = query("select distinct unit from judged where \"table\" = 'readings'", judged=judged)
    for each in sorted({name or unit for name in told["unit"].to_pylist()}):
        yield Fact("unit", each)
    yield from left_out(judged)
    sound = carried(judged)
    yield shaped("sample", query(_SAMPLES.replace("UNNAMED", unit), sound=sound))
    yield shaped("episode", query(_EPISODES, sound=sound))


_JUDGED = f"""
    with typed as (
        select *, stamp_wall as start_wall, {number("value")} as n, {number("basal")} as basal_n,
            {number("delivered")} as delivered_n, {number("carbs")} as carbs_n,
            {number("later")} as later_n, upper(kind) as word
        from rows
    )
    select * replace (nullif(device, '') as device),
        case when "table" = 'on_board' then 'insulin_on_board'
             when stamp = '' then 'missing_time' when start_wall is null then 'unreadable_time'
             when "table" = 'readings' then case
                when word not in ('EGV', 'BG') then 'unknown_code'
                when value = '' then 'no_value' when n is null then 'unreadable_number' end
             when "table" = 'basal' then case when basal = '' then 'missing_value'
                when basal_n is null then 'unreadable_number' end
             when (delivered <> '' and delivered_n is null) or (carbs <> '' and carbs_n is null)
                or (later <> '' and later_n is null) then 'unreadable_number'
             when coalesce(delivered_n, 0) = 0 and coalesce(carbs_n, 0) = 0
                and coalesce(later_n, 0) = 0 then 'nothing_given' end as verdict,
        case verdict when 'unknown_code' then 'Description' when 'unreadable_number'
             then case "table" when 'readings' then 'Readings' when 'basal' then 'BasalRate'
                else 'InsulinDelivered' end
             when 'missing_value' then 'BasalRate' else 'EventDateTime' end as field
    from typed order by record
"""
_SAMPLES = """
    select record, if(word = 'BG', 'capillary_glucose', 'interstitial_glucose') as metric,
        start_wall, n as value, if(unit = '', 'UNNAMED', unit) as unit, device
    from sound where "table" = 'readings'
    union all by name
    select record, 'insulin_basal_rate' as metric, start_wall, basal_n as value, 'U/h' as unit,
        device
    from sound where "table" = 'basal'
    union all by name
    select record, 'insulin_bolus' as metric, start_wall, delivered_n as value, 'U' as unit, device
    from sound where "table" = 'bolus' and delivered_n <> 0
    union all by name
    select record, 'insulin_bolus' as metric, coalesce(later_from_wall, start_wall) as start_wall,
        later_to_wall as end_wall, later_n as value, 'U' as unit, device
    from sound where "table" = 'bolus' and later_n <> 0
    union all by name
    select record, 'dietary_carbohydrate' as metric, start_wall, carbs_n as value, 'g' as unit,
        device
    from sound where "table" = 'bolus' and carbs_n <> 0
    order by record, metric
"""
_EPISODES = """
    select record, 'meal' as kind, start_wall, device from sound
    where "table" = 'bolus' and carbs_n <> 0 order by record
"""
