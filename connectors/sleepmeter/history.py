"""Sleepmeter `sleep_history_*.csv`: sections of the person's own words, then the diary.

One record is one sleep. Each time has the offset of its moment. `holes` are minutes after falling
asleep: `60-120|180-240` is awake twice. A sleep that begins when it ends is a night without any.
Texts stand between quotes and are not escaped, so that a note may have quotes and line ends in it:
a record begins where a line begins with a quoted date. Quality is 0 to 10 and no score of 100.

Evidence: twenty real files made by testing the app. That holes count from falling asleep and not
from bedtime: two of them, in which the last minute of a hole is one before the length of the sleep.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pyarrow as pa

from connectors.contract import Connector, FormatDrift, Head, Item, Source, Total, shaped
from connectors.reading.delimited import decoded, lines_of
from connectors.reading.query import query
from connectors.reading.text_sql import instant, offset_min, wall
from connectors.reading.verdict import case_of, parted, time_faults

HEADER = "wake,sleep,bedtime,holes,type,"
BEGIN = re.compile(r'"\d{4}-')
_ROW = re.compile(r'"([^"]*)","([^"]*)","([^"]*)",([^,]*),([A-Z_]*),')
FIELDS = ("wake", "sleep", "bedtime", "holes", "type")
LABELS = {"NIGHT_SLEEP": "sleep", "NAP": "nap"}


def identify(head: Head) -> str | None:
    """`csv` where the diary's header stands at the start of a line, or the section before it."""
    text = decoded(head.first)
    is_mine = text.startswith(HEADER) or f"\n{HEADER}" in text.replace("\r", "\n")
    return "csv" if is_mine else None


def extract(source: Source, variant: str) -> Iterator[Item]:
    """Sleeps with time in bed, and stages where holes are told.

    Skips: `no_sleep`.

    Raises: FormatDrift without the diary's header.
    """
    lines = lines_of(decoded(source.read()))
    first = next((n for n, line in enumerate(lines) if line.startswith(HEADER)), None)
    if first is None:
        raise FormatDrift("no diary in this file: its header begins with wake,sleep,bedtime")
    begins = [n for n in range(first + 1, len(lines)) if BEGIN.match(lines[n])]
    yield Total(len(begins))
    found = [(n + 1, _ROW.match(lines[n])) for n in begins]
    broken = [n for n, row in found if row is None]
    if broken:
        codes = ["broken_row"] * len(broken)
        texts = [lines[n - 1][:1000] for n in broken]
        yield shaped("reject", pa.table({"record": broken, "code": codes, "raw": texts}))
    rows = pa.table(
        {"record": pa.array([n for n, row in found if row], pa.int64())}
        | {
            name: pa.array([row[i] or None for _, row in found if row], pa.string())
            for i, name in enumerate(FIELDS, start=1)
        }
    )
    judged = query(_judged(), rows=rows)
    sound, items = parted(judged)
    yield from items
    yield shaped("episode", query(_EPISODES, sound=sound))


def _judged() -> str:
    """SQL: every sleep with its three times, and what is wrong with it."""
    times = ", ".join(
        f"{instant(name)} as {end}_utc, {wall(name)} as {end}_wall,"
        f" {offset_min(name)} as {end}_offset_min"
        for name, end in (("sleep", "start"), ("wake", "end"), ("bedtime", "bed"))
    )
    labels = " ".join(f"when '{word}' then '{label}'" for word, label in LABELS.items())
    faults = [
        *time_faults("sleep", "start_utc"),
        *time_faults("wake", "end_utc"),
        ("end_utc < start_utc", "end_before_start:wake"),
        ("label is null", "unknown_code:type"),
    ]
    return f"""
    with timed as (
        select *, {times}, case type {labels} end as label, sleep as session from rows
    )
    select *, case when start_utc = end_utc then 'no_sleep' end as skip, {case_of(faults)} as fault,
        concat_ws('|', wake, sleep, bedtime, holes, type) as raw
    from timed
    """


# Between the holes somebody slept: the ends of holes are where sleep begins.
_EPISODES = r"""
with marks as (
    select *, string_split(holes, '|') as pairs from sound
    where regexp_full_match(holes, '\d+-\d+(\|\d+-\d+)*')
), hole as (
    select * exclude (pairs), unnest(pairs) as pair, generate_subscripts(pairs, 1) as n from marks
), awake as (
    select record, session, start_utc as slept_utc, start_offset_min, end_utc as woke_utc, n,
        start_utc + to_minutes(split_part(pair, '-', 1)::int) as from_utc,
        least(end_utc, start_utc + to_minutes(split_part(pair, '-', 2)::int)) as to_utc
    from hole
), part as (
    select record, session, 'awake' as label, start_offset_min, from_utc as start_utc,
        to_utc as end_utc
    from awake
    union all
    select record, session, 'asleep_unspecified', start_offset_min,
        coalesce(lag(to_utc) over one, slept_utc), from_utc
    from awake window one as (partition by record order by n)
    union all
    select record, session, 'asleep_unspecified', start_offset_min, max(to_utc),
        any_value(woke_utc)
    from awake group by record, session, start_offset_min
)
select record, 'sleep' as kind, label, session, start_utc, start_wall, start_offset_min, end_utc,
    end_wall, end_offset_min, session as key from sound
union all by name
select record, 'sleep_stage' as kind, 'in_bed' as label, session, bed_utc as start_utc,
    bed_wall as start_wall, bed_offset_min as start_offset_min, end_utc, end_wall, end_offset_min,
    session as key from sound where bed_utc <= start_utc
union all by name
select record, 'sleep_stage' as kind, label, session, start_utc, start_offset_min, end_utc,
    session as key from part where end_utc > start_utc
order by record, kind, start_utc
"""

CONNECTOR = Connector(
    name="sleepmeter",
    title="Sleepmeter diary",
    version="1",
    variants={"csv": "verified"},
    identify=identify,
    extract=extract,
    source="manual",
)
