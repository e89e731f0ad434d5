"""Abbott Lingo CSV (the app's export of glucose).

One record is one line: a time with its offset from UTC, to the minute or the second, and a value;
newest first. The unit stands in the header, mg/dL in all known files. Out of range is told by these
words, without saying on which side, so such a line tells nothing that could be carried.

Evidence: a real export of the US app of 2025 and a disguised copy over a change of clocks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

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
from connectors.reading.text_sql import instant, number, offset_min, wall
from connectors.reading.verdicts import carried, left_out

TIME = "Time of Glucose Reading"
UNIT = re.compile(r"^Measurement ?\((mg/dL|mmol/L)\)$", re.IGNORECASE)
UNITS = {"mg/dl": "mg/dL", "mmol/l": "mmol/L"}


def identify(head: Head) -> str | None:
    """The unit's variant, or None."""
    unit = _unit(*grids_seen(head)[:1])
    return {"mg/dL": "mgdl", "mmol/L": "mmoll"}.get(unit) if unit else None


def extract(source: Source, variant: str) -> Iterator[Item]:
    """Samples of glucose, with UTC, wall clock and offset. Skips: `out_of_range`.

    Raises: FormatDrift without the header of the known files.
    """
    (grid, *_) = grids_of(source)
    unit = _unit(grid)
    if unit is None:
        raise FormatDrift("the two columns of a Lingo export are missing; export it again")
    rows = grid.below(0)
    yield Fact("unit", unit)
    yield Total(rows.records)
    for column in rows.header[2:]:
        yield Drift(f"column {column or '(without a name)'}")
    yield from rows.unreadable()
    judged = query(_JUDGED, rows=rows.table())
    yield from left_out(judged)
    yield shaped(
        "sample",
        query(
            f"""select record, 'interstitial_glucose' as metric, start_utc, start_wall,
                start_offset_min, number as value, '{unit}' as unit from sound order by record""",
            sound=carried(judged),
        ),
    )


def _unit(grid: Grid | None = None) -> str | None:
    cells = grid.top[0] if grid is not None and grid.top else []
    found = UNIT.match(cells[1]) if len(cells) >= 2 and cells[0].startswith(TIME) else None
    return UNITS[found.group(1).lower()] if found else None


_JUDGED = f"""
    select record, {instant("c0")} as start_utc, {wall("c0")} as start_wall,
        {offset_min("c0")} as start_offset_min, {number("replace(c1, ',', '.')")} as number,
        case when c0 = '' then 'missing_time'
             when start_utc is null and start_wall is null then 'unreadable_time'
             when lower(c1) = 'out of range' then 'out_of_range' when c1 = '' then 'missing_value'
             when number is null then 'unreadable_number' end as verdict,
        if(verdict like '%_time', 'Time of Glucose Reading', 'Measurement') as field,
        concat_ws('|', c0, c1) as raw
    from rows order by record
"""

CONNECTOR = Connector(
    name="abbott_lingo",
    title="Abbott Lingo CSV",
    version="1",
    variants={"mgdl": "verified", "mmoll": "unverified"},
    identify=identify,
    extract=extract,
    source="cgm",
)
