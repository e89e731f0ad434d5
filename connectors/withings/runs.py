"""Withings' `raw_*.csv`: what stands in them, told by their values, and rows as single stretches.

All raw files have one header, `start,duration,value`, and a row is a series: lists of equal length,
`"[120,840]","[0 1]"` with commas or blanks between, each value for so many seconds after the one
before. What is measured stands in the file's name alone, which is no ground to read a person's data
by. So it is told by the values, and only where they can be nothing else; all others are left.
"""

from __future__ import annotations

import math
import re
import statistics
from itertools import chain

import pyarrow as pa

from connectors.reading import text_sql
from connectors.reading.query import query

_ROW = re.compile(r'([\dT:+-]{25}),"?\[([^\]]*)\]"?,"?\[([^\]]*)\]"?')
_BETWEEN = re.compile(r"[ ,]+")
FEWEST = 10  # values, to tell what they are
STEPS_A_MINUTE = 300


def measured(lines: list[str]) -> str | None:
    """`sleep_states`, `heart_rate`, `oxygen` or `steps`, by the rows at the start of a file."""
    rows, series = [], []
    for line in lines[:2000]:
        if (row := _ROW.fullmatch(line.strip())) and (lists := _lists(row)):
            rows.append(row)
            series.append(lists)
    values = list(chain.from_iterable(each[1] for each in series))
    seconds = list(chain.from_iterable(each[0] for each in series))
    if len(rows) < 0.8 * len(lines[:2000]) or any(value != int(value) for value in values):
        return None
    if set(values) <= {0, 1, 2, 3}:
        is_sleep = {1, 2} <= set(values) and _are_minutes(seconds)
        return "sleep_states" if is_sleep else None
    if len(values) < FEWEST:
        return None
    return _is_pulse_or_oxygen(values) or _is_steps(rows, series)


def _lists(row: re.Match[str]) -> list[list[float]] | None:
    """Seconds and values of a row; None if they are not of one length, or no numbers."""
    try:
        lists = [[float(x) for x in _BETWEEN.split(row[i].strip()) if x] for i in (2, 3)]
    except ValueError:
        return None
    is_sound = len(lists[0]) == len(lists[1]) and all(map(math.isfinite, chain(*lists)))
    return lists if is_sound else None


def _is_pulse_or_oxygen(values: list[float]) -> str | None:
    known = sorted(value for value in values if value)
    if not known or len(known) < 0.95 * len(values) or not 30 <= known[0] <= known[-1] <= 230:
        return None
    middle = statistics.median(known)
    if known[0] >= 60 and known[-1] <= 100 and middle >= 92:
        return "oxygen"
    # variability of the heart is as large as its rate, but three times as wide
    tenth, last = known[len(known) // 10], known[-1 - len(known) // 10]
    return "heart_rate" if 40 <= middle <= 110 and last <= 2.2 * tenth else None


def _is_steps(rows: list[re.Match[str]], series: list[list[list[float]]]) -> str | None:
    """Counts of whole minutes, as many as a person walks, and by day: not of moves in bed."""
    pairs = [pair for each in series for pair in zip(*each, strict=True)]
    if not _are_minutes([seconds for seconds, _ in pairs]):
        return None
    if any(value < 0 or value > STEPS_A_MINUTE * max(s, 60) / 60 for s, value in pairs):
        return None
    by_day = [int(row[1][11:13]) >= 6 for row in rows]
    sums = [sum(values) for _, values in series]
    is_by_day = sum(n for n, day in zip(sums, by_day, strict=True) if day) >= 0.7 * sum(sums)
    counts = [value for _, value in pairs]
    return "steps" if max(counts) >= 60 and min(counts) < 30 and is_by_day else None


def _are_minutes(seconds: list[float]) -> bool:
    """Whether nearly all are whole minutes."""
    return sum(s % 60 != 0 for s in seconds) <= 0.05 * len(seconds)


def stretches(table: pa.Table) -> pa.Table:
    """A row per value: `record`, `n` (from 1), start_utc, start_offset_min, end_utc, value; and
    rows that cannot be read, with `fault`."""
    cells = "list_filter(string_split_regex(trim({}, '[]\" '), '[ ,]+'), lambda x: x <> '')"
    moment, offset = text_sql.instant("start"), text_sql.offset_min("start")
    return query(
        f"""
        with listed as (
            select record, start, duration, value as told, {moment} as t0, {offset} as offset_min,
                {cells.format("duration")} as lengths, {cells.format("value")} as texts
            from rows
        ), judged as (
            select *, case when start = '' then 'missing_time:start'
                when t0 is null then 'unreadable_time:start'
                when len(texts) = 0 then 'missing_value:value'
                when len(lengths) <> len(texts) then 'ragged_row:duration'
                when list_min(
                    list_transform(lengths, lambda x: coalesce(try_cast(x as double), -1))
                ) < 0 then 'unreadable_number:duration' end as fault
            from listed
        ), single as (
            select * exclude (lengths, texts),
                unnest(case when fault is null then texts else [null] end) as text,
                unnest(case when fault is null then lengths else [null] end)::double as seconds,
                unnest(case when fault is null then range(1, len(texts) + 1) else [1] end) as n
            from judged
        ), placed as (
            select *, coalesce(sum(seconds) over (partition by record order by n
                rows between unbounded preceding and 1 preceding), 0) as before from single
        )
        select record, n, start, duration, told, fault, text, {text_sql.number("text")} as value,
            {text_sql.later("t0", "before")} as start_utc,
            {text_sql.later("t0", "(before + seconds)")} as end_utc,
            case when n = 1 then offset_min end as start_offset_min
        from placed order by record, n""",
        rows=table,
    )
