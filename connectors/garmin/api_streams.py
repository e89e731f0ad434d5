"""Garmin streams of the Connect API: pairs of milliseconds and a number, and steps.

A document of a day tells both clocks of its begin and of its end; where the offset is the same at
both, it is that of the whole day. Source: real documents of one day.
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from connectors.contract import Item, Skip
from connectors.garmin.api_sleep import moment
from connectors.reading import text_sql
from connectors.reading.outcome import faults, samples, sound
from connectors.reading.query import query

# Mark of the document: kind, list of pairs, metric, unit, a night's mean and its metric.
STREAMS = {
    "heartRateValues": ("heart_rate", "heartRateValues", "heart_rate", "/min", None, None),
    "hrvReadings": (
        "hrv",
        None,
        "heart_rate_variability_rmssd",
        "ms",
        "hrvSummary.lastNightAvg",
        "sleep_heart_rate_variability_rmssd",
    ),
    "respirationValuesArray": (
        "respiration",
        "respirationValuesArray",
        "respiratory_rate",
        "/min",
        "avgSleepRespirationValue",
        "sleep_respiratory_rate",
    ),
    "spO2ValueDescriptorsDTOList": (
        "oxygen",
        "spO2HourlyAverages",
        "oxygen_saturation",
        "%",
        "avgSleepSpO2",
        "sleep_oxygen_saturation",
    ),
}


def stream(rows: pa.Table, kind: str) -> Iterator[Item]:
    """Samples of the documents of a kind, and the night's mean over the sleep that they name.

    Skips: `no_value`, a document with neither.
    """
    _, pairs, metric, unit, mean, mean_metric = next(s for s in STREAMS.values() if s[0] == kind)
    values = query(_pairs(pairs) if pairs else _READINGS, rows=rows)
    placed = query("select * from v where start_utc is not null", v=values)
    times = "start_utc, start_wall, start_offset_min, end_utc"
    yield from samples(placed, {"number": (metric, unit)}, times, "value <= 0")
    means = query(_means(mean), rows=rows) if mean else None
    told = "select record from v where try_cast(number as double) > 0"
    tables = {"v": placed, "rows": rows}
    if means is not None and mean_metric:
        yield from samples(
            means, {"number": (mean_metric, unit)}, "start_utc, end_utc, key", "value <= 0"
        )
        told += " union select record from m where number is not null"
        tables["m"] = means
    empty = f"select count(*) as n from rows where record not in ({told})"
    if count := query(empty, **tables)["n"][0].as_py():
        yield Skip("no_value", count)


def _cell(path: str) -> str:
    return f"(doc ->> '$.{path}')"


_AT = "(pair ->> '$[0]')"


def _pairs(key: str) -> str:
    begins, ends = (
        f"(epoch({text_sql.wall(_cell(f'{end}TimestampLocal'))})"
        f" - epoch({moment(_cell(f'{end}TimestampGMT'))}))"
        for end in ("start", "end")
    )
    is_hour = key == "spO2HourlyAverages"
    end = f"{moment(_AT)} + interval 1 hour" if is_hour else "null::timestamptz"
    return f"""
    with listed as (
        select record,
            case when {begins} = {ends} then round({begins} / 60)::smallint end as start_offset_min,
            unnest(case when json_type(doc, '$.{key}') = 'ARRAY'
                then from_json(doc -> '$.{key}', '["JSON"]') end) as pair
        from rows
    )
    select record, start_offset_min, pair ->> '$[1]' as number, {moment(_AT)} as start_utc,
        null::timestamp as start_wall, {end} as end_utc
    from listed"""


_READINGS = f"""
    with listed as (
        select record, unnest(case when json_type(doc, '$.hrvReadings') = 'ARRAY'
            then from_json(doc -> '$.hrvReadings', '["JSON"]') end) as each from rows
    )
    select record, null::smallint as start_offset_min, each ->> '$.hrvValue' as number,
        {moment("(each ->> '$.readingTimeGMT')")} as start_utc,
        {text_sql.wall("(each ->> '$.readingTimeLocal')")} as start_wall,
        null::timestamptz as end_utc
    from listed"""


def _means(path: str) -> str:
    date = "coalesce(doc ->> '$.calendarDate', doc ->> '$.hrvSummary.calendarDate')"
    return f"""
    select record, doc ->> '$.{path}' as number, {date} as key,
        {moment(_cell("sleepStartTimestampGMT"))} as start_utc,
        {moment(_cell("sleepEndTimestampGMT"))} as end_utc
    from rows where {moment(_cell("sleepStartTimestampGMT"))} is not null
        and doc ->> '$.{path}' is not null"""


def steps(rows: pa.Table) -> Iterator[Item]:
    """Samples of steps over each quarter of an hour."""
    judged = query(
        f"""with told as (
            select record, doc ->> '$.startGMT' as begin, doc ->> '$.endGMT' as finish,
                doc ->> '$.steps' as steps from rows
        ), timed as (
            select *, {moment("begin")} as start_utc, {moment("finish")} as end_utc from told
        )
        select *, case when start_utc is null then 'unreadable_time:startGMT'
            when end_utc is null then 'unreadable_time:endGMT'
            when end_utc < start_utc then 'end_before_start:endGMT'
            when steps is null then 'missing_value:steps' end as fault
        from timed""",
        rows=rows,
    )
    yield from samples(sound(judged), {"steps": ("step_count", "{count}")}, "start_utc, end_utc")
    yield faults(judged, "begin", "finish", "steps")
