"""NSRR annotation XML: scored events with seconds after the start of the recording.

One record is one event; stages are `Wake|0`, `Stage 1 sleep|1` to `Stage 4 sleep|4`, `REM sleep|5`,
`Unscored|9`, `Movement|6`. The start stands in an event of its own as `01.01.85 22.15.30`: the time
is true, the date mostly the mark for none (1 January 1985), by which no night can be placed. Where
it is another date the stages are carried, counted on from the wall clock of the start. Other events
are counted.

Evidence: fixtures of other readers; data sets that were read have no dates.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from xml.etree import ElementTree as Xml

import pyarrow as pa

from connectors.contract import BrokenFile, Connector, Head, Item, Source, Total, UndatableFile
from connectors.reading.delimited import decoded
from connectors.reading.hypnogram import scored
from connectors.reading.query import query
from connectors.reading.verdict import parted

STAGES = {"0": "awake", "1": "light", "2": "light", "3": "deep", "4": "deep", "5": "rem",
          "6": "unknown", "9": "unknown"}  # fmt: skip
NO_DATES = (dt.date(1985, 1, 1), dt.date(2001, 1, 1))
FORMS = ("%d.%m.%y %H.%M.%S", "%d.%m.%Y %H.%M.%S", "%Y-%m-%d %H:%M:%S")
_ROOT = re.compile(r"\s*+(?:<\?xml[^>]*+>)?\s*+<PSGAnnotation\b")


def identify(head: Head) -> str | None:
    """`xml` where the root element is that of NSRR."""
    return "xml" if _ROOT.match(decoded(head.first)) else None


def extract(source: Source, variant: str) -> Iterator[Item]:
    """A sleep with its stages. Skips: `other_event`.

    Raises: UndatableFile without a date, BrokenFile if the XML is cut.
    """
    text = decoded(source.read()).strip()
    try:
        if "<!" in text.replace("<!--", ""):  # no annotation has entities of its own
            raise Xml.ParseError
        root = Xml.fromstring(text)
    except Xml.ParseError:
        raise BrokenFile("not readable as XML to its end: download it again") from None
    events = [
        {child.tag: (child.text or "").strip() for child in event}
        for event in root.iter("ScoredEvent")
    ]
    begin = _begin(events)
    stages = [event for event in events if event.get("EventType") == "Stages|Stages"]
    if begin is None or begin.date() in NO_DATES:
        long = sum(_seconds(event.get("Duration")) or 0 for event in stages)
        raise UndatableFile(
            f"{len(stages)} stages, {long / 3600:.1f} hours, and no date: it was taken out of this "
            "data set, so that its night cannot be joined with other data"
        )
    yield Total(len(events))
    rows = pa.table(
        {
            "record": pa.array(range(1, len(events) + 1), pa.int64()),
            "is_stage": pa.array([e.get("EventType") == "Stages|Stages" for e in events]),
            "code": pa.array([e.get("EventConcept", "").rpartition("|")[2] for e in events]),
            "onset": pa.array([_seconds(e.get("Start")) for e in events], pa.float64()),
            "lasted": pa.array([_seconds(e.get("Duration")) for e in events], pa.float64()),
        }
    )
    cases = " ".join(f"when '{code}' then '{stage}'" for code, stage in STAGES.items())
    judged = query(
        f"""with placed as (
            select *, case code {cases} end as stage, timestamp '{begin.isoformat()}'
                + to_microseconds(cast(onset * 1e6 as bigint)) as start_wall
            from rows
        )
        select *, start_wall + to_microseconds(cast(lasted * 1e6 as bigint)) as end_wall,
            case when not is_stage then 'other_event' end as skip, case when is_stage then case
                when onset is null then 'missing_time:Start'
                when coalesce(lasted, 0) <= 0 then 'missing_value:Duration'
                when stage is null then 'unknown_code:EventConcept' end end as fault, code as raw
        from placed""",
        rows=rows,
    )
    sound, items = parted(judged)
    yield from items
    yield from scored(sound, f"nsrr {begin.isoformat()}", begin)


def _begin(events: list[dict[str, str]]) -> dt.datetime | None:
    told = [e["ClockTime"] for e in events
            if e.get("EventConcept") == "Recording Start Time" and e.get("ClockTime")]  # fmt: skip
    for form in FORMS if told else ():
        try:
            return dt.datetime.strptime(told[0], form)
        except ValueError:
            continue
    return None


def _seconds(text: str | None) -> float | None:
    try:
        seconds = float(text or "")
    except ValueError:
        return None
    return seconds if 0 <= seconds < 1e7 else None


CONNECTOR = Connector(
    name="nsrr_annotations",
    title="NSRR annotations (XML)",
    version="2",
    variants={"xml": "unverified"},
    identify=identify,
    extract=extract,
    source="eeg",
)
