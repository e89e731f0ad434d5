"""Eight Sleep: intervals (one per time in bed) and trends (one per day), as its service answers.

A record is an interval, or a day. Times are UTC (`Z`), an IANA zone beside them in newer answers.
Stages are lengths in seconds, one after another from `ts`, `out` meaning out of bed. Series are
pairs of time and value: air of the room, breaths, pulse, rMSSD; `"None"` is nothing. A score of 0
is none. A trend repeats its intervals: only its score is carried.

Evidence: a published answer of 2017 and readers of other people; no real file was at hand.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pyarrow as pa

from connectors.contract import Connector, Drift, FormatDrift, Head, Item, Source, Total, shaped
from connectors.reading.delimited import decoded
from connectors.reading.nights import sleeps
from connectors.reading.query import json_rows, query
from connectors.reading.text_sql import dated, elements, instant, later, number
from connectors.reading.verdict import carried, case_of, parted, time_faults

STAGES = {"awake": "awake", "out": "out_of_bed", "light": "light", "deep": "deep", "rem": "rem",
          "sleep": "asleep_unspecified"}  # fmt: skip
SERIES = {
    "tempRoomC": ("room_temperature", "Cel"),
    "respiratoryRate": ("respiratory_rate", "/min"),
    "heartRate": ("heart_rate", "/min"),
    "rmssd": ("heart_rate_variability_rmssd", "ms"),
}
TOTALS = {
    "sleepDuration": ("total_sleep_time", "s"),
    "totalDuration": ("time_in_bed", "s"),
    "lightDuration": ("light_sleep_time", "s"),
    "deepDuration": ("deep_sleep_time", "s"),
    "remDuration": ("rem_sleep_time", "s"),
}
_INTERVALS = re.compile(
    r'\s*\{.{0,200}?"intervals"\s*:\s*\[(?=.*"ts"\s*:)(?=.*"stages"\s*:)', re.DOTALL
)
_TRENDS = re.compile(r'\s*\{\s*"days"\s*:\s*\[\s*\{(?=.*"presenceStart")', re.DOTALL)


def identify(head: Head) -> str | None:
    """By the list that the answer holds and the keys in it."""
    text = decoded(head.first)
    if _INTERVALS.match(text):
        return "intervals"
    return "trends" if _TRENDS.match(text) else None


def extract(source: Source, variant: str) -> Iterator[Item]:
    """Sleeps with stages, totals and series of the room and the body; scores of days.

    Skips: `no_value` (a day without a score).

    Raises: FormatDrift if no interval has a begin, BrokenFile if the JSON is cut.
    """
    if variant == "trends":
        yield from _days(source)
        return
    pages = json_rows(source, {"intervals": "JSON[]"})
    docs = query(
        """select row_number() over () as record, doc
           from (select unnest(intervals) as doc from pages)""",
        pages=pages,
    )
    yield Total(docs.num_rows)
    nights = query(_judged(), docs=docs)
    if nights.num_rows and nights["ts"].null_count == nights.num_rows:
        raise FormatDrift("no interval has ts; save the whole answer again")
    sound, items = parted(nights)
    yield from items
    yield from sleeps(sound, TOTALS | {"score": ("sleep_score", "{score}")}, in_bed="true")
    yield from _stages(sound)
    yield from _series(sound)


def _judged() -> str:
    """SQL: every interval, as long as its stages are together."""
    totals = ", ".join(f"doc ->> '$.stageSummary.{key}' as {key}" for key in TOTALS)
    faults = [
        *time_faults("ts", "start_utc"),
        ("stages is null", "missing_value:stages"),
        ("seconds is null or seconds <= 0", "unreadable_number:stages"),
        ("end_utc is null", "unreadable_time:stages"),
    ]
    return f"""
    with told as (
        select record, doc ->> '$.ts' as ts, coalesce(doc ->> '$.id', doc ->> '$.ts') as session,
            doc ->> '$.stages' as stages, doc ->> '$.timeseries' as series, {totals},
            nullif(doc ->> '$.score', '0') as score, doc ->> '$.timezone' as zone,
            nullif(concat_ws(' ', doc ->> '$.device.specialization', doc ->> '$.device.side'), '')
                as device
        from docs
    ), summed as (
        select *, {instant("ts")} as start_utc, 'sleep' as label, list_sum(list_transform(
            {elements("stages")}, lambda s: try_cast(s ->> '$.duration' as double))) as seconds
        from told
    ), timed as (select *, {later("start_utc", "seconds")} as end_utc from summed)
    select *, null::varchar as skip, {case_of(faults)} as fault, concat_ws('|', ts, session) as raw
    from timed
    """


def _stages(nights: pa.Table) -> Iterator[Item]:
    words = " ".join(f"when '{word}' then '{stage}'" for word, stage in STAGES.items())
    stages = query(
        f"""with each as (
            select record, session, device, zone, start_utc as t0,
                unnest({elements("stages")}) as s, generate_subscripts({elements("stages")}, 1) as n
            from nights
        ), lasting as (
            select * exclude (s), s ->> '$.stage' as word,
                cast((s ->> '$.duration')::double * 1e6 as bigint) as us
            from each
        ), placed as (
            select *, (sum(us) over (partition by record order by n))::bigint as until from lasting
        )
        select record, 'sleep_stage' as kind, word, case word {words} else 'unknown' end as label,
            session, device, zone, t0 + to_microseconds(until - us) as start_utc,
            t0 + to_microseconds(until) as end_utc, session as key
        from placed where us > 0 order by record, n""",
        nights=nights,
    )
    for word in sorted({word or "" for word in stages["word"].to_pylist()} - set(STAGES)):
        yield Drift(f"stage {word}")
    yield shaped("episode", stages.drop_columns(["word"]))


def _series(nights: pa.Table) -> Iterator[Item]:
    """Pairs of time and value; what is no number is no measurement."""
    for key, (metric, unit) in SERIES.items():
        rows = query(
            f"""with pairs as (
                select record, device, zone, unnest({elements("series", f"$.{key}[*]")}) as pair
                from nights
            ), told as (
                select * exclude (pair), pair ->> '$[1]' as value,
                    {instant("(pair ->> '$[0]')")} as start_utc
                from pairs
            )
            select * from told where start_utc is not null and {number("value")} is not null
            order by record, start_utc""",
            nights=nights,
        )
        above = "true" if metric == "room_temperature" else "value::double > 0"
        rows = query(f"select * from rows where {above}", rows=rows)
        yield from carried(rows, {"value": (metric, unit)})


def _days(source: Source) -> Iterator[Item]:
    pages = json_rows(source, {"days": "STRUCT(day VARCHAR, score VARCHAR)[]"})
    days = query(
        f"""with day as (select unnest(days) as d from pages),
        told as (
            select row_number() over () as record, d.day as day, nullif(d.score, '0') as score,
                {dated("try_cast(d.day as date)")} as date
            from day
        )
        select *, null::varchar as skip, {case_of(time_faults("day", "date"))} as fault, day as raw
        from told""",
        pages=pages,
    )
    yield Total(days.num_rows)
    sound, items = parted(days)
    yield from items
    yield from carried(sound, {"score": ("sleep_score", "{score}")}, "daily")


CONNECTOR = Connector(
    name="eight_sleep",
    title="Eight Sleep answers",
    version="1",
    variants={"intervals": "unverified", "trends": "unverified"},
    identify=identify,
    extract=extract,
    source="mat",
)
