"""Axes, grid lines and the words in a drawing."""

from __future__ import annotations

from collections.abc import Iterable

from markupsafe import Markup

from pages.drawing.scales import Box, Scale
from pages.drawing.shapes import rule
from pages.drawing.svg import group, number, tag

Labelled = tuple[float, str]


def words(x: float, y: float, text: str, class_: str = "words", anchor: str = "start") -> Markup:
    """A text; `anchor` is start, middle or end."""
    at = None if anchor == "start" else anchor
    return tag("text", text, x=x, y=y, class_=class_, text_anchor=at)


def below(box: Box, scale: Scale, marks: Iterable[Labelled], has_lines: bool = True) -> Markup:
    """The x axis with its labels below, and thin upright lines."""
    parts = []
    for value, label in marks:
        x = scale(value)
        if has_lines:
            parts.append(rule(x, box.top, x, box.y_end, "grid"))
        if label:
            parts.append(words(x, box.y_end + 16, label, anchor="middle"))
    return group(*parts, rule(box.left, box.y_end, box.x_end, box.y_end, "axis"))


def beside(box: Box, scale: Scale, marks: Iterable[Labelled], has_lines: bool = True) -> Markup:
    """The y axis with its labels to the left, and thin level lines."""
    parts = []
    for value, label in marks:
        y = scale(value)
        if has_lines:
            parts.append(rule(box.left, y, box.x_end, y, "grid"))
        parts.append(words(box.left - 6, y + 4, label, anchor="end"))
    return group(*parts)


def named(box: Box, x: str = "", y: str = "") -> Markup:
    """What the axes are of: below the x axis and, turned, left of the y axis."""
    middle = (box.left + box.x_end) / 2
    parts = [words(middle, box.height - 4, x, "words name", "middle")] if x else []
    if y:
        height = (box.top + box.y_end) / 2
        turn = f"rotate(-90 12 {number(height)})"
        parts.append(
            tag(
                "text", y, x=12, y=height, class_="words name", text_anchor="middle", transform=turn
            )
        )
    return group(*parts)


def clock(hours: float) -> str:
    """An hour of the day, also beyond midnight, as 07:30."""
    minutes = round(hours * 60) % 1440
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
