"""Whether a file of Actiware writes days before months: settled by its epochs, else by any date.

Epochs follow one another: from one date to the next it is a day. That holds in one order alone,
unless all of them are of one date.
"""

from __future__ import annotations

import datetime as dt
import re
from itertools import pairwise

from connectors.contract import BrokenFile, UndatableFile

DAY_FIRST, MONTH_FIRST, YEAR_FIRST = "%d/%m/%Y", "%m/%d/%Y", "%Y/%m/%d"


def settled(epochs: list[tuple[str, str]] | None, others: list[str]) -> str:
    """The format of dates, their parts between slashes.

    Raises: UndatableFile if both orders fit, BrokenFile if none does.
    """
    days = [day for day, _ in epochs or []]
    every = [day for day in (*days, *others) if re.fullmatch(r"\d+[./-]\d+[./-]\d+", day or "")]
    if every and re.match(r"\d{4}", every[0]):
        return YEAR_FIRST
    if any("." in day for day in every):
        return DAY_FIRST
    fitting = [order for order in (DAY_FIRST, MONTH_FIRST) if _fits(days, every, order)]
    if len(fitting) == 2:
        raise UndatableFile(
            "days and months cannot be told apart anywhere in it: export more than one day"
        )
    if not fitting:
        raise BrokenFile("its dates are in no order that fits them all: export it again")
    return fitting[0]


def _fits(days: list[str], every: list[str], order: str) -> bool:
    """Whether all dates exist in this order, and the epochs go on day by day."""
    dates = [_date(day, order) for day in every]
    if any(date is None for date in dates):
        return False
    told = [date for date in (_date(day, order) for day in days) if date]
    steps = [(b - a).days for a, b in pairwise(told)]
    return all(0 <= step <= 2 for step in steps)


def _date(day: str, order: str) -> dt.date | None:
    try:
        return dt.datetime.strptime(re.sub(r"[./-]", "/", day), order).date()
    except ValueError:
        return None
