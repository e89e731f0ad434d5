"""Garmin's JSON lists as text columns, and what nights and dates have in common.

A time is `2024-03-08T00:07:00.0`, of which the name of its key tells the clock: GMT or local. Older
exports wrap it: {"date": "Mar 8, 2024 12:07:00 AM"}; both become the same text here.
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from connectors.contract import Batch, Source, shaped
from connectors.reading import text_sql
from connectors.reading.query import json_rows, query

_WRAPPED = "'%b %d, %Y %I:%M:%S %p'"
# 0 is what the vendor writes when it did not measure them.
NEVER_ZERO = (
    *("sleep_respiratory_rate", "sleep_oxygen_saturation", "sleep_heart_rate"),
    "resting_heart_rate",
)


def documents(source: Source, keys: tuple[str, ...]) -> pa.Table:
    """`record` and one text column per key; null and '' are NULL.

    Raises: BrokenFile if the JSON is cut.
    """
    rows = json_rows(source, dict.fromkeys(keys, "JSON"))
    cells = ", ".join(map(_cell, keys))
    return query(f"select record, {cells} from rows", rows=rows)


def _cell(key: str) -> str:
    wrapped = f"""("{key}" ->> '$.date')"""
    clock = f"strftime({text_sql.written(wrapped, _WRAPPED)}, '%Y-%m-%dT%H:%M:%S')"
    return f"""nullif(coalesce({clock}, {wrapped}, "{key}" ->> '$'), '') as "{key}" """


def member(text: str, key: str) -> str:
    """SQL: the text of a key of an object; NULL if there is neither."""
    return f"case when json_valid({text}) then json_extract_string({text}, '$.{key}') end"


def gmt(text: str) -> str:
    """SQL: the instant of a GMT time, which says so in its key and not in its text."""
    return text_sql.instant(f"(rtrim({text}, 'Z') || 'Z')")


def date(text: str) -> str:
    """SQL: the date of a text that begins with one."""
    return text_sql.date(f"left({text}, 10)")


def sound(judged: pa.Table) -> pa.Table:
    """The rows with neither skip nor code, without what was said about the others."""
    return query(
        """select * exclude (skip, fault, code, field, raw) from judged
           where skip is null and code is null""",
        judged=judged,
    )


def numbers(columns: dict[str, tuple[str, str]], source: str) -> str:
    """SQL: a row per record and column that has a text: field, metric, unit, value, is_missing."""
    each = ", ".join(
        f"struct_pack(field := '{key}', metric := '{metric}', unit := '{unit}', text := \"{key}\")"
        for key, (metric, unit) in columns.items()
    )
    return f"""
    select *, {text_sql.number("text")} as value,
        value < 0 or value = 0 and metric in {NEVER_ZERO} as is_missing
    from (select *, unnest([{each}], recursive := true) from {source}) where text is not null
    """


def unreadable(values: pa.Table) -> Iterator[Batch]:
    """Rejects of what `numbers` could not read."""
    yield shaped(
        "reject",
        query(
            """select record, 'unreadable_number' as code, field, text as raw
               from values where value is null order by record, field""",
            values=values,
        ),
    )
