"""AI-READI, Garmin Vivosmart 5 as Open mHealth JSON: one file per person and quantity.

One record is one item of the list in `body`: an interval of a stage, or a value at an instant.
Times are written in Z, which the data set made with one zone per participant: in winter they may be
an hour off. Missing is 0, -1 or -2. An interval `awake` of hours lies between two nights: the watch
tells no end of a night. Who it is stands in the header, and is not read.

Evidence: the data set's public pipeline.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from connectors.contract import Connector, FormatDrift, Head, Item, Source, Total, shaped
from connectors.reading.delimited import decoded
from connectors.reading.query import json_rows, query
from connectors.reading.text_sql import instant
from connectors.reading.verdict import carried, case_of, parted

LISTS = {"sleep": "sleep", "heart_rate": "heart_rate", "oxygen_saturation": "breathing",
         "respiratory_rate": "breathing"}  # fmt: skip
TOLD = {
    "heart_rate": ("heart_rate", "/min"),
    "oxygen_saturation": ("oxygen_saturation", "%"),
    "respiratory_rate": ("respiratory_rate", "/min"),
}
STAGES = {"awake": "awake", "light": "light", "deep": "deep", "rem": "rem",
          "unmeasurable": "unknown", "unknown": "unknown"}  # fmt: skip
LONGEST_AWAKE_H = 3
_BODY = re.compile(
    r'\s*\{\s*"header"\s*:\s*\{.*?"body"\s*:\s*\{\s*"(sleep|heart_rate|breathing)"\s*:\s*\[',
    re.DOTALL,
)


def identify(head: Head) -> str | None:
    """The quantity, by the list in the body and what its items hold."""
    text = decoded(head.first)
    if not (found := _BODY.match(text)):
        return None
    if found[1] == "sleep":
        return "sleep" if "sleep_stage_state" in text else None
    if found[1] == "heart_rate":
        return "heart_rate"
    return next((q for q in ("oxygen_saturation", "respiratory_rate") if f'"{q}"' in text), None)


def extract(source: Source, variant: str) -> Iterator[Item]:
    """Stages, or samples. Skips: `between_nights` (hours told as awake), `no_value`.

    Raises: FormatDrift if the body has no list, BrokenFile if the JSON is cut.
    """
    rows = json_rows(source, {"body": "JSON"})
    items = query(
        f"""select row_number() over () as record, item from (
                select unnest(json_extract(body, '$.{LISTS[variant]}[*]')) as item from rows)""",
        rows=rows,
    )
    if not items.num_rows:
        raise FormatDrift(f"no list {LISTS[variant]} in the body; download the file again")
    yield Total(items.num_rows)
    if variant == "sleep":
        yield from _stages(items)
        return
    judged = query(
        f"""with told as (
            select record, item ->> '$.{variant}.value' as value,
                item ->> '$.effective_time_frame.date_time' as time
            from items
        ), timed as (select *, {instant("time")} as start_utc from told)
        select *, null::varchar as skip, concat_ws('|', time, value) as raw,
            {
            case_of(
                [
                    ("time is null", "missing_time:date_time"),
                    ("start_utc is null", "unreadable_time:date_time"),
                ]
            )
        } as fault
        from timed""",
        items=items,
    )
    sound, rest = parted(judged)
    yield from rest
    yield from carried(sound, {"value": TOLD[variant]})


def _stages(items: object) -> Iterator[Item]:
    frame = "item -> '$.effective_time_frame.time_interval'"
    words = " ".join(f"when '{word}' then '{stage}'" for word, stage in STAGES.items())
    faults = [
        ("told_start is null", "missing_time:start_date_time"),
        ("start_utc is null", "unreadable_time:start_date_time"),
        ("end_utc is null", "unreadable_time:end_date_time"),
        ("end_utc < start_utc", "end_before_start:end_date_time"),
        ("stage is null", "unknown_code:sleep_stage_state"),
    ]
    judged = query(
        f"""with told as (
            select record, item ->> '$.sleep_stage_state' as word,
                {frame} ->> '$.start_date_time' as told_start,
                {frame} ->> '$.end_date_time' as told_end
            from items
        ), timed as (
            select *, {instant("told_start")} as start_utc, {instant("told_end")} as end_utc,
                case word {words} end as stage
            from told
        )
        select *, case when stage = 'awake' and end_utc - start_utc >
                interval {LONGEST_AWAKE_H} hour then 'between_nights' end as skip,
            {case_of(faults)} as fault, concat_ws('|', told_start, told_end, word) as raw
        from timed""",
        items=items,
    )
    sound, rest = parted(judged)
    yield from rest
    stages = query(
        """select record, 'sleep_stage' as kind, stage as label, start_utc, end_utc
           from sound order by record""",
        sound=sound,
    )
    yield shaped("episode", stages)


CONNECTOR = Connector(
    name="aireadi_watch",
    title="AI-READI watch (Garmin as Open mHealth)",
    version="1",
    variants={
        "sleep": "unverified",
        "heart_rate": "unverified",
        "oxygen_saturation": "unverified",
        "respiratory_rate": "unverified",
    },
    identify=identify,
    extract=extract,
    source="watch",
)
