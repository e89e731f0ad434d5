"""A line of a participant's nights, small enough for a table."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from pages.drawing import shapes
from pages.drawing.scales import Scale
from pages.drawing.svg import tag
from pages.figures.figure import Row

WIDE, TALL = 120.0, 22.0


def spark(nights: Sequence[Row]) -> Markup:
    """Hours asleep, from 4 to 10, by date; gaps are nights that are not known. Only to look at:
    a screen reader has the numbers of the row."""
    if not nights:
        return Markup("")
    first, last = nights[0]["sleep_date"], nights[-1]["sleep_date"]
    x = Scale(0, max(1, (last - first).days), 3, WIDE - 3)
    y = Scale(240, 600, TALL - 3, 3)
    points: list[shapes.Point] = []
    before = first
    for row in nights:
        if (row["sleep_date"] - before).days > 1:
            points.append((0, None))
        before, asleep = row["sleep_date"], row["total_sleep_min"]
        points.append((x((before - first).days), None if asleep is None else y(asleep)))
    return tag(
        "svg",
        shapes.line(points, "trace"),
        viewBox=f"0 0 {WIDE:.0f} {TALL:.0f}",
        width=WIDE,
        height=TALL,
        class_="figure spark",
        aria_hidden="true",
    )
