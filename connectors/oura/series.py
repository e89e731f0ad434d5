"""Oura series inside a sleep: {"interval": 300, "items": [52, null, ..], "timestamp": ISO}.

The items follow one another from the timestamp, which has the offset of the recording; the wall
clock stays in it. An item that is null or 0 is no measurement and no record of its own.
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from connectors.contract import Batch, shaped
from connectors.reading.query import query
from connectors.reading.text_sql import instant, later, number, offset_min, wall

# Source: API description (v2): the items of hrv are rMSSD.
SERIES = {"heart_rate": ("heart_rate", "/min"), "hrv": ("heart_rate_variability_rmssd", "ms")}


def series(sleeps: pa.Table) -> Iterator[Batch]:
    """Samples of heart rate and its variability; a series that cannot be read is a reject."""
    for key, (metric, unit) in SERIES.items():
        yield from _samples(sleeps, key, metric, unit)


def _samples(sound: pa.Table, key: str, metric: str, unit: str) -> Iterator[Batch]:
    """Samples at timestamp + n * interval; an item that is null is no measurement."""
    lists = query(
        f"""with parsed as (
                select record, {key} as raw, json_valid({key}) as is_json,
                    case when json_valid({key}) then {key} end as told
                from sound where {key} is not null
            ), read as (
                select record, raw, is_json, json_extract_string(told, '$.timestamp') as stamp,
                    {number("json_extract_string(told, '$.interval')")} as step,
                    try_cast(json_extract(told, '$.items') as json[]) as items
                from parsed
            )
            select *, {instant("stamp")} as t0, {wall("stamp")} as w0,
                {offset_min("stamp")} as start_offset_min,
                case when not is_json then 'broken_row'
                     when len(items) is null or len(items) = 0 then null
                     when stamp is null then 'missing_time'
                     when t0 is null and w0 is null then 'unreadable_time'
                     when step is null or step not between 1 and 86400 then 'missing_value'
                     when {later("coalesce(t0, w0)", "len(items) * step")} is null
                     then 'unreadable_time'
                end as code
            from read""",
        sound=sound,
    )
    yield shaped(
        "sample",
        query(
            f"""with items as (
                    select record, t0, w0, start_offset_min, step, unnest(items) as item,
                        generate_subscripts(items, 1) - 1 as n
                    from lists where code is null
                )
                select record, '{metric}' as metric,
                    t0 + to_microseconds(cast(n * step * 1e6 as bigint)) as start_utc,
                    w0 + to_microseconds(cast(n * step * 1e6 as bigint)) as start_wall,
                    start_offset_min, {number("(item ->> '$')")} as value, '{unit}' as unit
                from items where {number("(item ->> '$')")} > 0 order by record, n""",
            lists=lists,
        ),
    )
    yield shaped(
        "reject",
        query(
            f"""select record, code, '{key}' as field, raw from lists where code is not null""",
            lists=lists,
        ),
    )
