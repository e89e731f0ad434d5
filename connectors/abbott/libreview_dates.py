"""Which of two numbers is the day, in the time stamps of a LibreView export.

An account writes day-month-year, month-day-year or year-month-day, as its owner chose; nothing in
the file names the choice. It is settled for the whole file by a day above 12, by AM or PM (month
first), by readings that go on over midnight, by the `Generated on` line, or not at all.
A spreadsheet can do worse: it takes the stamps it understands (days up to 12), exchanges their
day and month, and leaves the rest as text. Such rows give themselves away, because LibreView
sorts by device, record type and time.

Evidence: a Chilean export in which some days up to 12 are exchanged in five of eight blocks.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

import pyarrow as pa

from connectors.contract import UndatableFile
from connectors.reading.query import query

ADVICE = "set the date format of the LibreView account to Year-Month-Day and export again"
NIGHTS = 2  # that go on over midnight; one could be a coincidence
# 11-30-2018 11:34 PM, 30-11-2018 23:34, 6/2/20 8:02, 2018-11-30 23:34
STAMP = (
    r"^(\d{1,4})([-/.])(\d{1,2})[-/.](\d{1,4})"
    r"[ T]+(\d{1,2}):(\d{2})(?::(\d{2}))?\s*(?:([AaPp])\.?\s?[Mm]\.?)?$"
)
GENERATED = re.compile(
    r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}(?: +\d{1,2}:\d{2}(?::\d{2})?(?: ?[AaPp]\.? ?[Mm]\.?)?)?"
)


@dataclass(frozen=True)
class Dated:
    """Stamps as times.

    times      record and start_wall; NULL where no time can be read with certainty
    exported   when the file was made, UTC, if it says so and its order is known
    exchanged  rows in which day and month stood the other way round than in the file at large
    """

    times: pa.Table
    exported: dt.datetime | None
    exchanged: int


def dated(stamps: pa.Table, preamble: str) -> Dated:
    """The wall clock of every row of `stamps` (record, stamp, device, kind), in their order.

    Raises: UndatableFile if day and month cannot be told apart.
    """
    found = GENERATED.search(preamble)
    stated = found.group() if found else ""
    moment = stated if ":" in stated else f"{stated} 00:00"
    readings = _both_readings(stamps)
    generated = _both_readings(
        pa.table({"record": [0], "stamp": [moment], "device": [""], "kind": [""]})
    ).to_pylist()[0]
    orders = _orders(readings, generated)
    made = _generated(generated, set(orders.values()))
    times = query(_times_sql(orders, made), readings=readings)
    says_utc = found is not None and preamble[found.end() :].lstrip().startswith("UTC")
    return Dated(
        times=times.select(["record", "start_wall"]),
        exported=made if says_utc and ":" in stated else None,
        exchanged=sum(times["exchanged"].to_pylist()),
    )


def _both_readings(stamps: pa.Table) -> pa.Table:
    """Every stamp read day first and month first; NULL where there is no such day or time."""
    return query(
        f"""
        with pieces as (
            select record, device, kind, regexp_extract(stamp, '{STAMP}',
                ['first', 'mark', 'second', 'third', 'hour', 'minute', 'second_60', 'half']) as p
            from stamps
        ), numbers as (
            select record, device, kind, p.mark || lower(p.half) as layout,
                try_cast(p.first as int) as a, try_cast(p.second as int) as b,
                try_cast(p.third as int) as c, length(p.first) = 4 as year_first,
                lower(p.half) as half, try_cast(p.hour as int) as hour, p.minute,
                coalesce(nullif(p.second_60, ''), '0') as second
            from pieces
        ), clocks as (
            select *, case when year_first then nullif(a, 0)
                    when c < 100 then 2000 + c else c end as year,
                case when half = '' then hour
                     when hour > 12 or (half = 'p' and hour = 0) then 99
                     when half = 'p' then hour % 12 + 12 else hour % 12 end
                    || ':' || minute || ':' || second as clock
            from numbers
        )
        select record, device, kind, left(layout, 1) as mark, half <> '' as has_half, year_first,
            try_strptime(year || '-' || b || '-' || if(year_first, c, a) || ' ' || clock,
                '%Y-%m-%d %H:%M:%S') as day_first,
            try_strptime(year || '-' || if(year_first, b, a) || '-' || if(year_first, c, b)
                || ' ' || clock, '%Y-%m-%d %H:%M:%S') as month_first
        from clocks order by record
        """,
        stamps=stamps,
    )


def _orders(readings: pa.Table, generated: dict[str, object]) -> dict[str, str]:
    """`day_first` or `month_first` for every layout (mark, with or without AM and PM)."""
    layouts = query(
        """
        select mark || if(has_half, 'm', '') as layout, has_half,
            bool_or(month_first is null) as day_proved, bool_or(day_first is null) as month_proved,
            bool_or(day_first <> month_first) as in_doubt
        from readings where not year_first and (day_first is not null or month_first is not null)
        group by layout, has_half order by layout
        """,
        readings=readings,
    ).to_pylist()
    if any(row["day_proved"] and row["month_proved"] for row in layouts):
        raise UndatableFile(
            f"some time stamps are day first and some month first in the same layout; {ADVICE}"
        )
    orders = {row["layout"]: order for row in layouts if (order := _order(**row))}
    agreed = set(orders.values()) or _order_of_nights(readings) or _own_order(generated)
    for row in layouts:
        if row["layout"] in orders:
            continue
        if row["in_doubt"] and len(agreed) != 1:
            raise UndatableFile(
                f"no time stamp has a day above 12, so day and month look alike; {ADVICE}, or "
                "export when there are readings from after the 12th of a month"
            )
        orders[row["layout"]] = min(agreed, default="day_first")
    return orders


def _order(
    layout: str, has_half: bool, day_proved: bool, month_proved: bool, in_doubt: bool
) -> str | None:
    if day_proved:
        return "day_first"
    return "month_first" if month_proved or has_half else None


def _order_of_nights(readings: pa.Table) -> set[str]:
    """The order in which readings go on over midnight; in the other one they skip a month."""
    (nights,) = query(
        """
        with steps as (
            select day_first - lag(day_first) over block as day_step,
                month_first - lag(month_first) over block as month_step,
                hour(day_first) < hour(lag(day_first) over block) as is_night
            from readings window block as (partition by device, kind order by record)
        )
        select count(*) filter (day_step between interval 0 hours and interval 1 hour)
                as day_first,
            count(*) filter (month_step between interval 0 hours and interval 1 hour)
                as month_first
        from steps where is_night
        """,
        readings=readings,
    ).to_pylist()
    few, many = sorted(nights, key=nights.__getitem__)
    return {many} if nights[few] == 0 and nights[many] >= NIGHTS else set()


def _own_order(generated: dict[str, object]) -> set[str]:
    """What the `Generated on` line alone tells: the reading that is a date at all."""
    if generated["has_half"] and generated["month_first"]:
        return {"month_first"}
    dates = {order for order in ("day_first", "month_first") if generated[order]}
    return dates if len(dates) == 1 else set()


def _generated(generated: dict[str, object], orders: set[str]) -> dt.datetime | None:
    """When the file was made: by the line's own order, else by that of the rows."""
    known = _own_order(generated) or orders
    if generated["day_first"] == generated["month_first"]:
        known = {"day_first"}
    made = generated[min(known)] if len(known) == 1 else None
    return made if isinstance(made, dt.datetime) else None


