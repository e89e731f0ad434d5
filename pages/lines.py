"""A night for a terminal: a line of stages, some of glucose, a line of meals, one of the clock."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from pages.figures.figure import Row
from pages.figures.strip import LEVEL, Around, window, within
from pages.figures.units import Unit

LEGEND = "▔ awake  ▀ REM  ▄ light or asleep  █ deep    ● meal, logged  ○ rise that looks like one"
BLOCKS = " ▁▂▃▄▅▆▇█"
HEIGHT = 4  # lines of glucose
STAGE = {0: ("▔", "awake"), 1: ("▀", "rem"), 2: ("▄", "light"), 3: ("█", "deep")}
LOWEST = 40.0
Cell = tuple[str, str]  # a sign, and what it stands for


@dataclass(frozen=True)
class Line:
    """Signs in columns of the same width, each with its look, and the name before them."""

    name: str
    cells: Sequence[Cell]


def lines(night: Row, around: Around, unit: Unit, width: int) -> list[Line]:
    """From an hour before onset to sixteen hours after wake, in `width` columns.

    A column of glucose is the highest reading in it; without one it is blank.
    """
    begin, end = window(night)
    step = (end - begin) / width
    edges = [begin + step * n for n in range(width)]
    stages = [_stage(around.stages, at, at + step) for at in edges]
    values = [_highest(around.readings, at, at + step) for at in edges]
    known = [value for value in values if value is not None]
    top = max(180.0, *known) if known else 180.0
    told = [unit.text(top), "", "", unit.text(LOWEST)]
    glucose = [
        Line(name, [_block(value, row, top) for value in values])
        for row, name in zip(range(HEIGHT - 1, -1, -1), told, strict=True)
    ]
    meals = [_meal(around.meals, at, at + step) for at in edges]
    has_meals = any(sign != " " for sign, _ in meals)
    return [
        *([Line("sleep", stages)] if around.stages else []),
        *glucose,
        *([Line("meals", meals)] if has_meals else []),
        Line("", _clock(night, edges, step)),
    ]


def _stage(stages: Sequence[Row], begin: dt.datetime, end: dt.datetime) -> Cell:
    """The stage that most of a column is in."""
    length: dict[int, dt.timedelta] = {}
    for row in stages:
        level = LEVEL.get(row["stage"])
        common = min(end, row["end_at"]) - max(begin, row["start_at"])
        if level is not None and common > dt.timedelta(0):
            length[level] = length.get(level, dt.timedelta(0)) + common
    return STAGE[max(length, key=lambda level: length[level])] if length else (" ", "")


def _highest(readings: Sequence[Row], begin: dt.datetime, end: dt.datetime) -> float | None:
    found = [row["glucose_mgdl"] for row in within(readings, begin, end)]
    return max(found, default=None)


def _block(value: float | None, row: int, top: float) -> Cell:
    """The part of a column's bar that lies in one of the lines, from below."""
    if value is None:
        return " ", ""
    eighths = round((value - LOWEST) / (top - LOWEST) * HEIGHT * 8)
    look = "low" if value < 70 else "high" if value > 180 else "in range"
    least = 1 if row == 0 else 0  # what is known is seen
    return BLOCKS[max(least, min(8, eighths - 8 * row))], look


def _meal(meals: Sequence[Row], begin: dt.datetime, end: dt.datetime) -> Cell:
    found = within(meals, begin, end)
    if not found:
        return " ", ""
    return ("●" if any(row["kind"] == "meal" for row in found) else "○"), ""


def _clock(night: Row, edges: Sequence[dt.datetime], step: dt.timedelta) -> list[Cell]:
    """Every third hour by the clock at wake, where it has room."""
    ahead = night["wake_local"] - night["wake_at"].replace(tzinfo=None)
    signs = [" "] * len(edges)
    for place, at in enumerate(edges):
        local = at.replace(tzinfo=None) + ahead
        after = local + step
        full = after.replace(minute=0, second=0, microsecond=0)
        if local < full <= after and full.hour % 3 == 0 and place + 5 <= len(signs):
            signs[place : place + 5] = f"{full.hour:02d}:00"
    return [(sign, "") for sign in signs]
