"""Whether nights and days go together: scatter, forest, short against longer nights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from pages.drawing import axes, scales, shapes
from pages.drawing.scales import Box, Scale
from pages.drawing.svg import drawing, joined, tag
from pages.figures.figure import Figure, Row
from pages.figures.units import Unit, day, hours, plain, short

FEWEST = 14  # nights below which `effect` tells no number
KEYS = ("exposure", "outcome")
TOO_FEW = "not enough nights"


@dataclass(frozen=True)
class Pair:
    """A measure of the night and one of the day after, as they are spoken of."""

    exposure: str
    outcome: str
    x: str
    y: str
    is_glucose: bool = True


# Total sleep with what the day is judged by: the pairs that are looked at first.
PAIRS = (
    Pair("total_sleep_min", "wake16h_mean_mgdl", "hours asleep", "16 hours after wake, mean"),
    Pair("total_sleep_min", "fasting_mgdl", "hours asleep", "fasting glucose"),
    Pair(
        *("total_sleep_min", "wake16h_titr_pct", "hours asleep", "tight range, % of 16 hours"),
        is_glucose=False,
    ),
)
WORDS = {
    "total_sleep_min": "total sleep",
    "sleep_efficiency_pct": "efficiency",
    "midpoint_local_h": "midpoint of sleep",
    "sleep_regularity_index_7d": "regularity",
    "deep_min": "deep sleep",
    "rem_min": "REM sleep",
    "wake16h_mean_mgdl": "mean of 16 hours",
    "wake16h_sd_mgdl": "spread of 16 hours",
    "wake16h_titr_pct": "tight range",
    "wake16h_tir_pct": "time in range",
    "wake16h_excess_mgdl": "16 hours above usual",
    "fasting_mgdl": "fasting glucose",
    "breakfast_iauc_2h_mgdl_min": "rise after breakfast",
}


def verdict(pair: Pair, effects: Sequence[Row], nights: Sequence[Row], unit: Unit) -> str:
    """What `effect` found out about a pair, or what is missing for that."""
    found = effect_of(pair, effects)
    if found is None:
        count = len(_known(pair, nights))
        if count < FEWEST:
            return _more(count)
        return "Not computed yet: run dawnlake effect, then make the page again."
    if found.get("verdict") == TOO_FEW or found.get("slope") is None:
        return _more(found.get("night_count") or 0)
    stale = "" if found.get("is_current", True) else " (of other nights than the lake now has)"
    interval = _interval(found, unit)
    return f"{str(found.get('verdict') or '').capitalize()}{stale}. {interval}"


def effect_of(pair: Pair, effects: Sequence[Row]) -> Row | None:
    """The row of `sleep_effect` of the night and the day that follows it."""
    wanted = (pair.exposure, pair.outcome, "same_night")
    return next(
        (r for r in effects if (r.get("exposure"), r.get("outcome"), r.get("relation")) == wanted),
        None,
    )


def _more(count: int) -> str:
    if count >= FEWEST:
        return "Not enough nights that differ."
    return f"Not enough nights: {FEWEST - count} more ({count} of {FEWEST})."


def _interval(found: Row, unit: Unit) -> str:
    told, per = str(found.get("slope_unit") or ""), 1.0
    if unit.name != "mg/dL" and "mg/dL" in told and "x min" not in told:
        told, per = told.replace("mg/dL", unit.name), unit.mgdl
    slope, low, high = (
        None if found.get(name) is None else found[name] / per
        for name in ("slope", "slope_low", "slope_high")
    )
    return (
        f"{short(slope)} {told}, 95 % interval {short(low)} to {short(high)}, "
        f"{found.get('night_count')} nights."
    )


def _known(pair: Pair, nights: Sequence[Row]) -> list[Row]:
    return [
        row
        for row in nights
        if row["is_complete"] and row[pair.exposure] is not None and row[pair.outcome] is not None
    ]


def scatter(pair: Pair, nights: Sequence[Row], effects: Sequence[Row], unit: Unit) -> Figure | None:
    """A dot per complete night; None below two of them. Takes rows of `night_to_day`."""
    known = _known(pair, nights)
    if len(known) < 2:
        return None
    xs = [row[pair.exposure] / 60 for row in known]
    ys = [row[pair.outcome] for row in known]
    box = Box(300, 250, left=54, bottom=44)
    x, y = scales.across(box, *scales.around(xs)), scales.upward(box, *scales.around(ys))
    marks = unit.marks(y.low, y.high) if pair.is_glucose else _percent(y)
    free = [row["sleep_date"].weekday() > 4 for row in known]
    places = [(x(a), y(b)) for a, b in zip(xs, ys, strict=True)]
    found = effect_of(pair, effects)
    name = f"scatter-{pair.outcome.replace('_', '-')}"
    label = f"{pair.y}, {unit.name}" if pair.is_glucose else pair.y
    parts = [
        axes.beside(box, y, marks),
        axes.below(
            box, x, [(t, plain(t, 0 if t == round(t) else 1)) for t in scales.ticks(x.low, x.high)]
        ),
        _slope(found, xs, ys, x, y),
        shapes.dots([p for p, f in zip(places, free, strict=True) if not f], "dot"),
        shapes.dots([p for p, f in zip(places, free, strict=True) if f], "dot-free"),
        shapes.dots([p for p, f in zip(places, free, strict=True) if f], "dot-hole"),
        axes.named(box, pair.x, label),
    ]
    said = verdict(pair, effects, nights, unit)
    value = unit.text if pair.is_glucose else lambda v: plain(v, 1)
    return Figure(
        name,
        f"{said} A dot is a night and the day after it; hollow: the day is a Saturday or Sunday.",
        drawing(name, f"{pair.y} by {pair.x}", said, box.width, box.height, joined(parts)),
        ("night to", "asleep, h", label),
        [[day(r["sleep_date"]), hours(r[pair.exposure]), value(r[pair.outcome])] for r in known],
    )  # fmt: skip


def _percent(y: Scale) -> list[tuple[float, str]]:
    return [(t, plain(t)) for t in scales.ticks(y.low, y.high) if t <= 100]


def _slope(
    found: Row | None, xs: Sequence[float], ys: Sequence[float], x: Scale, y: Scale
) -> Markup:
    """The slope of `effect` through the middle of the dots: it was found beside other things, so
    it need not be the line that one would draw through them."""
    if found is None or found.get("slope") is None or found.get("slope_unit", "")[-6:] != " per h":
        return Markup("")
    mid_x, mid_y = sum(xs) / len(xs), sum(ys) / len(ys)
    ends = [(at, mid_y + found["slope"] * (at - mid_x)) for at in (min(xs), max(xs))]
    (ax, ay), (bx, by) = ends
    return shapes.rule(x(ax), y(ay), x(bx), y(by), "slope")


def forest(effects: Sequence[Row], unit: Unit) -> Figure | None:
    """All pairs of the night and the day after: slope and interval, each in its own unit, drawn
    in lengths of its own interval's half; None without any. Takes rows of `sleep_effect`."""
    rows = [
        row
        for row in effects
        if row.get("relation") == "same_night"
        and None not in (row.get("slope"), row.get("slope_low"), row.get("slope_high"))
    ]
    if not rows:
        return None
    order = list(WORDS)
    rows.sort(key=lambda row: [order.index(row[n]) if row[n] in WORDS else 99 for n in KEYS])
    box = Box(760, 36 + 18.0 * len(rows), left=300, right=190, top=8, bottom=24)
    x = scales.across(box, -3, 3)
    parts = [
        axes.below(box, x, [(n, plain(n)) for n in range(-3, 4)]),
        shapes.rule(x(0), box.top, x(0), box.y_end, "axis"),
    ]
    table = []
    for number, row in enumerate(rows):
        y = box.top + 18 * number + 9
        half = (row["slope_high"] - row["slope_low"]) / 2 or 1
        low, mid, high = (row[n] / half for n in ("slope_low", "slope", "slope_high"))
        name = f"{_word(row['exposure'])} → {_word(row['outcome'])}"
        is_named = row.get("verdict", "").startswith(("higher", "lower"))
        look = "named" if is_named else "open"
        parts += [
            axes.words(box.left - 8, y + 4, name, anchor="end"),
            shapes.rule(x(low), y, x(high), y, f"whisker {look}"),
            tag("circle", cx=x(mid), cy=y, r=3.5, class_=f"effect {look}"),
            axes.words(box.x_end + 10, y + 4, str(row.get("verdict") or "")),
        ]
        told = (str(row.get(name_) or "") for name_ in ("slope_unit", "verdict"))
        table.append([name, str(row.get("night_count")), *_cells(row), *told])
    return Figure(
        "forest",
        "Each line is a measure of the night and one of the day after: dot and 95 % interval, in "
        "half widths of that interval, so that all fit one axis. A filled dot: effect names a "
        "direction. Values in their units are in the table.",
        drawing("forest", "All pairs", f"{len(rows)} slopes with their intervals",
                box.width, box.height, joined(parts)),
        ("night → day after", "nights", "slope", "from", "to", "unit", "verdict"),
        table,
    )  # fmt: skip


