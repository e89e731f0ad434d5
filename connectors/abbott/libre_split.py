"""FreeStyle Libre readings kept by hand as CSV: date, time and AM or PM in columns of their own.

    date,time,am/pm,Historic_ Glucose,Scan_Glucose
    10/22/2016 0:00,12:04,AM,,179

One record is one line, which has the history or a scan. A spreadsheet has given the date a midnight
that means nothing; the wall clock is the reader's own, naive and to the minute. No unit is named:
the size of the numbers tells it.

Evidence: a disguised copy of a real file that was published beside a sleep tracker's nights.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pyarrow as pa

from connectors.contract import Connector, Fact, FormatDrift, Head, Item, Source, Total, shaped
from connectors.reading.grid import Grid, grids_of, grids_seen
from connectors.reading.magnitude import unit_by_magnitude
from connectors.reading.query import query
from connectors.reading.stamps import MONTH_FIRST, stamped
from connectors.reading.text_sql import number
from connectors.reading.verdicts import carried, left_out

COLUMNS = ("date", "time", "am/pm", "historic glucose", "scan glucose")


def identify(head: Head) -> str | None:
    """The variant, if the first line is the header, or None."""
    grids = grids_seen(head)
    return "split_time" if grids and _is_header(grids[0]) else None


def extract(source: Source, variant: str) -> Iterator[Item]:
    """Samples of glucose, scans apart, with a naive wall clock. Skips: `empty_record`.

    Raises: FormatDrift without the header, or if the numbers do not tell their unit;
    UndatableFile if day and month cannot be told apart.
    """
    (grid, *_) = grids_of(source)
    if not _is_header(grid):
        raise FormatDrift(f"the header {', '.join(COLUMNS)} is missing")
    rows = grid.below(0)
    yield Total(rows.records)
    yield from rows.unreadable()
    cells = query(_CELLS, rows=rows.table())
    times = stamped(cells["stamp"], MONTH_FIRST).times
    judged = query(_JUDGED, cells=cells.append_column("start_wall", times))
    yield from left_out(judged)
    readings = query(_READINGS, sound=carried(judged))
    unit = unit_by_magnitude(readings["value"])
    yield Fact("unit", unit)
    named = readings.append_column("unit", pa.repeat(unit, len(readings)))
    yield shaped("sample", named)


def _is_header(grid: Grid) -> bool:
    return bool(grid.top) and _plain(grid.top[0]) == COLUMNS


def _plain(cells: Sequence[str]) -> tuple[str, ...]:
    return tuple(" ".join(cell.lower().replace("_", " ").split()) for cell in cells)


_CELLS = """
    select record, split_part(trim(c0), ' ', 1) || ' ' || trim(c1) || ' ' || trim(c2) as stamp,
        c0, c1, trim(c3) as historic, trim(c4) as scan, concat_ws('|', c0, c1, c2, c3, c4) as raw
    from rows order by record
"""
_JUDGED = f"""
    select record, start_wall, raw, {number("historic")} as past, {number("scan")} as scanned,
        case when historic = '' and scan = '' then 'empty_record'
             when c0 = '' or c1 = '' then 'missing_time'
             when start_wall is null then 'unreadable_time'
             when historic <> '' and past is null or scan <> '' and scanned is null
             then 'unreadable_number' end as verdict,
        case when verdict like '%_time' then 'time'
             when scan <> '' and scanned is null then 'Scan_Glucose'
             else 'Historic_ Glucose' end as field
    from cells order by record
"""
_READINGS = """
    select record, metric, start_wall, value from (
        select record, start_wall, 'interstitial_glucose' as metric, past as value from sound
        union all
        select record, start_wall, 'interstitial_glucose_scan', scanned from sound
    )
    where value is not null order by record, metric
"""

CONNECTOR = Connector(
    name="abbott_libre_split",
    title="FreeStyle Libre readings kept by hand, CSV",
    version="1",
    variants={"split_time": "verified"},
    identify=identify,
    extract=extract,
    source="cgm",
)
