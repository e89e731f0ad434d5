"""Windows of days, counted from a fixed day: the same for everyone, whenever they are asked."""

from __future__ import annotations

import datetime as dt

from services.contract import Window

FIRST = dt.date(2001, 1, 1)  # a Monday


def window_of(day: dt.date, days: int) -> Window:
    """The window that holds a day."""
    number = (day - FIRST).days // days
    first = FIRST + dt.timedelta(days=number * days)
    return Window(first, first + dt.timedelta(days=days))
