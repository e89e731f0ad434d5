"""ActiLife data table CSV: ten lines about the recording, a header, one line per epoch.

The first line says how dates are written (`date format M/d/yyyy`), the others begin and length of
an epoch. The clock is the wall clock. Carried are steps, heart rate and light of an epoch; counts
of the axes have no metric here, and no sleep is scored in this file. A light or a pulse that is 0
in every epoch is a sensor that was not there.

Evidence: the maker's description, a fixture without a header of columns.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from connectors.contract import BrokenFile, Connector, FormatDrift, Head, Item, Source
from connectors.reading.delimited import decoded, lines_of, rows_below
from connectors.reading.named import Layout, columns_of
from connectors.reading.query import query
from connectors.reading.text_sql import later, written
from connectors.reading.verdict import carried, case_of, parted

FORMATS = {"M/d/yyyy": "%m/%d/%Y", "d/M/yyyy": "%d/%m/%Y", "yyyy-MM-dd": "%Y-%m-%d",
           "dd-MMM-yy": "%d-%b-%y", "MM/dd/yyyy": "%m/%d/%Y", "dd/MM/yyyy": "%d/%m/%Y"}  # fmt: skip
LAYOUT = Layout(
    {"Date": "day", "Time": "clock", "Steps": "steps", "HR": "pulse", "Lux": "light"},
    needed=(),
    unread=("Axis1", "Axis2", "Axis3", "Vector Magnitude", "Inclinometer Off", "Epoch",
            "Inclinometer Standing", "Inclinometer Sitting", "Inclinometer Lying",
            "Sleep or Awake?"),
)  # fmt: skip
TOLD = {"steps": ("step_count", "{count}"), "pulse": ("heart_rate", "/min"),
        "light": ("light_exposure", "lx")}  # fmt: skip
_MARK = re.compile(r"-+ ?Data (File|Table File) Created By ActiGraph\b.*date format (\S+)")


def identify(head: Head) -> str | None:
    """`csv` where the first line says that ActiLife wrote it."""
    first = lines_of(decoded(head.first[:600]))[:1]
    return "csv" if first and _MARK.match(first[0].strip('"')) else None


def extract(source: Source, variant: str) -> Iterator[Item]:
    """Steps, heart rate, light. Skips: `activity_alone`.

    Raises: FormatDrift without a header of columns, BrokenFile if no begin is told.
    """
    lines = lines_of(decoded(source.read()))
    found = _MARK.match(lines[0].strip('"')) if lines else None
    order = FORMATS.get(found[2] if found else "")
    head = next((n for n, line in enumerate(lines[:40]) if "Axis1" in line), None)
    if head is None:
        raise FormatDrift(
            "no header names the columns: export the data table again with column headers"
        )
    about = "\n".join(lines[:head])
    start = re.search(r"Start Time (\S+).*?Start Date (\S+)", about, re.DOTALL)
    epoch = re.search(r"Epoch Period \(hh:mm:ss\) (\d\d):(\d\d):(\d\d)", about)
    begin = _begin(start, order) if start and order else None
    if epoch is None or begin is None:
        raise BrokenFile("the lines above the table do not tell date format, begin and epoch")
    seconds = sum(int(part) * 60**n for n, part in enumerate(reversed(epoch.groups())))
    rows, items = columns_of(rows_below(lines, head, ","), LAYOUT)
    yield from items
    counted = later(
        f"timestamp '{begin}'", f"((row_number() over (order by record) - 1) * {seconds})::double"
    )
    told = written("(day || ' ' || clock)", f"'{order} %H:%M:%S'")
    judged = query(
        f"""with timed as (
            select *, case when day is null then {counted} else {told} end as start_wall
            from rows
        ), lit as (
            select * replace (
                if(max(try_cast(light as double)) over () > 0, light, null) as light,
                if(max(try_cast(pulse as double)) over () > 0, pulse, null) as pulse)
            from timed
        )
        select *, {
            later("start_wall", f"{seconds}::double")
        } as end_wall, case when coalesce(steps, pulse,
                light) is null then 'activity_alone' end as skip,
            {
            case_of(
                [("is_short", "ragged_row:Time"), ("start_wall is null", "unreadable_time:Date")]
            )
        } as fault,
            concat_ws('|', day, clock) as raw
        from lit""",
        rows=rows,
    )
    sound, items = parted(judged)
    yield from items
    yield from carried(sound, TOLD)


def _begin(told: re.Match[str], order: str) -> datetime | None:
    """When the first epoch began: `told` has the clock and the day."""
    clock, day = (part.rstrip(',"') for part in told.groups())
    try:
        return datetime.strptime(f"{day} {clock}", f"{order} %H:%M:%S")
    except ValueError:
        return None


CONNECTOR = Connector(
    name="actigraph_actilife",
    title="ActiLife data table CSV",
    version="1",
    variants={"csv": "unverified"},
    identify=identify,
    extract=extract,
    source="actigraph",
)
