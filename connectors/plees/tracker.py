"""Plees Tracker CSV: one line per sleep, begin and end in epoch milliseconds.

The person presses a button at both ends; there are no stages, no offset, no totals. A rating is 1
to 5 stars, 0 where none was given: no score out of 100, so it is not carried.

Evidence: a fixture of another reader that is copied from an export.
"""

from __future__ import annotations

from collections.abc import Iterator

from connectors.contract import Connector, Head, Item, Source
from connectors.reading.named import Layout, header_of, named
from connectors.reading.nights import sleeps
from connectors.reading.query import query
from connectors.reading.text_sql import epoch, raw
from connectors.reading.verdict import case_of, parted, time_faults

LAYOUT = Layout(
    {"sid": "sid", "start": "start", "stop": "stop"},
    needed=("sid", "start", "stop"),
    unread=("rating", "comment", "wakes"),
)


def identify(head: Head) -> str | None:
    """`csv` where the header begins as this app's does."""
    return "csv" if header_of(head)[:4] == ["sid", "start", "stop", "rating"] else None


def extract(source: Source, variant: str) -> Iterator[Item]:
    """A sleep per line, however short.

    Raises: FormatDrift without a column that is needed.
    """
    rows, items = named(source, LAYOUT)
    yield from items
    start, stop = (epoch(name, 1000) for name in ("start", "stop"))
    faults = [
        *time_faults("start", "start_utc"),
        ("is_short", "ragged_row:stop"),
        *time_faults("stop", "end_utc"),
        ("end_utc < start_utc", "end_before_start:stop"),
    ]
    judged = query(
        f"""with timed as (
            select *, {start} as start_utc, {stop} as end_utc, start as session, 'sleep' as label
            from rows
        )
        select *, null::varchar as skip, {case_of(faults)} as fault, {raw("start", "stop")} as raw
        from timed""",
        rows=rows,
    )
    sound, items = parted(judged)
    yield from items
    yield from sleeps(sound, {})


CONNECTOR = Connector(
    name="plees_tracker",
    title="Plees Tracker CSV",
    version="1",
    variants={"csv": "verified"},
    identify=identify,
    extract=extract,
    source="manual",
)
