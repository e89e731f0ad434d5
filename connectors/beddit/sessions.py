"""Beddit CSV: one line per session of the sensor in the bed, not sorted.

Begin and end are UTC (`+00:00`, which is no offset of a place), the zone stands beside as an IANA
name. Seconds; the first column has no name. A session is time in bed: sleep, awake and away add up
to it but for some minutes. Awake has falling asleep in it. A pulse of 0.0 is none; scores are 0.

Evidence: a real file of thirty nights of 2017.
"""

from __future__ import annotations

from collections.abc import Iterator

from connectors.contract import Connector, Head, Item, Source
from connectors.reading.named import Layout, header_of, named
from connectors.reading.nights import sleeps
from connectors.reading.query import query
from connectors.reading.text_sql import instant, raw
from connectors.reading.verdict import case_of, parted, time_faults

LAYOUT = Layout(
    {"id": "session", "start_timestamp": "start", "end_timestamp": "stop", "timezone": "zone",
     "sleep_duration": "asleep", "resting_heart_rate": "pulse",
     "average_respiration_rate": "breaths"},
    needed=("start", "stop", "zone", "asleep"),
    unread=(
        *("away_duration", "wake_duration", "beddit_user_id", "date", "updated", "score_snoring"),
        *("score_amount_of_sleep", "score_awakenings", "score_bed_exits", "score_sleep_latency"),
        "score_sleep_efficiency",
    ),
)  # fmt: skip
TOTALS = {
    "asleep": ("total_sleep_time", "s"),
    "pulse": ("resting_heart_rate", "/min"),
    "breaths": ("sleep_respiratory_rate", "/min"),
}


def identify(head: Head) -> str | None:
    """`csv` where the header has Beddit's columns."""
    header = header_of(head)
    return "csv" if LAYOUT.is_of(header) and "away_duration" in header else None


def extract(source: Source, variant: str) -> Iterator[Item]:
    """A sleep per session with its time in bed, seconds asleep, pulse and breaths.

    Raises: FormatDrift without a column that is needed.
    """
    rows, items = named(source, LAYOUT)
    yield from items
    faults = [
        ("is_short and stop is null", "ragged_row:stop"),
        *time_faults("start", "start_utc"),
        *time_faults("stop", "end_utc"),
        ("end_utc < start_utc", "end_before_start:stop"),
    ]
    judged = query(
        f"""with timed as (
            select * replace (coalesce(session, start) as session), 'sleep' as label,
                {instant("start")} as start_utc, {instant("stop")} as end_utc
            from rows
        )
        select *, null::varchar as skip, {case_of(faults)} as fault,
            {raw("session", "start", "stop")} as raw
        from timed""",
        rows=rows,
    )
    sound, items = parted(judged)
    yield from items
    yield from sleeps(sound, TOTALS, in_bed="true")


CONNECTOR = Connector(
    name="beddit",
    title="Beddit sessions CSV",
    version="1",
    variants={"csv": "verified"},
    identify=identify,
    extract=extract,
    source="mat",
)
