"""One night and the day after it: stages above, glucose below, on one axis of elapsed time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from pages.drawing import axes, scales, shapes
from pages.drawing.scales import Box, Scale
from pages.drawing.svg import drawing, joined, tag
from pages.figures.figure import Figure, Row
from pages.figures.units import UNKNOWN, WEEKDAYS, Unit, hours, plain

BEFORE_H, AFTER_H = 1.0, 16.0
GAP = dt.timedelta(minutes=45)
STAGES = ("awake", "rem", "light", "deep")  # from above; asleep without a stage lies with light
LEVEL = {"awake": 0, "rem": 1, "light": 2, "asleep_unspecified": 2, "deep": 3}
NAMED = {"asleep_unspecified": "asleep", "rem": "REM"}


@dataclass(frozen=True)
class Around:
    """What there is of a night: rows of `sleep_stage`, `glucose`, `meal` and of exercise."""

    stages: Sequence[Row] = ()
    readings: Sequence[Row] = ()
    meals: Sequence[Row] = ()
    exercise: Sequence[Row] = ()


def window(night: Row) -> tuple[dt.datetime, dt.datetime]:
    """From an hour before onset to sixteen hours after wake (UTC)."""
    return (
        night["onset_at"] - dt.timedelta(hours=BEFORE_H),
        night["wake_at"] + dt.timedelta(hours=AFTER_H),
    )


def within(rows: Sequence[Row], begin: dt.datetime, end: dt.datetime) -> list[Row]:
    """Rows that begin in a stretch of time."""
    return [row for row in rows if row["start_at"] is not None and begin <= row["start_at"] < end]


def strip(night: Row, around: Around, unit: Unit) -> Figure:
    """The picture of a night of `night_to_day` that has onset and wake."""
    begin, end = window(night)
    box = Box(760, 236, left=64, right=24, top=22, bottom=26)
    x = scales.across(box, 0, _hours(begin, end))
    floor = 96.0 if around.stages else 40.0  # where the glucose begins
    readings = within(around.readings, begin, end)
    top = max(200.0, *(row["glucose_mgdl"] * 1.05 for row in readings), 0.0)
    lower = Box(box.width, box.height, box.left, box.right, floor, box.bottom)
    y = scales.upward(lower, 40, top)
    woke = x(_hours(begin, night["wake_at"]))
    slept = x(_hours(begin, night["onset_at"]))
    parts = [
        tag("rect", x=slept, y=box.top, width=woke - slept, height=box.y_end - box.top,
            class_="night"),
        _clock(night, box, x, begin, end),
        _hypnogram(around.stages, box, x, begin),
        tag("rect", x=box.left, y=y(180), width=box.x_end - box.left, height=y(70) - y(180),
            class_="target"),
        axes.beside(lower, y, [(70, unit.limits[1]), (180, unit.limits[3])], has_lines=False),
        shapes.line(_trace(readings, x, y, begin), "trace"),
        _meals(within(around.meals, begin, end), box, x, begin),
        _exercise(around.exercise, box, x, begin, end),
        _morning(night, unit, lower, x, y, begin),
        axes.words(box.left - 6, box.y_end + 16, unit.name, "words name", "end"),
    ]  # fmt: skip
    date = night["sleep_date"]
    title = f"Night to {WEEKDAYS[date.weekday()]} {date}"
    return Figure(
        f"night-{date}",
        f"{title}: {_sentence(night, unit)}",
        drawing(f"night-{date}", title, f"Stages of sleep and glucose; {_sentence(night, unit)}",
                box.width, box.height, joined(parts)),
        ("what", "value"),
        _facts(night, unit),
    )  # fmt: skip


def _hours(begin: dt.datetime, at: dt.datetime) -> float:
    return (at - begin).total_seconds() / 3600


def _sentence(night: Row, unit: Unit) -> str:
    asleep = f"{night['onset_local']:%H:%M} to {night['wake_local']:%H:%M}"
    return (
        f"asleep {asleep}, {hours(night['total_sleep_min'])} h of sleep, "
        f"fasting {unit.text(night['fasting_mgdl'])}, "
        f"16 hours after wake {unit.text(night['wake16h_mean_mgdl'])} {unit.name}"
    )


def _facts(night: Row, unit: Unit) -> list[list[str]]:
    dawn = night["dawn_delta_mgdl"]
    return [
        ["asleep", f"{hours(night['total_sleep_min'])} h"],
        ["efficiency", f"{plain(night['sleep_efficiency_pct'], 1)} %"],
        *([f"{name} sleep", f"{plain(night[column])} min"] for name, column in
          (("light", "light_min"), ("deep", "deep_min"), ("REM", "rem_min"))),
        ["glucose overnight", f"{unit.text(night['overnight_mean_mgdl'])} {unit.name}"],
        ["fasting, 15 minutes before wake", f"{unit.text(night['fasting_mgdl'])} {unit.name}"],
        ["rise at dawn", f"{unit.text(dawn)} {unit.name}"],
        ["16 hours after wake, mean", f"{unit.text(night['wake16h_mean_mgdl'])} {unit.name}"],
        ["16 hours after wake, in range", f"{plain(night['wake16h_tir_pct'], 1)} %"],
        ["to know about it", night["quality_notes"] or UNKNOWN],
    ]  # fmt: skip


def _clock(night: Row, box: Box, x: Scale, begin: dt.datetime, end: dt.datetime) -> Markup:
    """Full hours, by the clock at wake."""
    ahead = night["wake_local"] - night["wake_at"].replace(tzinfo=None)
    local = begin.replace(tzinfo=None) + ahead
    full = local.replace(minute=0, second=0, microsecond=0) + dt.timedelta(hours=1)
    marks = []
    while full - ahead < end.replace(tzinfo=None):
        if full.hour % 3 == 0:
            marks.append(((full - local).total_seconds() / 3600, axes.clock(full.hour)))
        full += dt.timedelta(hours=1)
    return axes.below(box, x, marks)


def _hypnogram(stages: Sequence[Row], box: Box, x: Scale, begin: dt.datetime) -> Markup:
    """A line through the stages, each with its colour below."""
    if not stages:
        return Markup("")
    high = 15.0
    spans: list[tuple[float, float, float]] = []
    looks: dict[str, list[tuple[float, float, float, float]]] = {}
    for row in stages:
        level = LEVEL.get(row["stage"])
        if level is None:
            continue
        left, right = (x(_hours(begin, row[k])) for k in ("start_at", "end_at"))
        y = box.top + 2 + high * level
        spans.append((left, right, y + high / 2))
        looks.setdefault(row["stage"], []).append((left, y + 2, right - left, high - 4))
    names = [
        axes.words(box.left - 6, box.top + high * n + 13, NAMED.get(s, s), anchor="end")
        for n, s in enumerate(STAGES)
    ]
    return joined((
        *names,
        shapes.steps(sorted(spans), "hypnogram"),
        *(shapes.boxes(places, f"s-{stage}") for stage, places in looks.items()),
    ))  # fmt: skip


def _trace(
    readings: Sequence[Row], x: Scale, y: Scale, begin: dt.datetime
) -> Iterator[shapes.Point]:
    before: dt.datetime | None = None
    for row in readings:
        if before is not None and row["start_at"] - before > GAP:
            yield 0, None
        before = row["start_at"]
        yield x(_hours(begin, row["start_at"])), y(row["glucose_mgdl"])


def _meals(meals: Sequence[Row], box: Box, x: Scale, begin: dt.datetime) -> Markup:
    """A mark on the axis for each, with its carbohydrate; hollow where nobody logged it."""
    parts = []
    for row in meals:
        at = x(_hours(begin, row["start_at"]))
        sign = "●" if row["kind"] == "meal" else "○"
        grams = row["carbohydrate_g"]
        parts.append(axes.words(at, box.top - 8, sign, "mark-meal", "middle"))
        if grams is not None:
            parts.append(axes.words(at + 7, box.top - 8, f"{plain(grams)} g", "words small"))
    return joined(parts)


def _exercise(
    rows: Sequence[Row], box: Box, x: Scale, begin: dt.datetime, end: dt.datetime
) -> Markup:
    spans = [
        (max(begin, row["start_at"]), min(end, row["end_at"]))
        for row in rows
        if None not in (row["start_at"], row["end_at"])
    ]
    places = [
        (
            x(_hours(begin, a)),
            box.y_end - 7,
            max(2.0, x(_hours(begin, b)) - x(_hours(begin, a))),
            7.0,
        )
        for a, b in spans
        if a < b
    ]
    return shapes.boxes(places, "exercise")


def _morning(night: Row, unit: Unit, box: Box, x: Scale, y: Scale, begin: dt.datetime) -> Markup:
    """Fasting glucose at wake, and the rise at dawn where there is one."""
    fasting = night["fasting_mgdl"]
    if fasting is None:
        return Markup("")
    woke = x(_hours(begin, night["wake_at"]))
    dawn = night["dawn_delta_mgdl"]
    told = f"fasting {unit.text(fasting)}"
    if night["has_dawn_phenomenon"]:
        told += f", dawn +{unit.text(dawn)}"
    return joined((
        tag("circle", cx=woke, cy=y(fasting), r=4, class_="fasting"),
        axes.words(woke + 8, box.top + 12, told, "words"),
    ))  # fmt: skip
