"""Medtronic iPro2 export (a recorder that clinics lend; v1.0.1 as UTF-16 text, v1.1.0 as XLSX).

One record is one line: what the recorder told, a reading of the meter, or a line of the log sheet
that the wearer kept. The clock is naive; `UTC` in Raw-Values is not true. Glucose is mg/dL or
mmol/L by account; in Raw-Values it is always mg/dL, and only there where the visible cell is empty.
Below 40 mg/dL and above 400 nothing has been seen. -9999 is a missing ISIG, which is not read.

Evidence: a disguised copy of a real file (mmol/L) and a real workbook (US). French by its units.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from connectors.contract import (
    Connector,
    Drift,
    Fact,
    FormatDrift,
    Head,
    Item,
    Source,
    Total,
    shaped,
)
from connectors.reading.delimited import Delimited
from connectors.reading.grid import Grid, filled, grids_of, grids_seen
from connectors.reading.query import query
from connectors.reading.stamps import stamped
from connectors.reading.text_sql import number
from connectors.reading.verdicts import carried, left_out

HEADER_WITHIN = 25
UNIT = re.compile(r"\((mg/dl|mmol/l)\)$", re.IGNORECASE)
UNITS = {"mg/dl": "mg/dL", "mmol/l": "mmol/L"}
RAW = ("Raw-Type", "Raw-Values")  # the last two columns
# By name, in English; the others of a log sheet are notes.
NAMED = {
    "Meal": "meal",
    "Meal Size": "meal",
    "Carb Amount (grams)": "carbs",
    "Exercise": "exercise",
    "Exercise Level": "exercise",
    "Insulin Type": "insulin_type",
    "Insulin Units": "insulin",
}
KNOWN = {
    *("Excluded", "Used in Calibration", "ISIG Value", "Sensor Event", "Medication", "Other"),
    *("Sleep Start Time", "Sleep Wake-up Time", "Notes", "Source", *NAMED, *RAW),
}


@dataclass(frozen=True)
class Layout:
    """A header: its grid and row, the unit, and the places of what is read."""

    grid: Grid
    row: int
    cells: list[str]
    unit: str
    places: dict[str, int]


def identify(head: Head) -> str | None:
    """`text` or `workbook` with an iPro2 header among the first rows, or None."""
    layout = _layout(grids_seen(head))
    return None if layout is None else "workbook" if layout.grid.sheet else "text"


def extract(source: Source, variant: str) -> Iterator[Item]:
    """Samples of glucose, fingersticks, carbohydrate and insulin; episodes of meals and exercise.

    Skips: `recorder` (events and raw signals of the recorder), `log_sheet` (a line that is none of
    these), `insulin_of_unknown_kind`.

    Raises: FormatDrift without the header; UndatableFile if day and month cannot be told apart.
    """
    layout = _layout(grids_of(source))
    if layout is None:
        raise FormatDrift("the header of an iPro2 export is missing; export it again")
    rows = layout.grid.below(layout.row)
    yield Fact("unit", layout.unit)
    yield Total(rows.records)
    for cell in layout.cells[4:]:
        if cell and cell not in KNOWN and not UNIT.search(cell):
            yield Drift(f"column {cell}")
    yield from rows.unreadable()
    judged = query(_judged_sql(layout.unit), rows=_named(rows, layout))
    yield from left_out(judged)
    sound = carried(judged)
    yield shaped("sample", query(_samples_sql(layout.unit), sound=sound))
    yield shaped("episode", query(_EPISODES, sound=sound))


def _layout(grids: Sequence[Grid]) -> Layout | None:
    for grid in grids:
        for row, cells in enumerate(grid.top[:HEADER_WITHIN]):
            cells = filled(cells)
            at = [i for i, cell in enumerate(cells) if UNIT.search(cell)]
            if tuple(cells[-2:]) != RAW or len(at) != 2 or not 5 <= at[0] < at[1]:
                continue
            unit = UNITS[str(UNIT.search(cells[at[0]]).group(1)).lower()]  # type: ignore[union-attr]
            places = {"stamp": 3, "source": 4, "bg": at[0], "sensor": at[1]}
            places |= {"raw_values": len(cells) - 1}
            places |= {NAMED[cell]: i for i, cell in enumerate(cells) if cell in NAMED}
            return Layout(grid, row, cells, unit, places)
    return None


def _named(rows: Delimited, layout: Layout) -> pa.Table:
    blank = pa.repeat("", len(rows.line))
    columns: dict[str, pa.Array | pa.ChunkedArray] = {"record": rows.line}
    for name in ("stamp", "source", "bg", "sensor", "raw_values", *NAMED.values()):
        place = layout.places.get(name)
        columns[name] = blank if place is None else rows.columns.column(place)
    above = [cell for cells in layout.grid.top[: layout.row] for cell in cells]
    stamps = pc.cast(columns["stamp"], pa.string())
    chunks = stamps.chunks if isinstance(stamps, pa.ChunkedArray) else [stamps]
    both = pa.chunked_array([*chunks, pa.array(above, pa.string())])
    columns["start_wall"] = stamped(both).times.slice(0, len(rows.line))
    columns["raw"] = pc.binary_join_element_wise(*rows.columns.columns, "|")
    return pa.table(columns)


def _judged_sql(unit: str) -> str:
    amount = number("nullif(regexp_extract(raw_values, '(?:^|;)AMOUNT=([0-9.]+)', 1), '')")
    texts = ", ".join(
        f"{number(f'''replace({name}, ',', '.')''')} as {name}_n"
        for name in ("bg", "sensor", "carbs", "insulin")
    )
    return f"""
    with typed as (
        select *, {texts}, {amount} as raw_amount, lower(insulin_type) as kind from rows
    ), read as (
        select *, coalesce(sensor_n, if(source = 'GSR' and sensor = '', raw_amount, null))
                as glucose,
            case when regexp_matches(kind, 'long|basal|intermediate') then 'insulin_long_acting'
                 when regexp_matches(kind, 'rapid|fast|short|bolus') then 'insulin_bolus' end
                as insulin_metric,
            source <> 'GSR' and meal not in ('', 'None') or carbs <> '' as is_meal,
            source <> 'GSR' and exercise not in ('', 'None') as is_exercise
        from typed
    )
    select *, case when stamp = '' then 'missing_time'
             when start_wall is null then 'unreadable_time'
             when (bg <> '' and bg_n is null) or (sensor <> '' and sensor_n is null)
                or (carbs <> '' and carbs_n is null) or (insulin <> '' and insulin_n is null)
             then 'unreadable_number'
             when glucose is not null or bg_n is not null or is_meal or is_exercise
                or (insulin_n is not null and insulin_metric is not null) then null
             when insulin_n is not null then 'insulin_of_unknown_kind'
             when source = 'GSR' then 'recorder' else 'log_sheet' end as verdict,
        if(verdict like '%_time', 'Timestamp', 'Sensor Glucose') as field,
        if(sensor_n is null, 'mg/dL', '{unit}') as glucose_unit
    from read order by record
    """


def _samples_sql(unit: str) -> str:
    return f"""
    select record, 'interstitial_glucose' as metric, start_wall, glucose as value,
        glucose_unit as unit
    from sound where glucose is not null
    union all by name
    select record, 'capillary_glucose' as metric, start_wall, bg_n as value, '{unit}' as unit
    from sound where bg_n is not null
    union all by name
    select record, 'dietary_carbohydrate' as metric, start_wall, carbs_n as value, 'g' as unit
    from sound where carbs_n is not null
    union all by name
    select record, insulin_metric as metric, start_wall, insulin_n as value, 'U' as unit
    from sound where insulin_n is not null and insulin_metric is not null
    order by record, metric
    """


_EPISODES = """
    select record, 'meal' as kind, nullif(meal, '') as label, start_wall from sound where is_meal
    union all by name
    select record, 'exercise' as kind, nullif(exercise, '') as label, start_wall
    from sound where is_exercise
    order by record, kind
"""

CONNECTOR = Connector(
    name="medtronic_ipro2",
    title="Medtronic iPro2",
    version="1",
    variants={"text": "verified", "workbook": "verified"},
    identify=identify,
    extract=extract,
    source="cgm",
)
