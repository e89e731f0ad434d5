"""What becomes of each record: carried, skipped, or rejected; and never two of these.

A query gives its rows the columns `skip` (a reason), `fault` (`code:field` of a reject) and `raw`.
`parted` divides them, so that every record is counted once.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import pyarrow as pa

from connectors.contract import Item, Skip, shaped
from connectors.reading.query import query
from connectors.reading.text_sql import number

# The columns of time of a row that is carried. What a table does not have stays NULL.
TIMES = (
    *("start_utc", "start_wall", "start_offset_min", "end_utc", "end_wall", "end_offset_min"),
    *("anchor_wall", "zone"),
)
Told = dict[str, tuple[str, str]]  # a text column of numbers: its metric and unit
# A body or a sleep has none of these: 0 is what is written where nothing was measured.
NEVER_ZERO = (
    *("heart_rate", "resting_heart_rate", "sleep_heart_rate", "sleep_heart_rate_lowest"),
    *("heart_rate_variability_rmssd", "heart_rate_variability_sdnn", "respiratory_rate"),
    *("sleep_heart_rate_variability_rmssd", "sleep_respiratory_rate", "oxygen_saturation"),
    *("sleep_oxygen_saturation", "skin_temperature", "sleep_efficiency"),
)
# If one of them cannot be read none is carried: the others would pass for all of the sleep.
PARTS = ("light_sleep_time", "deep_sleep_time", "rem_sleep_time")
BELOW_ZERO = ("room_temperature", "skin_temperature_deviation")  # may be


def case_of(verdicts: Iterable[tuple[str, str]]) -> str:
    """SQL: the text of the first condition that is true, or NULL."""
    whens = " ".join(f"when {condition} then '{text}'" for condition, text in verdicts)
    return f"case {whens} end"


def time_faults(column: str, known: str) -> list[tuple[str, str]]:
    """What can be wrong with a time: `column` is its text, `known` is what was read of it."""
    return [
        (f"{column} is null", f"missing_time:{column}"),
        (f"{known} is null", f"unreadable_time:{column}"),
    ]


def parted(judged: pa.Table) -> tuple[pa.Table, list[Item]]:
    """The rows with neither skip nor fault, without these columns; and what to say of the others.

    A record with a fault is a reject, whatever else was said about it.
    """
    counts = query(
        """select skip, count(distinct record) as n from judged
           where skip is not null and fault is null group by skip order by skip""",
        judged=judged,
    )
    items: list[Item] = [Skip(row["skip"], row["n"]) for row in counts.to_pylist()]
    bad = query(
        """select record, split_part(fault, ':', 1) as code,
               nullif(split_part(fault, ':', 2), '') as field, raw
           from judged where fault is not null order by record""",
        judged=judged,
    )
    if bad.num_rows:
        items.append(shaped("reject", bad))
    sound = query(
        "select * exclude (skip, fault, raw) from judged where skip is null and fault is null",
        judged=judged,
    )
    return sound, items


def carried(rows: pa.Table, told: Told, shape: Literal["sample", "daily"] = "sample") -> list[Item]:
    """A sample (or a daily value) per row and text column of `told`; rejects for what is no number.

    Below 0 is a mark for nothing, and so is 0 of what is never 0. `session` is the key, if there
    is one. Without one nothing else carries the row: what has no number at all is skipped as
    `no_value`.
    """
    if not told or not rows.num_rows:
        return []
    names = rows.column_names
    times = ("date",) if shape == "daily" else TIMES
    kept = [name for name in ("record", *times, "device", "session") if name in names]
    each = ", ".join(
        f"""struct_pack(field := '{field}', metric := '{metric}', unit := '{unit}',
            told := "{field}"::varchar)"""
        for field, (metric, unit) in told.items()
    )
    values = query(
        f"""select *, {number("told")} as value,
                (value < 0 and metric not in {BELOW_ZERO}) or (value = 0 and metric in {NEVER_ZERO})
                    as is_nothing
            from (select {", ".join(kept)}, unnest([{each}], recursive := true) from rows)
            where told is not null""",
        rows=rows,
    )
    key = "session as key, " if "session" in kept else ""
    columns = "".join(f"{name}, " for name in kept if name not in ("record", "session"))
    items: list[Item] = []
    samples = query(
        f"""select record, metric, {columns} {key} value, unit from values
            where value is not null and not is_nothing and not (metric in {PARTS} and record in
                (select record from values where value is null and metric in {PARTS}))
            order by record, field""",
        values=values,
    )
    if samples.num_rows:
        items.append(shaped(shape, samples))
    bad = query(
        """select record, 'unreadable_number' as code, field, told as raw from values
           where value is null order by record, field""",
        values=values,
    )
    if bad.num_rows:
        items.append(shaped("reject", bad))
    if "session" not in kept and (empty := _without(rows, values)):
        items.append(Skip("no_value", empty))
    return items


def _without(rows: pa.Table, values: pa.Table) -> int:
    """How many records have nothing that was measured, and nothing unreadable."""
    told = query(
        "select distinct record from values where value is null or not is_nothing", values=values
    )
    every = query("select distinct record from rows", rows=rows)
    return int(every.num_rows - told.num_rows)
