"""What stands on a participant's page, in order: tiles of numbers, figures, fine print."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pages.asked.listing import Entry
from pages.asked.person import Person
from pages.figures import calendar, profile, raster, streams, strip, together
from pages.figures.figure import Figure, Row
from pages.figures.units import UNKNOWN, Unit, day, hours, plain

Tables = Mapping[str, Mapping[str, str]]  # meaning of each column, by view


@dataclass(frozen=True)
class Tile:
    """One number: where it is from, how it is spoken of, how it is written."""

    view: str
    column: str
    label: str
    value: str
    unit: str = ""
    target: str = ""


@dataclass(frozen=True)
class Section:
    """A part of the page with a heading of its own."""

    name: str
    title: str
    words: str = ""
    tiles: Sequence[Tile] = ()
    figures: Sequence[Figure] = ()


GLUCOSE = (
    # column, label, unit ('' for a number as such, None for glucose), decimals, target
    ("valid_day_count", "days with enough data", "", 0, "14 and more"),
    ("coverage_pct", "sensor active", "%", 1, "70 and more"),
    ("mean_mgdl", "mean", None, 0, ""),
    ("gmi_pct", "GMI", "%", 1, ""),
    ("cv_pct", "variability, CV", "%", 1, "36 and less"),
    ("tir_pct", "in range", "%", 1, "above 70"),
    ("titr_pct", "tight range", "%", 1, ""),
)
EVENTS = (
    ("hypo_l1_per_day", "low events a week"),
    ("hypo_l2_per_day", "very low events a week"),
    ("hyper_l1_per_day", "high events a week"),
    ("hyper_l2_per_day", "very high events a week"),
)
RHYTHM = (
    ("night_count", "valid nights", 0),
    ("interdaily_stability", "interdaily stability, 0 to 1", 2),
    ("intradaily_variability", "intradaily variability", 2),
    ("composite_phase_deviation_h", "composite phase deviation, h", 2),
)
CAUTION = (
    "Days of one person are laid beside each other. That a day differs after a night does not say "
    "that the night is why: weekends, food, work, illness and travel differ with it."
)


def sections(person: Person, unit: Unit) -> list[Section]:
    """All parts but the fine print."""
    return [
        _data(person),
        _glucose(person, unit),
        _nights(person),
        _one_by_one(person, unit),
        _together(person, unit),
        Section("calendar", "Calendar", figures=_there(calendar.calendar(person.nights,
                                                                         person.daily))),
    ]  # fmt: skip


def _there(*figures: Figure | None) -> list[Figure]:
    return [figure for figure in figures if figure is not None]


def _data(person: Person) -> Section:
    complete = sum(bool(row["is_complete"]) for row in person.nights)
    valid = sum(bool(row["is_valid"]) for row in person.daily)
    tiles = [
        Tile("glucose_daily", "date", "days with glucose", str(len(person.daily))),
        Tile("glucose_daily", "is_valid", "of them with enough", str(valid)),
        Tile("night_to_day", "sleep_date", "nights", str(len(person.nights))),
        Tile("night_to_day", "is_complete", "complete, with the day after", str(complete)),
    ]
    figures = _there(streams.streams(person.coverage, person.nights, person.findings))
    return Section("data", "What there is", _lacking(person.nights), tiles, figures)


def _lacking(nights: Sequence[Row]) -> str:
    """Why nights are not complete, the most frequent reasons."""
    reasons: dict[str, int] = {}
    for row in nights:
        if not row["is_complete"]:
            for reason in (row["quality_notes"] or "no reason noted").split("; "):
                reasons[reason] = reasons.get(reason, 0) + 1
    most = sorted(reasons.items(), key=lambda each: (-each[1], each[0]))[:4]
    told = ", ".join(f"{reason} ({count})" for reason, count in most)
    return f"What nights that are not complete lack: {told}." if told else ""


def _glucose(person: Person, unit: Unit) -> Section:
    summary = person.summary
    if summary is None:
        return Section(
            "glucose", "Glucose profile", "There are no readings of a sensor in this period."
        )
    tiles = [_glucose_tile(summary, unit, *each) for each in GLUCOSE]
    for column, label in EVENTS:
        per_day = summary[column]
        week = None if per_day is None else 7 * per_day
        tiles.append(Tile("glucose_summary", column, label, plain(week, 1)))
    figures = _there(
        profile.ranges(summary, unit),
        profile.profile(person.profile, unit),
        profile.days(person.around.readings, person.daily, unit),
    )
    words = (
        f"{day(summary['first_date'])} to {day(summary['last_date'])}, "
        f"{plain(summary['reading_count'])} readings. A sensor measures the fluid under the skin, "
        "minutes behind the blood. GMI is an estimate, not a laboratory's A1c."
    )
    if all(row["p50_mgdl"] is None for row in person.profile):
        words += " There are too few days for a curve of the day."
    return Section("glucose", "Glucose profile", words, tiles, figures)


def _glucose_tile(
    summary: Row, unit: Unit, column: str, label: str, of: str | None, places: int, target: str
) -> Tile:
    value = summary[column]
    text = unit.text(value) if of is None else plain(value, places)
    return Tile("glucose_summary", column, label, text, unit.name if of is None else of, target)


def _nights(person: Person) -> Section:
    if not person.nights:
        return Section("nights", "Nights", "There are no nights in this period.")
    newest = person.nights[-1]
    tiles = [
        Tile("night_to_day", "sleep_regularity_index_7d", "regularity index, newest 7 days",
             plain(newest["sleep_regularity_index_7d"]), "of 100"),
        Tile("night_to_day", "sleep_debt_7d_min", "sleep debt, newest 7 nights",
             hours(newest["sleep_debt_7d_min"]), "h"),
        Tile("night_to_day", "social_jetlag_28d_min", "social jetlag, newest 28 days",
             hours(newest["social_jetlag_28d_min"]), "h"),
    ]  # fmt: skip
    rhythm, words = person.rhythm, ""
    if rhythm is not None:
        tiles += [Tile("sleep_rhythm", column, label, plain(rhythm[column], places))
                  for column, label, places in RHYTHM]  # fmt: skip
        words = (
            "Stability, variability and phase are of all nights, "
            f"{day(rhythm['first_date'])} to {day(rhythm['last_date'])}. Vendors stage sleep by "
            "their own rules: numbers of two devices are not comparable."
        )
    return Section(
        "nights", "Nights", words, tiles, _there(raster.raster(person.nights, person.sleeps))
    )


def _one_by_one(person: Person, unit: Unit) -> Section:
    title = "The night and the day after"
    if not person.shown:
        return Section("strips", title, "No night of this period is complete.")
    stages: dict[object, list[Row]] = {}
    for row in person.around.stages:
        stages.setdefault(row["sleep_date"], []).append(row)
    near = person.around
    figures = [
        strip.strip(
            night,
            strip.Around(
                stages.get(night["sleep_date"], ()), near.readings, near.meals, near.exercise
            ),
            unit,
        )
        for night in reversed(person.shown)
    ]
    words = (
        f"The newest {len(figures)} complete nights, newest first. Above the stages of sleep, "
        "below the glucose from an hour before sleep to sixteen hours after wake. A dot on top is "
        "a meal that was logged, a ring a rise of glucose that looks like one; a bar below is "
        "exercise; the ring on the trace is fasting glucose. Times are of the clock at wake."
    )
    return Section("strips", title, words, figures=figures)


def _together(person: Person, unit: Unit) -> Section:
    pairs = [
        figure
        for pair in together.PAIRS
        if (figure := together.scatter(pair, person.nights, person.effects, unit)) is not None
    ]
    figures = [
        *pairs,
        *_there(together.forest(person.effects, unit), together.short_nights(person.nights, unit)),
    ]
    missing = (
        ""
        if figures
        else f" {together.verdict(together.PAIRS[0], person.effects, person.nights, unit)}"
    )
    return Section("together", "Does it go together?", CAUTION + missing, figures=figures)


# fine print


def sources(person: Person) -> tuple[Sequence[str], list[list[str]]]:
    """What was read, by format."""
    counts = ("file_count", "record_count", "skipped_count", "rejected_count")
    rows = [
        [r["connector"], *(plain(r[c]) for c in counts), day(r["first_date"]), day(r["last_date"])]
        for r in person.sources
    ]
    return ("format", "files", "records", "skipped", "rejected", "first day", "last day"), rows


def clocks(person: Person) -> tuple[Sequence[str], list[list[str]]]:
    """Where the person was, and what was found out about clocks."""
    rows = [
        [
            day(r["from_at"] and r["from_at"].date()),
            r["zone"] or "zone not told",
            r["basis"] or UNKNOWN,
        ]
        for r in person.zones
    ]
    rows += [
        [
            day(r["from_at"] and r["from_at"].date()),
            r["kind"].replace("_", " "),
            r["explanation"] or UNKNOWN,
        ]
        for r in person.findings
    ]
    return ("from", "zone or finding", "known by"), rows


def bases(person: Person) -> str:
    """How the instants of the readings are known."""
    told = ", ".join(f"{row['time_basis']} ({plain(row['reading_count'])})" for row in person.bases)
    return told or UNKNOWN


def definitions(parts: Sequence[Section], meanings: Tables) -> list[tuple[str, str, str]]:
    """Of every number in a tile its label, column and meaning."""
    return [
        (tile.label, f"{tile.view}.{tile.column}", meanings[tile.view][tile.column])
        for part in parts
        for tile in part.tiles
    ]


# the list of participants


def index_headings(unit: Unit) -> list[str]:
    """Of the columns between a participant's name and the picture."""
    return ["nights", "complete", "glucose from", "to", "sensor active, %", f"mean, {unit.name}",
            "CV, %", "in range, %"]  # fmt: skip


def index_cells(entry: Entry, unit: Unit) -> list[str]:
    """The same columns of one participant."""
    counts, summary = entry.counts or {}, entry.summary or {}
    return [
        *(plain(counts.get(name)) for name in ("night_count", "complete_count")),
        *(day(summary.get(name)) for name in ("first_date", "last_date")),
        plain(summary.get("coverage_pct"), 1),
        unit.text(summary.get("mean_mgdl")),
        *(plain(summary.get(name), 1) for name in ("cv_pct", "tir_pct")),
    ]
