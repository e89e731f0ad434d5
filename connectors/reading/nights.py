"""Sleeps as most exports tell them: a row with a beginning, an end, and totals in columns."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from connectors.contract import Item, shaped
from connectors.reading.query import query
from connectors.reading.verdict import TIMES, Told, carried


def sleeps(rows: pa.Table, told: Told, in_bed: str = "false") -> Iterator[Item]:
    """The session of each row, its time in bed where `in_bed` (SQL) holds, and its totals.

    Rows have record, session, label, the times they know, and perhaps device and zone.
    """
    kept = [name for name in (*TIMES, "device") if name in rows.column_names]
    times = "".join(f"{name}, " for name in kept)
    episodes = query(
        f"""select record, 'sleep' as kind, label, session, {times} session as key from rows
            union all
            select record, 'sleep_stage' as kind, 'in_bed' as label, session, {times}
                session as key
            from rows where {in_bed}
            order by record, kind, session""",
        rows=rows,
    )
    if episodes.num_rows:
        yield shaped("episode", episodes)
    yield from carried(rows, told)


def clock_s(text: str) -> str:
    """SQL: seconds of a length written H:MM or H:MM:SS; NULL if it is not."""
    part = f"string_split({text}, ':')"
    return (
        f"case when regexp_full_match({text}, '\\d{{1,3}}:[0-5]\\d(:[0-5]\\d(\\.\\d+)?)?')"
        f" then {part}[1]::double * 3600 + {part}[2]::double * 60"
        f" + coalesce({part}[3]::double, 0) end"
    )


def iso_s(text: str) -> str:
    """SQL: seconds of an ISO 8601 length (PT1H2M3.5S), or of `3723s`; NULL if it is neither."""
    form = r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?"
    part = f"regexp_extract({text}, '{form}', ['d', 'h', 'm', 's'])"
    factors = {"d": 86400, "h": 3600, "m": 60, "s": 1}
    total = " + ".join(
        f"coalesce(try_cast({part}.{name} as double), 0) * {factor}"
        for name, factor in factors.items()
    )
    return (
        f"case when regexp_full_match({text}, '\\d+(\\.\\d+)?s') then rtrim({text}, 's')::double"
        f" when regexp_full_match({text}, '{form}') and {text} <> 'P' then {total} end"
    )