def _cells(row: Row) -> list[str]:
    return [short(row[name]) for name in ("slope", "slope_low", "slope_high")]


def _word(column: str) -> str:
    return WORDS.get(column, column.replace("_", " "))


def short_nights(nights: Sequence[Row], unit: Unit) -> Figure | None:
    """The days after nights below six hours and after the others; None unless there are both.

    Takes rows of `night_to_day`.
    """
    known = [r for r in nights if r["is_complete"] and r["is_short_6h"] is not None
             and r["wake16h_mean_mgdl"] is not None]  # fmt: skip
    groups = {flag: [r for r in known if r["is_short_6h"] is flag] for flag in (True, False)}
    if not all(groups.values()):
        return None
    box = Box(760, 130, left=190, bottom=40)
    values = [row["wake16h_mean_mgdl"] for row in known]
    x = scales.across(box, *scales.around(values))
    parts = [axes.below(box, x, unit.marks(x.low, x.high)),
             axes.named(box, f"mean of 16 hours after wake, {unit.name}")]  # fmt: skip
    table = []
    for number, (is_short, word) in enumerate(
        ((True, "below 6 hours"), (False, "6 hours and more"))
    ):
        rows = groups[is_short]
        y = box.top + 22 + 40 * number
        parts.append(
            axes.words(box.left - 10, y + 4, f"{word}: {_nights(len(rows))}", anchor="end")
        )
        spread = ((x(r["wake16h_mean_mgdl"]), y + 5 * (n % 5 - 2)) for n, r in enumerate(rows))
        parts.append(shapes.dots(spread, "dot"))
        table += [[word, day(r["sleep_date"]), hours(r["total_sleep_min"]),
                   unit.text(r["wake16h_mean_mgdl"])] for r in rows]  # fmt: skip
    return Figure(
        "short-nights",
        "Each dot is the day after a night. Look whether the two clouds lie apart, and how many "
        "dots there are: weekends, travel and food differ too.",
        drawing("short-nights", "Short and longer nights", "Means of the 16 hours after wake",
                box.width, box.height, joined(parts)),
        ("night", "to", "asleep, h", f"mean, {unit.name}"),
        table,
    )  # fmt: skip


def _nights(count: int) -> str:
    return f"{count} night" if count == 1 else f"{count} nights"
