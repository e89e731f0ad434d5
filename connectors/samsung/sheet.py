"""Samsung Health's CSVs as text columns by their bare names, with the clock of every row.

The first line names the type, a version and a number that is not that of the columns; the second is
the header, in which some names have a prefix (`com.samsung.health.sleep.start_time`), and older
generations none. Every row ends with a comma too many. Times are UTC without a mark (older
ones milliseconds since 1970); `time_offset` is what has to be added: `UTC+0530`, or milliseconds.
Source: 88 nights of `UTC+0530` begin between 22 and 4 o'clock after adding it, and none before.
"""

from __future__ import annotations

import pyarrow as pa

from connectors.contract import BrokenFile, FormatDrift
from connectors.reading import text_sql
from connectors.reading.delimited import Delimited, decoded, lines_of, rows_below
from connectors.reading.query import query


def type_of(first: bytes) -> str | None:
    """The type that the first line names, without its prefix, where a header and a row follow."""
    lines = lines_of(decoded(first))
    cells = lines[0].split(",") if lines else []
    is_told = len(cells) >= 2 and cells[0].startswith("com.samsung.") and cells[1].isdigit()
    if not is_told or len(lines) < 3 or not lines[2].strip():
        return None
    return cells[0].removeprefix("com.samsung.").removeprefix("shealth.").removeprefix("health.")


def bare(header: tuple[str, ...]) -> list[str]:
    """Names without their prefix; what stands twice is known by its first place."""
    return [cell.rsplit(".", 1)[-1] for cell in header]


def sheet(data: bytes) -> Delimited:
    """The rows below the two lines of the head.

    Raises: BrokenFile without a header.
    """
    lines = lines_of(decoded(data))
    if len(lines) < 2:
        raise BrokenFile("the header is missing below the first line; export it again")
    lines[1] += ","  # as every row has it
    return rows_below(lines, 1, ",")


def columns(rows: Delimited, needed: tuple[str, ...], others: tuple[str, ...]) -> pa.Table:
    """`record`, text columns (nothing as NULL), start_utc, end_utc and start_offset_min.

    Raises: FormatDrift if a needed column is missing.
    """
    names = bare(rows.header)
    if missing := [name for name in needed if name not in names]:
        raise FormatDrift(f"no column {missing[0]}; export it again or report it")
    wanted = dict.fromkeys((*needed, *others, "start_time", "end_time", "time_offset"))
    cells = ", ".join(
        f"nullif(c{names.index(name)}, '') as \"{name}\""
        if name in names
        else f'null::varchar as "{name}"'
        for name in wanted
    )
    return query(
        f"""with named as (select record, {cells} from rows)
        select *, {moment("start_time")} as start_utc, {moment("end_time")} as end_utc,
            {_OFFSET} as start_offset_min from named""",
        rows=rows.table(),
    )


def moment(cell: str) -> str:
    """SQL: the instant of a UTC time without a mark, or of milliseconds."""
    told = f"timezone('UTC', {text_sql.wall(cell)})"
    counted = text_sql.epoch(cell, 1000)
    return f"case when {cell} like '%-%' then {told} else {counted} end"


_PART = "regexp_extract(time_offset, '^UTC([+-])(\\d\\d):?(\\d\\d)$', ['sign', 'h', 'm'])"
_OFFSET = f"""case when regexp_matches(time_offset, '^UTC[+-]\\d\\d:?\\d\\d$')
    then ({_PART}.sign || '1')::smallint * ({_PART}.h::smallint * 60 + {_PART}.m::smallint)
    when time_offset = 'UTC' then 0
    else try_cast(round(try_cast(time_offset as bigint) / 60000) as smallint) end"""
