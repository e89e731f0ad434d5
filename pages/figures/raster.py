"""All nights by clock time, each beside the next: how sleep lies in the day, and how it moves."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence

from markupsafe import Markup

from pages.drawing import axes, scales, shapes
from pages.drawing.scales import Box, Scale
from pages.drawing.svg import drawing, joined
from pages.figures.figure import Figure, Row
from pages.figures.units import UNKNOWN, day, hours, plain, short_day

NOON = dt.time(12)
Span = tuple[dt.datetime, dt.datetime]


def raster(nights: Sequence[Row], sleeps: Sequence[Row]) -> Figure | None:
    """A line per date from noon over two days; None without a night.

    Takes rows of `night_to_day`, and of `sleep_episode` of the chosen source of each date.
    """
    if not nights:
        return None
    dates = [row["sleep_date"] for row in nights]
    first, last = min(dates) - dt.timedelta(days=1), max(dates)
    count = (last - first).days + 1
    tall = 14.0 if count <= 45 else 8.0 if count <= 120 else 4.0
    box = Box(760, 40 + tall * count, left=64, right=24, top=10, bottom=30)
    x = scales.across(box, 0, 48)
    marks = [(h, axes.clock(12 + h)) for h in range(0, 49, 6)]
    parts = [_weekends(first, count, box, tall), axes.below(box, x, marks)]
    looks: dict[str, list[Span]] = {"bed": [], "nap": [], "asleep": []}
    for row in sleeps:
        bed = _bed(row)
        if bed is not None:
            looks["bed"].append(bed)
        span = (row["onset_local"], row["wake_local"])
        if None not in span:
            looks["asleep" if row["is_main"] else "nap"].append(span)
    for class_, spans in looks.items():
        places = (place for span in spans for place in _places(span, first, count, x, box, tall))
        parts.append(shapes.boxes(places, class_))
    for date in scales.days(first, last, 14):
        y = box.top + tall * (date - first).days
        parts.append(axes.words(box.left - 6, y + tall - 1, short_day(date), anchor="end"))
    for row in nights:
        if row["timezone_changed"]:
            y = box.top + tall * ((row["sleep_date"] - first).days - 1)
            parts.append(axes.words(box.left + 2, y + tall - 1, "▲", "mark-zone"))
    return Figure(
        "raster",
        "Each line begins at noon of its date and shows two days, so that a night stands whole, on "
        "the right and one line below on the left. Dark: asleep. Pale: in bed. Outlined: naps and "
        "other sleeps. Grey: a line that begins on a Friday or Saturday. A triangle: the clock or "
        "the zone has changed.",
        drawing("raster", "All nights",
                f"Nights from {day(min(dates))} to {day(last)} by clock time",
                box.width, box.height, joined(parts)),
        ("night to", "asleep", "awake", "asleep for, h", "efficiency, %", "naps, min", "midpoint",
         "regularity index, 7 days", "debt of 7 nights, h"),
        [_line(row) for row in nights],
    )  # fmt: skip


def _line(row: Row) -> list[str]:
    midpoint = row["midpoint_local_h"]
    return [
        day(row["sleep_date"]),
        *(f"{at:%H:%M}" if at else UNKNOWN for at in (row["onset_local"], row["wake_local"])),
        hours(row["total_sleep_min"]),
        plain(row["sleep_efficiency_pct"], 1),
        plain(row["nap_min"]),
        UNKNOWN if midpoint is None else axes.clock(midpoint),
        plain(row["sleep_regularity_index_7d"]),
        hours(row["sleep_debt_7d_min"]),
    ]


def _bed(row: Row) -> Span | None:
    """The time in bed on the wall clock that the night began with."""
    bed, rise, onset, local = (row[k] for k in ("bed_at", "rise_at", "onset_at", "onset_local"))
    if None in (bed, rise, onset, local):
        return None
    ahead = local - onset.replace(tzinfo=None)
    return bed.replace(tzinfo=None) + ahead, rise.replace(tzinfo=None) + ahead


def _places(
    span: Span, first: dt.date, count: int, x: Scale, box: Box, tall: float
) -> Iterator[tuple[float, float, float, float]]:
    """A sleep on its own line and, a day further right, on the line before; cut at noon."""
    begin, end = span
    zero = dt.datetime.combine(first, NOON)
    from_, to = ((each - zero).total_seconds() / 3600 for each in (begin, end))
    line = int(from_ // 24)
    for n in (line - 1, line):
        left, right = max(0.0, from_ - 24 * n), min(48.0, to - 24 * n)
        if 0 <= n < count and right > left:
            yield x(left), box.top + tall * n + 1, x(right) - x(left), tall - 2


def _weekends(first: dt.date, count: int, box: Box, tall: float) -> Markup:
    places = [
        (box.left, box.top + tall * n, box.x_end - box.left, tall)
        for n in range(count)
        if (first + dt.timedelta(days=n)).weekday() in (4, 5)
    ]
    return shapes.boxes(places, "free")
