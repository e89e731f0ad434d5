"""Oura workouts: an episode of exercise with its energy. Source: API description (v2)."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from connectors.contract import Item, shaped
from connectors.reading import text_sql
from connectors.reading.query import query

WORKOUT = (
    *("id", "activity", "day", "start_datetime", "end_datetime", "calories", "distance"),
    "source",
)


def workouts(documents: pa.Table) -> Iterator[Item]:
    """Exercise with the vendor's word for it, its energy and distance as samples by key."""
    times = ", ".join(
        f"{text_sql.instant(text)} as {name}_utc, {text_sql.wall(text)} as {name}_wall,"
        f" {text_sql.offset_min(text)} as {name}_offset_min"
        for name, text in (("start", "start_datetime"), ("end", "end_datetime"))
    )
    judged = query(
        f"""with timed as (select *, {times} from documents)
        select *, coalesce(id, start_datetime) as key, case
            when start_datetime is null then 'missing_time:start_datetime'
            when coalesce(start_utc, start_wall) is null then 'unreadable_time:start_datetime'
            when end_datetime is null then 'missing_time:end_datetime'
            when coalesce(end_utc, end_wall) is null then 'unreadable_time:end_datetime'
            when coalesce(end_utc < start_utc, end_wall < start_wall)
                then 'end_before_start:end_datetime' end as fault
        from timed""",
        documents=documents,
    )
    span = "start_utc, start_wall, start_offset_min, end_utc, end_wall, end_offset_min, key"
    yield shaped(
        "episode",
        query(
            f"""select record, 'exercise' as kind, coalesce(activity, 'exercise') as label, {span}
                from judged where fault is null""",
            judged=judged,
        ),
    )
    parts = ", ".join(
        f"struct_pack(field := '{key}', metric := '{metric}', unit := '{unit}', text := {key})"
        for key, metric, unit in (
            ("calories", "energy_burned", "kcal"),
            ("distance", "distance", "m"),
        )
    )
    values = query(
        f"""select *, {text_sql.number("text")} as value from (
                select record, {span}, unnest([{parts}], recursive := true) from judged
                where fault is null) where text is not null""",
        judged=judged,
    )
    sample = f"select record, metric, value, unit, {span} from v where value is not null"
    yield shaped("sample", query(sample, v=values))
    yield shaped(
        "reject",
        query(
            f"""select record, split_part(fault, ':', 1) as code,
                split_part(fault, ':', 2) as field,
                {text_sql.raw("id", "start_datetime", "end_datetime")} as raw from judged
                where fault is not null union all by name
                select record, 'unreadable_number' as code, field, text as raw from v
                where value is null order by record""",
            judged=judged,
            v=values,
        ),
    )
