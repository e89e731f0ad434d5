"""effect: nights and the days after them compared, within each person and all of them together."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.table import Table

from flows.deriving import effect
from flows.deriving.completion import settled
from flows.deriving.pipeline import build_views
from flows.settings import load
from flows.usage import data, fetched, listing, opened, participants, say
from transforms.effect.nights import NOBODY
from transforms.effect.pairs import EXPOSURES, FEWEST_FOR_VERDICT, FEWEST_NIGHTS, OUTCOMES
from warehouse.store.lake import Lake
from warehouse.store.lock import writing

SHOWN = """
    select exposure, outcome, night_count, slope, slope_low, slope_high, slope_unit, verdict,
        reverse_verdict
    from sleep_effect where participant_id = ? and relation = 'same_night'
"""
TOGETHER = """
    select exposure, outcome, night_count, slope, slope_low, slope_high, slope_unit,
        person_count, correlation
    from sleep_effect_group where slope is not null or correlation is not null
"""
NUMBERS = ("nights", "slope", "95 %")
ORDER = [measure.name for measure in (*EXPOSURES, *OUTCOMES)]


def run_effect(folder: Path, participant: str | None) -> int:
    """Compute and keep the effects of everyone, or of one; 1 if someone has too few nights.

    Raises: UsageError if there is no such lake or participant.
    """
    lake, connection = opened(folder)
    connection.close()  # or this process would go on seeing the warehouse as it was
    chosen = participants(lake, participant)
    with writing(lake, "dawnlake effect", say) as was_left:
        settings = load(lake.settings)
        settled(lake, settings, was_left, say)
        few = _computed(lake, chosen, is_everyone=participant is None)
        build_views(lake, settings)
    _print(folder, chosen, is_everyone=participant is None)
    for who, nights in few.items():
        say(_missing(who, nights))
    say(
        f"A direction is named from {FEWEST_FOR_VERDICT} nights on. Days of one person are "
        "compared: that does not say that the night caused the day. "
        "All relations and numbers: `dawnlake views sleep_effect`"
    )
    return 1 if few else 0


def _computed(lake: Lake, chosen: Sequence[str], is_everyone: bool) -> dict[str, int | None]:
    """Who has too few nights for any number, and how many; None for no valid night."""
    _, connection = opened(lake.root)
    with connection:
        prints = effect.fingerprints(connection)
        people = effect.people(connection, chosen)
    few: dict[str, int | None] = {}
    for who in chosen:
        found = effect.keep_effects(lake, who, people.get(who, NOBODY), prints.get(who, ""))
        most = max(each.night_count for each in found)
        if most < FEWEST_NIGHTS:
            few[who] = most if who in people else None
    if is_everyone:
        effect.keep_together(lake, list(people.values()), effect.of_everyone(prints))
    return few


def _missing(who: str, nights: int | None) -> str:
    """What to do about too few nights, or, where it is None, about no night of sleep at all."""
    if nights is None:
        return (
            f"{who}: no night of sleep; ingest an export of a sleep tracker. "
            "`dawnlake status` shows what there is"
        )
    return (
        f"{who}: {nights} complete nights, and nothing is told below {FEWEST_NIGHTS}. "
        '`dawnlake sql "select sleep_date, quality_notes from night_to_day where '
        f"participant_id = '{who}' and not is_complete\"` says what the others lack"
    )


def _print(folder: Path, chosen: Sequence[str], is_everyone: bool) -> None:
    _, connection = opened(folder)
    for who in chosen:
        data.print(who)
        table = listing("night", "day after", numbers=NUMBERS)
        for heading in ("unit", "verdict", "the other way round"):
            table.add_column(heading)
        _fill(table, fetched(connection, SHOWN, who))
    rows = fetched(connection, TOGETHER) if is_everyone else []
    if rows:
        data.print("everyone together, within people")
        table = listing("night", "day after", numbers=NUMBERS)
        table.add_column("unit")
        for heading in ("people", "correlation"):
            table.add_column(heading, justify="right")
        _fill(table, rows)


def _fill(table: Table, rows: Sequence[Sequence[Any]]) -> None:
    """Pairs in the order in which they were fixed, those of one exposure together; and printed."""
    ordered = sorted(rows, key=lambda row: (ORDER.index(row[0]), ORDER.index(row[1])))
    for number, (exposure, outcome, nights, slope, low, high, *cells) in enumerate(ordered):
        is_new = number == 0 or ordered[number - 1][0] != exposure
        if is_new and number:
            table.add_section()
        interval = "" if low is None else " to ".join(_short(low, high))
        words = (_short(c)[0] if isinstance(c, float) else str(c or "") for c in cells)
        told = "" if slope is None else _short(slope)[0]
        table.add_row(exposure if is_new else "", outcome, str(nights), told, interval, *words)
    data.print(table)


def _short(*numbers: float) -> list[str]:
    """With two decimals if all of them are below ten, else with one or none."""
    size = max(abs(number) for number in numbers)
    places = 2 if size < 10 else 1 if size < 100 else 0
    return [f"{number:.{places}f}" for number in numbers]
