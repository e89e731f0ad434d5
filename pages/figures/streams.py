"""Which stream has data on which day, with nights, clock changes and doubts below."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from markupsafe import Markup

from pages.drawing import axes, scales, shapes
from pages.drawing.scales import Box
from pages.drawing.svg import drawing, joined
from pages.figures.figure import Figure, Row
from pages.figures.units import UNKNOWN, day, plain, short_day

MOST = 14  # streams that are drawn; the table has them all
ROW = 20
NAME_MAX = 40  # letters that have room before a row; the table has the whole name
A_FEW, MANY = 2, 10  # readings of a day, on average: told once, and again for naps
DAILY = "numbers of the day"
FIRST = ("interstitial_glucose", "capillary_glucose", "heart_rate", "step_count")
LEVELS = ((90, "seen-full"), (50, "seen-most"), (0, "seen-some"))
RARE = "seen-rare"  # streams without a rhythm: there is something on that day


def streams(
    coverage: Sequence[Row], nights: Sequence[Row], findings: Sequence[Row]
) -> Figure | None:
    """A row per stream, a cell per day; None if there is nothing.

    Takes rows of `data_coverage`, of `night_to_day` and of `clock_finding`.
    """
    coverage = _with_daily_together(coverage)
    kinds = _streams(coverage)
    dates = [row["date"] for row in coverage] + [row["sleep_date"] for row in nights]
    if not dates:
        return None
    first, last = min(dates), max(dates)
    drawn = kinds[:MOST]
    lines = [*drawn, *([("night", "")] if nights else [])]
    box = Box(760, 44 + ROW * (len(lines) + 1), left=256, right=24, top=10)
    x = scales.across(box, 0, (last - first).days + 1)
    parts = [
        axes.below(box, x, [((d - first).days, short_day(d)) for d in scales.days(first, last)])
    ]
    width = max(1.0, (box.x_end - box.left) / ((last - first).days + 1) - 0.6)
    names = _names(drawn)
    for number, kind in enumerate(drawn):
        y = box.top + ROW * number
        own = [row for row in coverage if _kind(row) == kind]
        parts.append(axes.words(box.left - 8, y + 13, _cut(names[number]), anchor="end"))
        parts.append(_cells(own, first, x, y, width))
    y = box.top + ROW * len(drawn)
    if nights:
        parts.append(axes.words(box.left - 8, y + 13, "nights (pale: not complete)", anchor="end"))
        for is_whole, class_ in ((True, "seen-full"), (False, "seen-some")):
            places = [
                (x((night["sleep_date"] - first).days), y + 3, width, ROW - 6)
                for night in nights
                if bool(night["is_complete"]) == is_whole
            ]
            parts.append(shapes.boxes(places, class_))
    parts.append(_clocks(nights, findings, first, x, box.top + ROW * len(lines), box))
    table = [
        [
            _name(kind),
            kind[2] or UNKNOWN,
            day(min(d)),
            day(max(d)),
            str(len(set(d))),
            plain(sum(counts)),
        ]
        for kind in kinds
        for d, counts in [_told(coverage, kind)]
    ]
    return Figure(
        "streams",
        "Each row is a stream of data, each column a day; the darker, the more of the day was "
        "recorded; grey: on that day at all. Gaps are days without data. A triangle marks a "
        "change of the clock or of the zone, a diamond a doubt about a clock.",
        drawing("streams", "Data by day", f"Streams of data from {first} to {last}",
                box.width, box.height, joined(parts)),
        ("stream", "device", "first day", "last day", "days", "records"),
        table,
    )  # fmt: skip


def _with_daily_together(coverage: Sequence[Row]) -> list[Row]:
    """Numbers that a vendor tells once a day are one stream of that vendor."""
    days: dict[tuple[str, ...], list[int]] = {}
    for row in coverage:
        count = row["reading_count"] if row["observed_pct"] is None else MANY
        days.setdefault(_kind(row), []).append(count)
    often = {kind for kind, counts in days.items() if sum(counts) > A_FEW * len(counts)}
    merged: dict[tuple[object, ...], Row] = {}
    for row in coverage:
        named = row if _kind(row) in often else {**row, "metric": DAILY, "device": None}
        key = (*_kind(named), row["date"])
        before = merged.get(key)
        count = row["reading_count"] + (before["reading_count"] if before else 0)
        merged[key] = {**named, "reading_count": count}
    return list(merged.values())


def _kind(row: Row) -> tuple[str, str, str]:
    return row["metric"], row["connector"] or "", row["device"] or ""


def _streams(coverage: Sequence[Row]) -> list[tuple[str, ...]]:
    """Glucose first, then what there is most of."""
    counts: dict[tuple[str, ...], int] = {}
    for row in coverage:
        counts[_kind(row)] = counts.get(_kind(row), 0) + row["reading_count"]
    place = {name: number for number, name in enumerate(FIRST)}
    return sorted(counts, key=lambda kind: (place.get(kind[0], 9), -counts[kind], kind))


def _name(kind: Sequence[str]) -> str:
    return f"{kind[0].replace('_', ' ')}, {kind[1]}"


def _names(kinds: Sequence[Sequence[str]]) -> list[str]:
    """Names of streams; of devices that share one, the second and later have a number."""
    names: list[str] = []
    for kind in kinds:
        same = sum(_name(kind) == each.split(" (")[0] for each in names)
        names.append(f"{_name(kind)} ({same + 1})" if same else _name(kind))
    return names


def _cut(name: str) -> str:
    """A name that fits: of a longer one its end, which tells the source, and what goes before."""
    metric, _, source = name.partition(", ")
    room = max(NAME_MAX - len(source) - 3, 4)
    return name if len(name) <= NAME_MAX else f"{metric[:room].rstrip()}…, {source}"[:NAME_MAX]


def _told(coverage: Sequence[Row], kind: tuple[str, ...]) -> tuple[list[dt.date], list[int]]:
    own = [row for row in coverage if _kind(row) == kind]
    return [row["date"] for row in own], [row["reading_count"] for row in own]


def _cells(rows: Sequence[Row], first: dt.date, x: scales.Scale, y: float, width: float) -> Markup:
    looks: dict[str, list[tuple[float, float, float, float]]] = {}
    for row in rows:
        share = row["observed_pct"]
        class_ = RARE if share is None else next(c for least, c in LEVELS if share >= least)
        place = (x((row["date"] - first).days), y + 3, width, float(ROW - 6))
        looks.setdefault(class_, []).append(place)
    return joined(shapes.boxes(places, class_) for class_, places in looks.items())


def _clocks(
    nights: Sequence[Row],
    findings: Sequence[Row],
    first: dt.date,
    x: scales.Scale,
    y: float,
    box: Box,
) -> Markup:
    """Where the clock changed, and where one is in doubt."""
    changed = [night["sleep_date"] for night in nights if night["timezone_changed"]]
    doubts = [row["from_at"].date() for row in findings if row["from_at"] is not None]
    parts = [axes.words(box.left - 8, y + 13, "clock changes, clocks in doubt", anchor="end")]
    for date in changed:
        parts.append(axes.words(x((date - first).days), y + 14, "▲", "mark-zone", "middle"))
    for date in doubts:
        if first <= date:
            parts.append(axes.words(x((date - first).days), y + 14, "◆", "mark-doubt", "middle"))
    return joined(parts)
