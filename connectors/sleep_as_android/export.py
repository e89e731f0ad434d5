"""Sleep as Android `sleep-export.csv`: a header before every night, since every night has its own.

One record is the line of a night; the line above it names its columns, a line below it with an
empty first cell holds noise levels. `Id` is the begin in epoch ms, `Hours` the length in true
hours, `Tz` an IANA zone; `From` and `To` are wall clock to the minute and say nothing more.
Behind the columns come movements by the minute and events `LABEL-epochms[-value]`: stages by their
`_START` and `_END`, heart rate, light. Missing is -1, -2 or nothing. `Geo` and comments are left
alone.

Evidence: five real backups, forty nights whose zone was masked; heart rate by the app's own list.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import pyarrow as pa

from connectors.contract import BrokenFile, Connector, Drift, Head, Item, Source, Total, shaped
from connectors.reading.delimited import LONGEST_LINE, decoded, lines_of
from connectors.reading.nights import sleeps
from connectors.reading.query import query
from connectors.reading.text_sql import epoch, later
from connectors.reading.verdict import carried, case_of, parted

MAGIC = "Id,Tz,From,To,Sched,Hours,Rating"
NEEDED = ("Id", "Tz", "Hours", "LenAdjust")
STAGES = {"DEEP": "deep", "LIGHT": "light", "REM": "rem", "AWAKE": "awake"}
SAMPLES = {
    "HR": ("heart_rate", "/min"),
    "SPO2": ("oxygen_saturation", "%"),
    "RR": ("respiratory_rate", "/min"),
    "LUX": ("room_light", "lx"),  # of the phone beside the bed
}
# Known and not carried. Source: real backups, the app's documentation.
OTHERS = re.compile(
    "(BROKEN|ALARM|TRACKING|SNORING|DHA|DEVICE|LOW_BATTERY|TALK|LAUGH|COUGH|BABY|NOISE|APNEA"
    "|ANTISNORING|LULLABY|LUCID|USER|RDI|HRV|HR_|JET_LAG|ROBBERY|NAP|SMART|FOOD|CPAP|WALKING)"
)
_EVENT = re.compile(r"([A-Z][A-Z0-9_]*)-(\d{10,14})(?:-(-?[0-9.]+(?:E[+-]?\d+)?))?")
_ZONE = re.compile(r"[A-Z][a-z]+(/[A-Za-z0-9_+-]+)+|UTC|GMT")


@dataclass
class _Lines:
    """What stands in the file: nights as text, events, and lines that cannot be followed."""

    nights: dict[str, list[object]] = field(
        default_factory=lambda: {"record": [], **{name: [] for name in NEEDED}}
    )
    events: dict[str, list[object]] = field(
        default_factory=lambda: {"record": [], "label": [], "ms": [], "value": []}
    )
    broken: list[tuple[int, str]] = field(default_factory=list)


def identify(head: Head) -> str | None:
    """`csv` where the first line is a header of this app."""
    first = decoded(head.first[:200]).lstrip().replace('"', "")
    return "csv" if first.startswith(MAGIC) else None


def extract(source: Source, variant: str) -> Iterator[Item]:
    """Nights with the length the app shows, stages, heart rate, breath, oxygen, light.

    Raises: BrokenFile if there is no night.
    """
    found = _read(lines_of(decoded(source.read())))
    records = len(found.nights["record"]) + len(found.broken)
    if not records:
        raise BrokenFile("no night below the header: export it again")
    yield Total(records)
    if found.broken:
        lines, texts = (list(each) for each in zip(*found.broken, strict=True))
        bad = pa.table({"record": lines, "code": ["broken_row"] * len(lines), "raw": texts})
        yield shaped("reject", bad)
    nights = query(_judged(), rows=_texts(found.nights))
    sound, items = parted(nights)
    yield from items
    yield from sleeps(sound, {"shown_min": ("total_sleep_time", "min")})
    events = query(
        f"""select e.*, s.session, s.zone,
                {epoch("ms", 1000)} as start_utc
            from events e join sound s using (record)""",
        events=_texts(found.events),
        sound=sound,
    )
    yield from _events(events)


def _read(lines: list[str]) -> _Lines:
    """Every line in its place. A night is a line with an Id, whatever else it lacks."""
    found, columns = _Lines(), {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        if line.count('"') % 2 or len(line) > LONGEST_LINE:
            found.broken.append((number, line[:1000]))
            continue
        cells = next(csv.reader([line]))
        if cells[0].strip() == "Id":
            columns = {cell.strip(): index for index, cell in enumerate(cells)}
        elif cells[0].strip():  # else noise of the night above
            found.nights["record"].append(number)
            for name in NEEDED:
                place = columns.get(name, len(cells))
                found.nights[name].append(cells[place] if place < len(cells) else None)
            for event in (match for cell in cells[15:] if (match := _EVENT.fullmatch(cell))):
                found.events["record"].append(number)
                for name, text in zip(("label", "ms", "value"), event.groups(), strict=True):
                    found.events[name].append(text)
    return found


def _texts(columns: dict[str, list[object]]) -> pa.Table:
    types = {name: pa.int64() if name == "record" else pa.string() for name in columns}
    return pa.table({name: pa.array(cells, types[name]) for name, cells in columns.items()})


def _judged() -> str:
    """SQL: every night with its instants. `-1.0` marks a night added by hand, `-1` is a minute."""
    faults = case_of(
        [
            ("start_utc is null", "unreadable_time:Id"),
            ("coalesce(Hours, '') = ''", "missing_value:Hours"),
            ("hours_told is null or hours_told < 0", "unreadable_number:Hours"),
        ]
    )
    return f"""
    with told as (
        select *, {epoch("Id", 1000)} as start_utc,
            try_cast(Hours as double) as hours_told,
            case when regexp_full_match(LenAdjust, '-?\\d+') then try_cast(LenAdjust as bigint) end
                as adjusted,
            Id as session, 'sleep' as label,
            case when regexp_full_match(Tz, '{_ZONE.pattern}') then Tz end as zone
        from rows
    )
    select *, {later("start_utc", "hours_told * 3600")} as end_utc, null::varchar as skip,
        case when adjusted <> 0 then hours_told * 60 + adjusted end as shown_min,
        {faults} as fault, concat_ws('|', Id, Tz, Hours) as raw
    from told
    """


def _events(events: pa.Table) -> Iterator[Item]:
    names = " ".join(f"when '{word}' then '{stage}'" for word, stage in STAGES.items())
    stages = query(
        f"""with marks as (
            select *, split_part(label, '_', 1) as word, label like '%_START' as begins,
                lead(label) over same as next_label, lead(start_utc) over same as end_utc
            from events where split_part(label, '_', 1) in {tuple(STAGES)}
            window same as (partition by record, split_part(label, '_', 1) order by start_utc,
                label like '%_START')
        )
        select record, 'sleep_stage' as kind, case word {names} end as label, session, start_utc,
            end_utc, zone, session as key
        from marks where begins and next_label like '%_END' and end_utc > start_utc
        order by record, start_utc""",
        events=events,
    )
    yield shaped("episode", stages)
    for word, told in SAMPLES.items():
        rows = query(
            f"""select record, start_utc, zone, value from events
                where label = '{word}' and try_cast(value as double) >= 0 order by record,
                    start_utc""",
            events=events,
        )
        yield from carried(rows.filter(pa.compute.is_valid(rows["start_utc"])), {"value": told})
    for label in sorted(set(events["label"].to_pylist())):
        is_stage = label.removesuffix("_START").removesuffix("_END") in STAGES
        if not (is_stage or label in SAMPLES or OTHERS.match(label)):
            yield Drift(f"event {label}")


CONNECTOR = Connector(
    name="sleep_as_android",
    title="Sleep as Android backup",
    version="1",
    variants={"csv": "verified"},
    identify=identify,
    extract=extract,
    source="phone",
)
