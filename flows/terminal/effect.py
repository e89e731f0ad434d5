"""What was found about nights and the days after them, for a screen of 80 columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from textwrap import fill
from typing import Any

from duckdb import DuckDBPyConnection

from flows.usage import data, fetched, listing
from transforms.effect.pairs import (
    EXPOSURES,
    HABIT,
    HABITS,
    NO_DIRECTION,
    OUTCOMES,
    SLEEP,
    TOO_EARLY,
    TOO_FEW,
    UNCLEAR,
    UNMOVED,
)

WIDTH = 80
MOST = 6  # directions that a summary tells

OF_ONE = """
    select exposure, outcome, night_count, slope, slope_low, slope_high, verdict, reverse_verdict,
        contrast, detectable_slope, slope_unit, relation, family
    from sleep_effect where participant_id = ?
"""
OF_ALL = """
    select exposure, outcome, person_count, slope, slope_low, slope_high, i2_pct, correlation
    from sleep_effect_group where slope is not null or correlation is not null
"""
MEASURES = {measure.name: measure for measure in (*EXPOSURES, *HABITS, *OUTCOMES)}
PLACE = {name: place for place, name in enumerate(MEASURES)}
SHORT = {TOO_FEW: "few", TOO_EARLY: "early", UNMOVED: "flat", UNCLEAR: "unclear"}
FIRST = (EXPOSURES[0].name, OUTCOMES[0].name)


def print_one(connection: DuckDBPyConnection, who: str) -> None:
    """In a few lines what there is to say of one person, then the numbers."""
    rows = _ordered(fetched(connection, OF_ONE, who))
    data.print(who, style="bold")
    for line in _summary(rows):
        data.print(fill(line, WIDTH, initial_indent="  ", subsequent_indent="    "))
    nights = [row for row in rows if row[12] == SLEEP and row[11] == "same_night"]
    known = {row[0] for row in rows if row[3] is not None}
    habits = [row for row in rows if row[12] == HABIT and row[0] in known]
    headings = ("nights", "slope (95 %)", "verdict")
    _print("night", (*headings, "reverse"), [(*_cells(row), _reverse(row)) for row in nights])
    if habits:
        data.print()
        _print("habit", headings, [_cells(row) for row in habits])


def _summary(rows: Sequence[Any]) -> Iterator[str]:
    """The pair asked about first, whatever has a direction, and what could not have been seen."""
    first = next(row for row in rows if row[:2] == FIRST and row[11] == "same_night")
    if first[8]:
        yield first[8]
    told = [line for row in rows for line in _directions(row)]
    yield from told[:MOST]
    judged = sum(row[6] not in (TOO_FEW, TOO_EARLY) for row in rows)
    if judged:
        yield f"{len(told)} directions in {judged} comparisons, reverse ones beside them"
    if first[9] is not None and first[6] in NO_DIRECTION:
        size = _short(first[9])[0]
        yield f"sleep and mean: found in 4 of 5 such series from {size} {first[10]} on"


def _directions(row: Sequence[Any]) -> Iterator[str]:
    """What a pair's verdicts say, forward and the other way round, where they name a direction."""
    exposure, outcome, verdict, reverse = MEASURES[row[0]], MEASURES[row[1]], row[6], row[7]
    if verdict not in NO_DIRECTION:
        also = "" if row[11] in ("same_night", "same_day") else f" ({row[11].replace('_', ' ')})"
        yield f"{outcome.label}: {verdict}{also}"
    if row[11] == "same_night" and reverse and reverse not in NO_DIRECTION:
        yield f"{exposure.label}: {reverse} (the other way round)"


def print_all(connection: DuckDBPyConnection) -> None:
    """Everyone together, if there are two."""
    rows = _ordered(fetched(connection, OF_ALL))
    if not rows:
        return
    data.print("everyone together, within people", style="bold")
    headings = ("people", "slope (95 %)", "I2 %", "r")
    told = []
    for exposure, outcome, people, slope, low, high, i2, r in rows:
        alike = "" if i2 is None else f"{i2:.0f}"
        correlation = "" if r is None else f"{r:.2f}"
        slopes = _slope(slope, low, high)
        told.append((exposure, outcome, str(people), slopes, alike, correlation))
    _print("night or habit", headings, told)
    if max(row[2] for row in rows) < 5:
        data.print("  no interval below 5 people")


def _ordered(rows: Sequence[Any]) -> list[Any]:
    """Pairs in the order in which they were fixed, those of one exposure together."""
    return sorted(rows, key=lambda row: (PLACE[row[0]], PLACE[row[1]]))


def _cells(row: Sequence[Any]) -> tuple[str, ...]:
    exposure, outcome, nights, slope, low, high, verdict = row[:7]
    word = SHORT.get(verdict) or (MEASURES[outcome].more if slope > 0 else MEASURES[outcome].less)
    return exposure, outcome, str(nights), _slope(slope, low, high), word


def _reverse(row: Sequence[Any]) -> str:
    return SHORT.get(row[7], "yes")


def _print(first: str, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table; below an exposure's name stands what its slopes are told for."""
    numbers = [each for each in headings if each not in ("verdict", "reverse")]
    table = listing(first, "day after", numbers=numbers)
    for heading in headings[len(numbers) :]:
        table.add_column(heading)
    line = 0
    for at, (exposure, outcome, *cells) in enumerate(rows):
        is_new = at == 0 or rows[at - 1][0] != exposure
        line = 0 if is_new else line + 1
        if is_new and at:
            table.add_section()
        measure = MEASURES[exposure]
        told = (measure.label, f"per {measure.step_words}")[line] if line < 2 else ""
        table.add_row(told, MEASURES[outcome].label, *cells)
    data.print(table)


def _slope(slope: float | None, low: float | None, high: float | None) -> str:
    if slope is None:
        return ""
    if low is None or high is None:
        return _short(slope)[0]
    told = _short(slope, low, high)
    return f"{told[0]} ({told[1]} to {told[2]})"


def _short(*numbers: float) -> list[str]:
    """With two decimals if all of them are below ten, else with one or none."""
    size = max(abs(number) for number in numbers)
    places = 2 if size < 10 else 1 if size < 100 else 0
    return [f"{number:.{places}f}" for number in numbers]
