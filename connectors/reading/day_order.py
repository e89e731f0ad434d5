"""Which of the numbers of a date is the day: told by all dates of a file, never by one."""

from __future__ import annotations

import pyarrow as pa

from connectors.contract import UndatableFile
from connectors.reading.query import query

_PARTS = r"^\s*(\d{1,4})([-./])(\d{1,2})[-./](\d{2,4})\b"


def date_formats(dates: pa.ChunkedArray | pa.Array) -> tuple[str, ...]:
    """The formats of strptime for texts that begin with a date in numbers.

    The year first, or dots between, tell the order; with dashes or slashes it takes a day above 12.

    Raises: UndatableFile if no date of the file has one, or both places do.
    """
    found = query(
        f"""
        with split as (
            select regexp_extract(d, '{_PARTS}', ['a', 'mark', 'b', 'c']) as p from dates
            where regexp_matches(d, '{_PARTS}')
        )
        select p.mark as mark, max(length(p.a)) as longest, max(length(p.c)) as year,
            count(*) filter (p.a::int > 12) as first, count(*) filter (p.b::int > 12) as second
        from split group by mark order by count(*) desc
        """,
        dates=pa.table({"d": dates}),
    ).to_pylist()
    return tuple(_format(**each) for each in found)


def _format(mark: str, longest: int, year: int, first: int, second: int) -> str:
    if longest > 2:
        return f"%Y{mark}%-m{mark}%-d"
    last = "%Y" if year > 2 else "%y"
    if mark == "." or (first and not second):
        return f"%-d{mark}%-m{mark}{last}"
    if second and not first:
        return f"%-m{mark}%-d{mark}{last}"
    raise UndatableFile(
        "day and month cannot be told apart: no date of the file has a day above 12, or dates "
        "have it in both places. Export a longer stretch, or say the order with a mapping "
        "(`dawnlake mapping FILE`)"
    )
