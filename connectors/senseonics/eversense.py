"""Eversense workbook (Senseonics; readings of the implanted sensor, as XLSX or saved as CSV).

One record is one row: a date with an English month, a time of day with AM or PM, a value with its
unit, the sensor's id; newest first, every five minutes. The clock is naive. How a reading out of
range is told has not been seen.

Evidence: a disguised copy of the one workbook that is public, mg/dL.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pyarrow as pa

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
from connectors.reading.grid import Grid, grids_of, grids_seen
from connectors.reading.query import query
from connectors.reading.text_sql import dated, number
from connectors.reading.verdicts import carried, left_out

COLUMNS = ("EventDateStr", "EventTimeStr", "Value", "UnitMeasureVal", "SensorID")
HEADER_WITHIN = 5
# Text as exported, or what a spreadsheet makes of it.
STAMPS = (
    *("%d-%B-%Y %I:%M %p", "%d-%b-%Y %I:%M %p", "%d-%B-%Y %H:%M", "%d-%b-%Y %H:%M"),
    *("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d %I:%M %p"),
)


def identify(head: Head) -> str | None:
    """`workbook` or `csv` with the columns of an Eversense table, else None."""
    found = _found(grids_seen(head))
    return None if found is None else "workbook" if found[0].sheet else "csv"


def extract(source: Source, variant: str) -> Iterator[Item]:
    """Samples of glucose, with the sensor's id as device. Skips: `no_value`.

    Raises: FormatDrift without the columns of the known file.
    """
    found = _found(grids_of(source))
    if found is None:
        raise FormatDrift(f"no column {COLUMNS[0]} in this Eversense table; export it again")
    grid, row = found
    rows = grid.below(row)
    yield Total(rows.records)
    for column in rows.header:
        if column and column not in COLUMNS:
            yield Drift(f"column {column}")
    yield from rows.unreadable()
    table = pa.table(
        {
            "record": rows.line,
            **{name: rows.columns.column(rows.header.index(name)) for name in COLUMNS},
        }
    )
    judged = query(_JUDGED, rows=table)
    for unit in sorted({unit for unit in judged["unit"].to_pylist() if unit}):
        yield Fact("unit", unit)
    yield from left_out(judged)
    yield shaped("sample", query(_SAMPLES, sound=carried(judged)))


def _found(grids: Sequence[Grid]) -> tuple[Grid, int] | None:
    for grid in grids:
        for row, cells in enumerate(grid.top[:HEADER_WITHIN]):
            if set(COLUMNS) <= set(cells):
                return grid, row
    return None


_FORMATS = ", ".join(f"'{each}'" for each in STAMPS)
_STAMP = f"""try_strptime("EventDateStr" || ' ' || "EventTimeStr", [{_FORMATS}])"""
_JUDGED = f"""
    select record, {dated(_STAMP)} as start_wall,
        {number('''replace("Value", ',', '.')''')} as amount,
        case lower("UnitMeasureVal") when 'mg/dl' then 'mg/dL' when 'mmol/l' then 'mmol/L' end
            as unit,
        nullif("SensorID", '') as device, concat_ws('|', "EventDateStr", "EventTimeStr", "Value",
            "UnitMeasureVal", "SensorID") as raw,
        case when "EventDateStr" = '' or "EventTimeStr" = '' then 'missing_time'
             when start_wall is null then 'unreadable_time' when "Value" = '' then 'no_value'
             when amount is null then 'unreadable_number' when unit is null then 'unknown_unit'
             end as verdict,
        case verdict when 'unreadable_number' then 'Value' when 'unknown_unit'
             then 'UnitMeasureVal' else 'EventDateStr' end as field
    from rows order by record
"""
_SAMPLES = """
    select record, 'interstitial_glucose' as metric, start_wall, amount as value, unit, device
    from sound order by record
"""

CONNECTOR = Connector(
    name="senseonics_eversense",
    title="Eversense workbook (XLSX)",
    version="1",
    variants={"workbook": "verified", "csv": "unverified"},
    identify=identify,
    extract=extract,
    source="cgm",
)
