"""Open mHealth sleep: data points of `sleep-episode`, `sleep-duration`, `total-sleep-time`.

One record is one data point, with its header or as a body alone. Times are ISO with their offset or
Z; an interval is two of begin, end and duration. Every value has a unit of its own (h, min, sec).
An episode begins with falling asleep, not with going to bed; what is not the main sleep is a nap.
IEEE 1752.1 writes the same keys under its own namespace.

Evidence: the schemas and their test data; no real export was at hand.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pyarrow as pa

from connectors.contract import Connector, Head, Item, Source, Total, shaped
from connectors.reading.delimited import decoded
from connectors.reading.nights import sleeps
from connectors.reading.query import json_rows, query
from connectors.reading.text_sql import instant, later, number, offset_min, wall
from connectors.reading.verdict import case_of, parted

METRICS = {
    "latency_to_sleep_onset": "latency_to_sleep_onset",
    "latency_to_arising": "wake_after_final_awakening",
    "total_sleep_time": "total_sleep_time",
    "sleep_duration": "total_sleep_time",
    "wake_after_sleep_onset": "wake_after_sleep_onset",
    "number_of_awakenings": "number_of_awakenings",
    "sleep_maintenance_efficiency_percentage": "sleep_efficiency",
}
UNITS = {"h": "h", "min": "min", "sec": "s", "s": "s", "ms": "ms", "%": "%", "": "{count}"}
SECONDS = {"h": 3600, "min": 60, "sec": 1, "s": 1, "ms": 0.001, "d": 86_400}
_KEYS = ("effective_time_frame", "is_main_sleep", *METRICS)
_FRAME = re.compile(r'\s*[\[{](?=.*"effective_time_frame")', re.DOTALL)
_SLEEP = re.compile(
    r'"(sleep_duration|total_sleep_time|sleep_maintenance_efficiency_percentage)"\s*:\s*\{'
)


def identify(head: Head) -> str | None:
    """`points` where a time frame stands with one of the values of sleep."""
    text = decoded(head.first)
    return "points" if _FRAME.match(text) and _SLEEP.search(text) else None


def extract(source: Source, variant: str) -> Iterator[Item]:
    """Sleeps and naps with their totals. Skips: `no_sleep` (data points of something else).

    Raises: BrokenFile if the JSON is cut.
    """
    rows = json_rows(source, dict.fromkeys(("header", "body", *_KEYS), "JSON"))
    yield Total(rows.num_rows)
    judged = query(_judged(), rows=rows)
    sound, items = parted(judged)
    yield from items
    yield from sleeps(sound.drop_columns(["body"]), {})
    yield from _totals(sound)


def _judged() -> str:
    """SQL: every data point with its interval, and what is wrong with it."""
    alone = ", ".join(f"'{key}', {key}::json" for key in _KEYS)
    frame = "body -> '$.effective_time_frame.time_interval'"
    lengths = " ".join(f"when '{unit}' then {s}" for unit, s in SECONDS.items())
    times = ", ".join(
        f"{instant(text)} as {name}_told, {wall(text)} as {name}_clock,"
        f" {offset_min(text)} as {name}_off"
        for name, text in (("start", "start_text"), ("end", "end_text"))
    )
    start, end = later("start_told", "lasted"), later("end_told", "-lasted")
    told = " or ".join(f"(body -> '$.{key}') is not null" for key in METRICS)
    faults = [
        ("coalesce(start_text, end_text) is null", "missing_time:effective_time_frame"),
        ("start_utc is null", "unreadable_time:start_date_time"),
        ("end_utc is null", "unreadable_time:end_date_time"),
        ("end_utc <= start_utc", "end_before_start:end_date_time"),
    ]
    return f"""
    with documents as (
        select record, coalesce(header ->> '$.id', header ->> '$.uuid') as id,
            coalesce(body::json, json_object({alone})) as body
        from rows
    ), told as (
        select *, {frame} ->> '$.start_date_time' as start_text,
            {frame} ->> '$.end_date_time' as end_text,
            try_cast({frame} ->> '$.duration.value' as double)
                * case {frame} ->> '$.duration.unit' {lengths} end as lasted
        from documents
    ), timed as (select *, {times} from told),
    placed as (
        select *, coalesce(start_told, {end}) as start_utc, coalesce(end_told, {start}) as end_utc,
            start_clock as start_wall, end_clock as end_wall,
            start_off as start_offset_min, end_off as end_offset_min,
            coalesce(id, start_text, end_text) as session,
            case body ->> '$.is_main_sleep' when 'true' then 'main_sleep' when 'false' then 'nap'
                else 'sleep' end as label
        from timed
    )
    select record, body, session, label, start_utc, start_wall, start_offset_min, end_utc, end_wall,
        end_offset_min, case when not ({told}) then 'no_sleep' end as skip,
        case when {told} then {case_of(faults)} end as fault,
        concat_ws('|', start_text, end_text) as raw
    from placed
    """


def _totals(sound: pa.Table) -> Iterator[Item]:
    """Values by their own units; one whose unit is not known is a reject."""
    units = " ".join(f"when '{word}' then '{unit}'" for word, unit in UNITS.items())
    each = ", ".join(
        f"struct_pack(field := '{key}', metric := '{metric}', v := body -> '$.{key}')"
        for key, metric in METRICS.items()
    )
    values = query(
        f"""with each as (
            select * exclude (body), unnest([{each}], recursive := true)
            from (select * replace (body::json as body) from sound)
        ), told as (
            select *, if(json_type(v) = 'OBJECT', v ->> '$.value', v ->> '$') as text,
                coalesce(v ->> '$.unit', '') as word
            from each where v is not null and json_type(v) <> 'NULL'
        )
        select *, {number("text")} as value, case word {units} end as unit from told""",
        sound=sound,
    )
    samples = query(
        """select record, metric, start_utc, start_wall, start_offset_min, end_utc, end_wall,
               end_offset_min, value, unit, session as key
           from values where value >= 0 and unit is not null order by record, field""",
        values=values,
    )
    yield shaped("sample", samples)
    bad = query(
        """select record, if(unit is null, 'unknown_unit', 'unreadable_number') as code, field,
               concat_ws(' ', text, word) as raw
           from values where value is null or unit is null order by record, field""",
        values=values,
    )
    yield shaped("reject", bad)


CONNECTOR = Connector(
    name="openmhealth_sleep",
    title="Open mHealth and IEEE 1752.1 sleep",
    version="1",
    variants={"points": "unverified"},
    identify=identify,
    extract=extract,
    source="relay",
)
