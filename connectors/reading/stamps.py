"""Time stamps whose day and month change places from account to account, as wall clocks.

    11-30-2018 11:34 PM, 30.11.2018 23:34, 6/2/20 8:02, 2018-11-30 23:34:05, 30/11/2018 11:34 p. m.

Nothing in such a file names the order. It is settled for the whole file: by a number above 12, by
readings that go on over midnight, by AM or PM (month first) or points (day first), or by what the
format's country writes; never row by row.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from connectors.contract import UndatableFile
from connectors.reading.query import query
from connectors.reading.text_sql import dated

DAY_FIRST, MONTH_FIRST = "day_first", "month_first"
DATE = r"^\s*(\d{1,4})([-/.])(\d{1,2})[-/.](\d{1,4})[T,\s\x{a0}]*"
CLOCK = (
    r"(\d{1,2})[:.](\d{2})(?:[:.](\d{2}))?(?:[.,](\d{1,6})\d*)?"
    r"[\s\x{a0}\x{202f}]*(?:([AaPp])\.?[\s\x{a0}]?[Mm]\.?)?\s*$"
)
NIGHTS = 2  # that go on over midnight; one could be a coincidence
ADVICE = (
    "no date of this file has a day above 12, so day and month look alike; export a longer time, "
    "with days after the 12th of a month"
)


@dataclass(frozen=True)
class Stamped:
    """Wall clocks of stamps, NULL where none can be read, and the order that was found."""

    times: pa.Array
    order: str


def stamped(
    texts: pa.Array | pa.ChunkedArray,
    usual: str | None = None,
    within: tuple[dt.date, dt.date] | None = None,
) -> Stamped:
    """The wall clock of every stamp, in the order of the file.

    `within` are the days that the file says it is about, first and last: an order that leaves them
    is not the one. `usual` is the order that the format or the file's language stands for: taken
    where nothing in the file speaks against it.

    Raises: UndatableFile if day and month cannot be told apart, or are mixed.
    """
    rows = pa.array(range(len(texts)), pa.int64())
    dates = query(_DATES_SQL, stamps=pa.table({"row": rows, "stamp": texts}))
    order = _order(dates, usual, within)
    return Stamped(pc.cast(dates[order], pa.timestamp("us")).combine_chunks(), order)


def _order(dates: pa.Table, usual: str | None, within: tuple[dt.date, dt.date] | None) -> str:
    (told,) = query(_evidence_sql(within), dates=dates).to_pylist()
    if told["is_day_first"] and told["is_month_first"]:
        raise UndatableFile(
            "some dates of this file are day first and some month first, as a spreadsheet leaves "
            "them: export it again and do not open it in between"
        )
    if told["is_day_first"] or told["is_month_first"]:
        return DAY_FIRST if told["is_day_first"] else MONTH_FIRST
    if not told["in_doubt"]:
        return usual or DAY_FIRST
    outside = [order for order in (DAY_FIRST, MONTH_FIRST) if told[f"outside_{order}"]]
    if len(outside) == 1:
        return MONTH_FIRST if outside == [DAY_FIRST] else DAY_FIRST
    few, many = sorted((DAY_FIRST, MONTH_FIRST), key=lambda order: told[f"nights_{order}"])
    if told[f"nights_{many}"] >= NIGHTS and told[f"nights_{few}"] == 0:
        return many
    if usual is not None:
        return usual
    if told["has_half"] or told["has_point"]:
        return MONTH_FIRST if told["has_half"] else DAY_FIRST
    raise UndatableFile(ADVICE)


_DATES_SQL = f"""
    with pieces as (
        select row, regexp_extract(stamp, '{DATE}{CLOCK}',
            ['a', 'mark', 'b', 'c', 'hour', 'minute', 'second', 'part', 'half']) as p
        from stamps
    ), numbers as (
        select row, length(p.a) > 2 as is_year_first, p.mark = '.' as has_point,
            lower(p.half) as half, half <> '' as has_half, try_cast(p.hour as int) as h,
            if(is_year_first, p.a, if(length(p.c) <= 2, '20' || lpad(p.c, 2, '0'), p.c)) as year,
            if(is_year_first, p.c, p.a) as first, p.b as second,
            case when half = '' then h when h > 12 or (half = 'p' and h = 0) then 99
                when half = 'p' then h % 12 + 12 else h % 12 end as hour,
            try_cast(hour || ':' || p.minute || ':' || if(p.second = '', '00', p.second)
                || if(p.part = '', '', '.' || p.part) as time) as clock
        from pieces
    ), moments as (
        select row, is_year_first, has_point, has_half,
            try_cast(year || '-' || second || '-' || first as date) + clock as days,
            if(is_year_first, days, try_cast(year || '-' || first || '-' || second as date) + clock)
                as months
        from numbers
    )
    select row, is_year_first, has_point, has_half, {dated("days")} as day_first,
        {dated("months")} as month_first
    from moments order by row
"""


def _evidence_sql(within: tuple[dt.date, dt.date] | None) -> str:
    """What the dates of a file tell about their order."""
    first, last = within or (dt.date(1, 1, 3), dt.date(9999, 12, 28))
    margin = "interval 2 days"  # the days of a zone far away
    days = f"date '{first}' - {margin} and date '{last}' + {margin}"
    return f"""
    with steps as (
        select *, day_first - lag(day_first) over rows_of_file as day_step,
            month_first - lag(month_first) over rows_of_file as month_step,
            hour(day_first) in (0, 23) and hour(lag(day_first) over rows_of_file) in (0, 23)
                and hour(day_first) <> hour(lag(day_first) over rows_of_file) as is_night
        from dates window rows_of_file as (order by row)
    )
    select coalesce(bool_or(not is_year_first and month_first is null and day_first is not null),
            false) as is_day_first,
        coalesce(bool_or(not is_year_first and day_first is null and month_first is not null),
            false) as is_month_first,
        coalesce(bool_or(day_first <> month_first), false) as in_doubt,
        coalesce(bool_or(has_half), false) as has_half,
        coalesce(bool_or(has_point), false) as has_point,
        coalesce(bool_or(day_first not between {days}), false) as outside_day_first,
        coalesce(bool_or(month_first not between {days}), false) as outside_month_first,
        count(*) filter (is_night and day_step between interval '-1 hour' and interval '1 hour')
            as nights_day_first,
        count(*) filter (is_night and month_step between interval '-1 hour' and interval '1 hour')
            as nights_month_first
    from steps
    """
