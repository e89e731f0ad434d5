"""Actiwatch `.AWD`: seven header lines, then one line per epoch: counts, or counts and light.

Lines 2 to 4 are the begin of the recording on the wall clock and the length of an epoch in steps of
15 seconds (4 is a minute). An epoch is the record; its light is lux at the wrist, its counts of
activity have no metric here. Line 1 is the person's name, and is not read.

Evidence: a fixture of another reader.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pyarrow as pa

from connectors.contract import BrokenFile, Connector, Head, Item, Source, Total
from connectors.reading.delimited import decoded, lines_of
from connectors.reading.query import query
from connectors.reading.text_sql import LONGEST_S, later
from connectors.reading.verdict import carried, parted

STEP_S = 15
HEADER_LINES = 7
_BEGIN = re.compile(
    r"[^\n]*\r?\n\s*(\d\d?-[A-Za-z]{3}-\d{4})\s*\r?\n\s*(\d\d?:\d\d)\s*\r?\n\s*(\d+)\s*\r?\n"
)


def identify(head: Head) -> str | None:
    """`awd` where lines 2 to 4 are a date, a time and a number."""
    return "awd" if _BEGIN.match(decoded(head.first[:400])) else None


def extract(source: Source, variant: str) -> Iterator[Item]:
    """Light at the wrist. Skips: `activity_alone` (an epoch without light), `no_value`.

    Raises: BrokenFile if the begin is no date.
    """
    text = decoded(source.read())
    found = _BEGIN.match(text)
    rows = [(n, line) for n, line in enumerate(lines_of(text), start=1) if n > HEADER_LINES]
    rows = [(n, line) for n, line in rows if line.strip()]
    epochs = pa.table({"record": pa.array([n for n, _ in rows], pa.int64()),
                       "line": pa.array([line for _, line in rows], pa.string())})  # fmt: skip
    day, clock, steps = found.groups() if found else ("", "", "0")
    step_s = min(float(steps), LONGEST_S) * STEP_S
    judged = query(
        f"""with begin as (select try_strptime('{day} {clock}', '%d-%b-%Y %H:%M') as t0),
        told as (
            select record, line, {
            later("t0", f"({step_s} * row_number() over (order by record) - {step_s})::double")
        } as start_wall,
                nullif(trim(split_part(line, ',', 2)), '') as light,
                regexp_full_match(trim(line), '\\d+(\\s*,\\s*[0-9.]+)?(\\s*M)?') as is_row
            from epochs, begin
        )
        select *, case when light is null and is_row then 'activity_alone' end as skip,
            case when not is_row then 'broken_row' end as fault, line as raw
        from told""",
        epochs=epochs,
    )
    if judged.num_rows and judged["start_wall"].null_count:
        raise BrokenFile(
            "lines 2 to 4 do not tell a begin and a length of epochs that a calendar can hold"
        )
    yield Total(judged.num_rows)
    sound, items = parted(judged)
    yield from items
    lit = query("select record, start_wall, rtrim(light, ' M') as light from sound", sound=sound)
    yield from carried(lit, {"light": ("light_exposure", "lx")})


CONNECTOR = Connector(
    name="philips_awd",
    title="Actiwatch AWD",
    version="1",
    variants={"awd": "verified"},
    identify=identify,
    extract=extract,
    source="actigraph",
)
