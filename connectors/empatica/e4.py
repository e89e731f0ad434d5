"""Empatica E4 session files `HR.csv` and `TEMP.csv`: begin, rate, then a number per line.

Line 1 is the begin in epoch seconds (UTC), line 2 the rate in Hz; a record is one of the numbers
below. Which file it is does not stand in it: the pulse comes at 1 Hz, the temperature at 4 Hz with
two decimals, skin conductance at 4 Hz with six, the pulse wave at 64 Hz. The last two, acceleration
and intervals between beats have no metric here and are not claimed.

Evidence: real files of a session.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pyarrow as pa

from connectors.contract import BrokenFile, Connector, Head, Item, Source, Total
from connectors.reading.delimited import decoded, lines_of
from connectors.reading.query import query
from connectors.reading.text_sql import epoch
from connectors.reading.verdict import carried, parted

_BEGIN = re.compile(r"(\d{9,10})\.\d{6}\r?\n(1|4)\.000000\r?\n((?:-?\d+\.\d{2}\r?\n){3,})")
TOLD = {"heart_rate": ("heart_rate", "/min"), "temperature": ("skin_temperature", "Cel")}


def identify(head: Head) -> str | None:
    """By the rate and the decimals of the first numbers."""
    found = _BEGIN.match(decoded(head.first))
    if not found:
        return None
    return "heart_rate" if found[2] == "1" else "temperature"


def extract(source: Source, variant: str) -> Iterator[Item]:
    """A sample per line. Skips: `no_value`.

    Raises: BrokenFile without begin and rate.
    """
    text = decoded(source.read())
    if not (found := _BEGIN.match(text)):
        raise BrokenFile("the first two lines are not the begin of a session and a rate")
    lines = lines_of(text)[2:]
    rows = pa.table({"record": pa.array(range(3, len(lines) + 3), pa.int64()), "told": lines})
    start = lines_of(text)[0]
    judged = query(
        f"""with filled as (select * from rows where trim(told) <> ''),
        placed as (
            select record, told, {epoch(f"({start} + (record - 3) / {found[2]}.0)")} as start_utc
            from filled
        )
        select *, null::varchar as skip, case when try_cast(told as double) is null
            then 'unreadable_number:value' end as fault, told as raw
        from placed""",
        rows=rows,
    )
    yield Total(judged.num_rows)
    sound, items = parted(judged)
    yield from items
    yield from carried(sound, {"told": TOLD[variant]})


CONNECTOR = Connector(
    name="empatica_e4",
    title="Empatica E4 session",
    version="1",
    variants={"heart_rate": "verified", "temperature": "verified"},
    identify=identify,
    extract=extract,
    source="watch",
)
