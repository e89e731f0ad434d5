"""Lines, bands and boxes as paths: one element for many marks, in whole steps of a tenth."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from markupsafe import Markup

from pages.drawing.svg import number, tag, tenths

Point = tuple[float, float | None]  # None: nothing is known there


def runs(points: Iterable[Point]) -> list[list[tuple[float, float]]]:
    """What is known without a gap in between."""
    found: list[list[tuple[float, float]]] = [[]]
    for x, y in points:
        if y is not None:
            found[-1].append((x, y))
        elif found[-1]:
            found.append([])
    return [run for run in found if run]


def line(points: Iterable[Point], class_: str) -> Markup:
    """A line that is broken where nothing is known; a point alone is a dot."""
    parts = [_through(run) if len(run) > 1 else _dot(*run[0]) for run in runs(points)]
    return tag("path", d="".join(parts), class_=class_) if parts else Markup("")


def band(lower: Sequence[Point], upper: Sequence[Point], class_: str) -> Markup:
    """The area between two lines of the same places, where both are known."""
    both = [
        (x, None if a is None or b is None else (a, b))
        for (x, a), (_, b) in zip(lower, upper, strict=True)
    ]
    parts, run = [], []
    for x, pair in [*both, (0.0, None)]:
        if pair is not None:
            run.append((x, *pair))
        elif run:
            there = [(x, a) for x, a, _ in run]
            back = [(x, b) for x, _, b in reversed(run)]
            parts.append(f"{_through([*there, *back])}z")
            run = []
    return tag("path", d="".join(parts), class_=class_) if parts else Markup("")


def boxes(places: Iterable[tuple[float, float, float, float]], class_: str) -> Markup:
    """Rectangles (x, y, width, height) of one look as one element."""
    parts = [
        f"M{number(x)} {number(y)}h{number(w)}v{number(h)}h{number(-w)}z" for x, y, w, h in places
    ]
    return tag("path", d="".join(parts), class_=class_) if parts else Markup("")


def dots(places: Iterable[tuple[float, float]], class_: str) -> Markup:
    """Round marks of one look as one element: lines without length, with round ends."""
    parts = [_dot(x, y) for x, y in places]
    return tag("path", d="".join(parts), class_=f"dots {class_}") if parts else Markup("")


def steps(spans: Iterable[tuple[float, float, float]], class_: str) -> Markup:
    """Levels (from x, to x, y), joined by upright lines where one begins as another ends."""
    parts: list[str] = []
    end: float | None = None
    for begin, finish, y in spans:
        joins = end is not None and abs(begin - end) < 0.05
        parts.append(f"{'L' if joins else 'M'}{number(begin)} {number(y)}H{number(finish)}")
        end = finish
    return tag("path", d="".join(parts), class_=class_) if parts else Markup("")


def rule(x1: float, y1: float, x2: float, y2: float, class_: str) -> Markup:
    """One straight line."""
    d = f"M{number(x1)} {number(y1)}L{number(x2)} {number(y2)}"
    return tag("path", d=d, class_=class_)


def _dot(x: float, y: float) -> str:
    return f"M{number(x)} {number(y)}h0"


def _through(points: Sequence[tuple[float, float]]) -> str:
    """A path by differences, which are shorter than places; they are of what was written."""
    x, y = (round(10 * each) for each in points[0])
    parts = [f"M{tenths(x)} {tenths(y)}l"]
    for px, py in points[1:]:
        nx, ny = round(10 * px), round(10 * py)
        dx, dy = tenths(nx - x), tenths(ny - y)
        parts.append(f"{dx}{'' if dy.startswith('-') else ' '}{dy}")
        x, y = nx, ny
    return parts[0] + " ".join(parts[1:])
