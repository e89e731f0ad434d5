"""Fitbit's own CSV ("Export your account data" of fitbit.com, gone since 2024), its part on sleep.

One record is a line: a sleep. The clock is that of the wall, `2022-03-13 7:43 AM` or
`2023-08-30 6:08PM`; both ends are in their own. Minutes. `NA`, `N/A` and nothing stand for stages
of sleeps that have none. The line `Sleep` before the header is there or not, as are quotes; other
parts of the export may stand in the same file.

Evidence: three real files of two people. There is no id: a sleep is known by its begin.
"""

from __future__ import annotations

from collections.abc import Iterator

from connectors.contract import (
    Connector,
    Drift,
    FormatDrift,
    Head,
    Item,
    Skip,
    Source,
    Total,
    shaped,
)
from connectors.reading.delimited import decoded, fields_of, lines_of, rows_below
from connectors.reading.outcome import faults, samples, sound
from connectors.reading.query import query
from connectors.reading.text_sql import dated

COLUMNS = {
    "Start Time": "begin",
    "End Time": "finish",
    "Minutes Asleep": "asleep",
    "Minutes Awake": "awake",
    "Number of Awakenings": "awakenings",
    "Time in Bed": "in_bed",
    "Minutes REM Sleep": "rem",
    "Minutes Light Sleep": "light",
    "Minutes Deep Sleep": "deep",
}
_NEEDED = ("Start Time", "End Time", "Minutes Asleep", "Time in Bed")
TOTALS = {
    "asleep": ("total_sleep_time", "min"),
    "awake": ("wake_after_sleep_onset", "min"),
    "awakenings": ("number_of_awakenings", "{count}"),
    "in_bed": ("time_in_bed", "min"),
    "rem": ("rem_sleep_time", "min"),
    "light": ("light_sleep_time", "min"),
    "deep": ("deep_sleep_time", "min"),
}
_CLOCKS = "['%Y-%m-%d %I:%M %p', '%Y-%m-%d %I:%M%p', '%Y-%m-%d %H:%M']"


def identify(head: Head) -> str | None:
    """`sleep_csv` where there is a header of sleeps with a line below it."""
    lines = lines_of(decoded(head.first))
    at = _header(lines)
    return "sleep_csv" if at is not None and any(line.strip() for line in lines[at + 1 :]) else None


def _header(lines: list[str]) -> int | None:
    """The place of the header."""
    for n, line in enumerate(lines):
        if line.lstrip('"').startswith("Start Time,") and set(_NEEDED) <= set(fields_of(line, ",")):
            return n
    return None


def extract(source: Source, variant: str) -> Iterator[Item]:
    """Sleeps, their time in bed, totals. Skips: `other_part` of the export.

    Raises: FormatDrift if there is no header of sleeps.
    """
    lines = lines_of(decoded(source.read()))
    at = _header(lines)
    if at is None:
        raise FormatDrift("no header of sleeps (Start Time, End Time, ...); export it again")
    end = next((n for n in range(at + 1, len(lines)) if not lines[n].strip()), len(lines))
    rows = rows_below(lines[:end], at, ",")
    before = [line for line in lines[:at] if line.strip() and line.strip().strip('"') != "Sleep"]
    others = len(before) + sum(bool(line.strip()) for line in lines[end:])
    yield Total(rows.records + others)
    if others:
        yield Skip("other_part", others)
    yield from rows.unreadable()
    yield from (Drift(f"column {cell}") for cell in rows.header if cell not in COLUMNS)
    cells = ", ".join(
        f"case when c{rows.header.index(cell)} not in ('', 'NA', 'N/A')"
        f" then c{rows.header.index(cell)} end as {name}"
        if cell in rows.header
        else f"null::varchar as {name}"
        for cell, name in COLUMNS.items()
    )
    judged = query(
        f"""with told as (select record, {cells} from rows),
        timed as (
            select *, {dated(f"try_strptime(begin, {_CLOCKS})")} as start_wall,
                {dated(f"try_strptime(finish, {_CLOCKS})")} as end_wall from told
        )
        select *, strftime(start_wall, '%Y-%m-%dT%H:%M') as key, case
            when begin is null then 'missing_time:Start Time'
            when start_wall is null then 'unreadable_time:Start Time'
            when finish is null then 'missing_time:End Time'
            when end_wall is null then 'unreadable_time:End Time'
            when end_wall < start_wall - interval 1 hour then 'end_before_start:End Time' end
            as fault from timed""",
        rows=rows.table(),
    )
    good = sound(judged)
    yield shaped(
        "episode",
        query(
            """select record, unnest(['sleep', 'sleep_stage']) as kind,
                unnest(['sleep', 'in_bed']) as label, key as session, key, start_wall, end_wall
                from good order by record, kind""",
            good=good,
        ),
    )
    yield from samples(good, TOTALS, "start_wall, end_wall, key")
    yield faults(judged, *COLUMNS.values())


CONNECTOR = Connector(
    name="fitbit_web",
    title="fitbit.com account CSV (sleep)",
    version="1",
    variants={"sleep_csv": "verified"},
    identify=identify,
    extract=extract,
    source="watch",
)
