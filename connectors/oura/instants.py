"""Oura heart rates of day and night, and steps of minutes: an instant and a number.

Times are UTC and say so by `Z` or `+00:00`, which is no offset of the person's. A heart rate's
`source` (awake, rest, sleep, workout, live, session) is left. Steps tell the end of their minute,
in milliseconds since 1970. Source: API description (v2), real answers; other people's readers.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator

import pyarrow as pa

from connectors.contract import Drift, Item, Source, Total, shaped
from connectors.reading import text_sql
from connectors.reading.delimited import decoded, lines_of, rows_below
from connectors.reading.query import query


def heart_rates_csv(source: Source) -> Iterator[Item]:
    """Samples of heart rate of `heartrate.csv`."""
    yield from heart_rates((yield from _columns(source, ("timestamp", "bpm"), ("id", "source"))))


def steps_csv(source: Source) -> Iterator[Item]:
    """Samples of steps over the minute before `end_time`."""
    rows = yield from _columns(source, ("end_time", "steps"), ("id",))
    moment = text_sql.epoch("end_time", 1000)
    judged = query(
        f"""select *, {moment} as end_utc, {text_sql.number("steps")} as value,
               case when end_time is null then 'missing_time:end_time'
                    when {moment} is null then 'unreadable_time:end_time'
                    when steps is null then 'missing_value:steps'
                    when {text_sql.number("steps")} is null then 'unreadable_number:steps'
               end as fault from rows""",
        rows=rows,
    )
    sample = """select record, 'step_count' as metric, end_utc - interval 1 minute as start_utc,
        end_utc, value, '{count}' as unit from judged where fault is null"""
    yield shaped("sample", query(sample, judged=judged))
    yield shaped("reject", query(_rejects("end_time", "steps"), judged=judged))


def heart_rates(rows: pa.Table) -> Iterator[Item]:
    """Samples of heart rate of text columns `timestamp` and `bpm`."""
    moment, beats = text_sql.instant("timestamp"), text_sql.number("bpm")
    judged = query(
        f"""select *, {moment} as start_utc, {beats} as value,
               case when timestamp is null then 'missing_time:timestamp'
                    when {moment} is null then 'unreadable_time:timestamp'
                    when bpm is null or {beats} = 0 then 'missing_value:bpm'
                    when {beats} is null then 'unreadable_number:bpm' end as fault from rows""",
        rows=rows,
    )
    sample = """select record, 'heart_rate' as metric, start_utc, value, '/min' as unit
        from judged where fault is null"""
    yield shaped("sample", query(sample, judged=judged))
    yield shaped("reject", query(_rejects("timestamp", "bpm"), judged=judged))


def _rejects(*keys: str) -> str:
    return f"""select record, split_part(fault, ':', 1) as code, split_part(fault, ':', 2) as field,
        {text_sql.raw(*keys)} as raw from judged where fault is not null order by record"""


def _columns(
    source: Source, keys: tuple[str, ...], others: tuple[str, ...]
) -> Generator[Item, None, pa.Table]:
    """Text columns by name, nothing as NULL; what is told besides is yielded."""
    rows = rows_below(lines_of(decoded(source.read())), 0, ";")
    yield Total(rows.records)
    yield from rows.unreadable()
    yield from (Drift(f"key {name}") for name in rows.header if name not in (*keys, *others))
    cells = ", ".join(f"nullif(c{rows.header.index(key)}, '') as {key}" for key in keys)
    return query(f"select record, {cells} from rows", rows=rows.table())
