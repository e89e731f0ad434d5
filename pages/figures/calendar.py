"""Months as weeks below each other: minutes asleep, time in range."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence

from markupsafe import Markup

from pages.drawing import axes
from pages.drawing.svg import drawing, joined, tag
from pages.figures.figure import Figure, Row
from pages.figures.units import WEEKDAYS, day, hours, plain, short_day

ASLEEP = (300, 360, 420, 480)  # minutes: where one shade becomes the next
IN_RANGE = (50, 70, 80, 90)  # %
WIDE, TALL = 40.0, 22.0


def calendar(nights: Sequence[Row], daily: Sequence[Row]) -> Figure | None:
    """Two calendars side by side; None if both would be empty.

    Takes rows of `night_to_day` and of `glucose_daily`.
    """
    asleep = {
        r["sleep_date"]: r["total_sleep_min"] for r in nights if r["total_sleep_min"] is not None
    }
    inside = {r["date"]: r["tir_pct"] for r in daily if r["tir_pct"] is not None and r["is_valid"]}
    dates = sorted({*asleep, *inside})
    if not dates:
        return None
    monday = dates[0] - dt.timedelta(days=dates[0].weekday())
    weeks = (dates[-1] - monday).days // 7 + 1
    parts = [
        axes.words(60, 16, "asleep, hours and minutes", "words name"),
        _month(60, monday, weeks, asleep, ASLEEP, hours),
        axes.words(420, 16, "glucose in range, % of the day", "words name"),
        _month(420, monday, weeks, inside, IN_RANGE, plain),
    ]
    for week in range(weeks):
        at = monday + dt.timedelta(weeks=week)
        parts.append(axes.words(54, 42 + TALL * week + 15, short_day(at), anchor="end"))
    return Figure(
        "calendar",
        "A week in a row. The darker, the more: sleep from 5, 6, 7, 8 hours on; time in range from "
        "50, 70, 80, 90 % on, of days of which enough was recorded.",
        drawing("calendar", "Calendar", f"Sleep and time in range from {dates[0]} to {dates[-1]}",
                760, 52 + TALL * weeks, joined(parts)),
        ("date", "asleep, h", "in range, %"),
        [[day(d), hours(asleep.get(d)), plain(inside.get(d), 1)] for d in dates],
    )  # fmt: skip


def _month(
    left: float,
    monday: dt.date,
    weeks: int,
    values: Mapping[dt.date, float],
    limits: Sequence[float],
    word: Callable[[float], str],
) -> Markup:
    parts = [
        axes.words(left + WIDE * n + WIDE / 2, 36, name, anchor="middle")
        for n, name in enumerate(WEEKDAYS)
    ]
    for n in range(7 * weeks):
        value = values.get(monday + dt.timedelta(days=n))
        x, y = left + WIDE * (n % 7), 42 + TALL * (n // 7)
        look = "none" if value is None else str(sum(value >= limit for limit in limits))
        parts.append(tag("rect", x=x, y=y, width=WIDE - 2, height=TALL - 2, class_=f"shade-{look}"))
        if value is not None:
            parts.append(axes.words(x + WIDE / 2 - 1, y + 14, word(value), f"in-{look}", "middle"))
    return joined(parts)
