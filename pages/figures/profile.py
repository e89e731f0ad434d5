"""The ambulatory glucose profile: time in ranges, the curve of a day, the single days."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from markupsafe import Markup

from pages.drawing import axes, scales, shapes
from pages.drawing.scales import Box, Scale
from pages.drawing.svg import drawing, joined, tag
from pages.figures.figure import Figure, Row
from pages.figures.units import LIMITS_MGDL, UNKNOWN, WEEKDAYS, Unit, plain, short_day

PERCENTILES = ("p05_mgdl", "p25_mgdl", "p50_mgdl", "p75_mgdl", "p95_mgdl")
# Source: Battelino et al. 2019, targets for most adults with diabetes.
TARGETS = ("below 1 %", "below 4 %, very low included", "above 70 %",
           "below 25 %, very high included", "below 5 %")  # fmt: skip
NAMES = ("very low", "low", "in range", "high", "very high")
RANGES = ("very-low", "low", "in-range", "high", "very-high")
DAYS = 14  # single days that are drawn


def ranges(summary: Row, unit: Unit) -> Figure | None:
    """A stacked bar of the time in five ranges; None if no share is known.

    Takes a row of `glucose_summary`. The two shares that the view does not have are differences of
    two that it has.
    """
    if summary["tir_pct"] is None:
        return None
    low2, low, inside = (summary[f"{name}_pct"] for name in ("tbr54", "tbr70", "tir"))
    high, high2 = summary["tar180_pct"], summary["tar250_pct"]
    shares = (low2, low - low2, inside, high - high2, high2)
    words = [f"{name}, {limits}" for name, limits in zip(NAMES, unit.ranges, strict=True)]
    box = Box(760, 106, left=8, right=8, top=8, bottom=8)
    x = scales.across(box, 0, 100)
    parts, at = [], 0.0
    for share, name in zip(shares, RANGES, strict=True):
        wide = max(0.0, x(at + share) - x(at))
        if wide > 0:
            parts.append(tag("rect", x=x(at), y=8, width=wide, height=36, class_=f"r-{name} edge"))
        if wide > 46:
            parts.append(
                axes.words(x(at) + wide / 2, 31, f"{plain(share, 1)} %", f"on-{name}", "middle")
            )
        at += share
    for number, (word, share, name) in enumerate(zip(words, shares, RANGES, strict=True)):
        left, top = 8 + 250 * (number % 3), 68 + 24 * (number // 3)
        parts.append(tag("rect", x=left, y=top - 10, width=11, height=11, class_=f"r-{name}"))
        parts.append(axes.words(left + 17, top, f"{word}: {plain(share, 1)} %"))
    parts.append(
        axes.words(
            508,
            92,
            f"of it {unit.limits[1]} to {unit.limits[2]}: {plain(summary['titr_pct'], 1)} %",
            "words name",
        )
    )
    table = [
        [word, f"{plain(share, 1)} %", target]
        for word, share, target in zip(words, shares, TARGETS, strict=True)
    ]
    tight = f"tight range, {unit.limits[1]} to {unit.limits[2]} (part of in range)"
    table.append([tight, f"{plain(summary['titr_pct'], 1)} %", UNKNOWN])
    return Figure(
        "ranges",
        f"Share of readings in each range, limits in {unit.name}.",
        drawing("ranges", "Time in ranges", f"{plain(inside, 1)} % in range",
                box.width, box.height, joined(parts)),
        (f"range, {unit.name}", "share", "target of the consensus for most adults with diabetes"),
        table,
        "The targets are of people with diabetes; they say nothing about others.",
    )  # fmt: skip


def profile(rows: Sequence[Row], unit: Unit) -> Figure | None:
    """The curve of a day in percentiles of all days; None if there are too few days.

    Takes rows of `agp_profile`.
    """
    known = [row for row in rows if row["p50_mgdl"] is not None]
    if not known:
        return None
    ordered = sorted(rows, key=lambda row: row["minute_of_day"])
    top = max(200.0, *(row["p95_mgdl"] * 1.05 for row in known))
    box = Box(760, 330, left=52, right=24, bottom=42)
    x, y = scales.across(box, 0, 1440), scales.upward(box, 40, top)
    at = [x(row["minute_of_day"] + 2.5) for row in ordered]
    lines = {
        name: [
            (px, None if row[name] is None else y(row[name]))
            for px, row in zip(at, ordered, strict=True)
        ]
        for name in PERCENTILES
    }
    parts = [
        _target(box, y),
        axes.beside(box, y, unit.marks(40, top)),
        axes.below(box, x, [(60 * h, axes.clock(h)) for h in range(0, 25, 3)]),
        shapes.band(lines["p05_mgdl"], lines["p95_mgdl"], "band-wide"),
        shapes.band(lines["p25_mgdl"], lines["p75_mgdl"], "band-near"),
        _limits(box, y),
        shapes.line(lines["p50_mgdl"], "curve"),
        axes.named(box, "clock time", unit.name),
    ]
    table = [
        [axes.clock(row["minute_of_day"] / 60), str(row["day_count"]),
         *(unit.text(row[name]) for name in PERCENTILES)]
        for row in ordered
        if row["minute_of_day"] % 60 == 0
    ]  # fmt: skip
    return Figure(
        "profile",
        "The line is the median of all days at that time; in the dark band lies half of the days, "
        "in the pale one nine of ten. Dashed: the limits of the target range.",
        drawing("profile", "Glucose over the day",
                f"Percentiles of glucose by clock time, in {unit.name}",
                box.width, box.height, joined(parts)),
        ("time", "days", "5 %", "25 %", "median", "75 %", "95 %"),
        table,
    )  # fmt: skip


def days(readings: Sequence[Row], daily: Sequence[Row], unit: Unit) -> Figure | None:
    """A small panel for each of the newest days; None without readings.

    Takes rows of `glucose` and of `glucose_daily`.
    """
    by_date: dict[dt.date, list[Row]] = {}
    for row in readings:
        by_date.setdefault(row["start_local"].date(), []).append(row)
    told = {row["date"]: row for row in daily}
    dates = sorted(date for date in by_date if date in told)[-DAYS:]
    if not dates:
        return None
    top = max(200.0, *(r["glucose_mgdl"] * 1.03 for d in dates for r in by_date[d]))
    wide, tall, across = 106.0, 92.0, 7
    blank = dates[0].weekday()  # a week stands in a row, Monday first
    places = [blank + (date - dates[0]).days for date in dates]
    parts = [
        _panel(10 + wide * (n % across), 20 + tall * (n // across), wide - 6, tall - 30,
               date, by_date[date], told[date], top)
        for n, date in zip(places, dates, strict=True)
    ]  # fmt: skip
    table = [
        [f"{WEEKDAYS[d.weekday()]} {d}", plain(told[d]["coverage_pct"]),
         unit.text(told[d]["mean_mgdl"]),
         plain(told[d]["cv_pct"], 1), plain(told[d]["tir_pct"], 1), plain(told[d]["titr_pct"], 1),
         plain(told[d]["tbr70_pct"], 1), plain(told[d]["tar180_pct"], 1)]
        for d in dates
    ]  # fmt: skip
    height = 20 + tall * (places[-1] // across + 1)
    return Figure(
        "days",
        "The newest days, midnight to midnight, a week in a row, with the share in range. The band "
        "is the target range.",
        drawing("days", "Single days", f"Glucose of {len(dates)} days", 760, height, joined(parts)),
        ("day", "observed, %", f"mean, {unit.name}", "CV, %", "in range, %", "tight range, %",
         "low, %", "high, %"),
        table,
    )  # fmt: skip


def _panel(
    left: float, top: float, wide: float, tall: float,
    date: dt.date, readings: Sequence[Row], told: Row, highest: float,
) -> Markup:  # fmt: skip
    y = Scale(40, highest, top + tall, top)
    x = Scale(0, 1440, left, left + wide)
    points: list[shapes.Point] = []
    before: dt.datetime | None = None
    for row in readings:
        at = row["start_local"]
        if before is not None and at - before > dt.timedelta(minutes=45):
            points.append((0, None))
        points.append((x(at.hour * 60 + at.minute + at.second / 60), y(row["glucose_mgdl"])))
        before = at
    weekend = " weekend" if date.weekday() > 4 else ""
    share = told["tir_pct"]
    return joined((
        tag("rect", x=left, y=top, width=wide, height=tall, class_="panel"),
        tag("rect", x=left, y=y(180), width=wide, height=y(70) - y(180), class_="target"),
        shapes.line(points, "trace"),
        axes.words(left, top - 4, f"{WEEKDAYS[date.weekday()]} {short_day(date)}",
                   f"words small{weekend}"),
        axes.words(left + wide, top - 4, f"{plain(share)} %", "words small", "end"),
    ))  # fmt: skip


def _target(box: Box, y: Scale) -> Markup:
    return tag("rect", x=box.left, y=y(180), width=box.x_end - box.left, height=y(70) - y(180),
               class_="target")  # fmt: skip


def _limits(box: Box, y: Scale) -> Markup:
    return joined(
        shapes.rule(box.left, y(limit), box.x_end, y(limit), "limit")
        for limit in (LIMITS_MGDL[1], LIMITS_MGDL[3])
    )