def _times_sql(orders: dict[str, str], made: dt.datetime | None) -> str:
    """The readings placed: by the order of the file, or against it where that breaks the sorting.

    A row that can be read both ways must lie between its nearest neighbours that cannot, a day's
    grace given for a clock that was set. Where only one reading does, it is taken. Where both do,
    the row follows the decided rows of its device and type, then of its device; if those are not
    of one mind it is not dated. Nothing is exchanged in a file that is not sorted.
    """
    day_first = ", ".join(f"'{layout}'" for layout, order in orders.items() if order == "day_first")
    last = f"timestamp '{made:%Y-%m-%d %H:%M}'" if made else "timestamp '9999-01-01'"
    return f"""
    with filed as (
        select record, device, kind,
            mark || if(has_half, 'm', '') in ({day_first or "''"}) as is_day_first,
            if(is_day_first, day_first, month_first) as filed,
            if(is_day_first, month_first, day_first) as other,
            if(other is null or other = filed, filed, null) as anchor
        from readings
    ), between as (
        select *,
            max(anchor) over earlier as latest,
            coalesce(last_value(anchor ignore nulls) over earlier, timestamp '0001-01-03') as low,
            coalesce(first_value(anchor ignore nulls) over later, {last}) as high
        from filed
        window earlier as (partition by device, kind order by record
                           rows between unbounded preceding and 1 preceding),
            later as (partition by device, kind order by record
                      rows between 1 following and unbounded following)
    ), judged as (
        select *, anchor is null and filed is not null as in_doubt,
            in_doubt and bool_and(anchor >= latest - interval 2 hours) over () as judgeable,
            filed between low - interval 1 day and high + interval 1 day as filed_fits,
            other between low - interval 1 day and high + interval 1 day as other_fits,
            judgeable and filed_fits and not other_fits as stays,
            judgeable and other_fits and not filed_fits as changes
        from between
    ), counted as (
        select *, bool_or(stays) over block as b_stays, bool_or(changes) over block as b_changes,
            bool_or(stays) over (partition by device) as d_stays,
            bool_or(changes) over (partition by device) as d_changes
        from judged window block as (partition by device, kind)
    ), decided as (
        select *, not in_doubt or stays or not d_changes as as_filed,
            if(b_stays or b_changes, b_stays, d_stays) as others_stay,
            if(b_stays or b_changes, b_changes, d_changes) as others_change
        from counted
    )
    select record,
        case when as_filed then filed when changes then other
             when others_stay and others_change then null
             when others_change then other else filed end as start_wall,
        in_doubt and coalesce(start_wall = other, false) as exchanged
    from decided order by record
    """
