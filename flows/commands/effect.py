"""effect: nights and the days after them compared, within each person and all of them together."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from flows.deriving import effect
from flows.deriving.completion import settled
from flows.deriving.crew import Crew, WorkerDied
from flows.deriving.pipeline import build_views
from flows.settings import load
from flows.terminal.effect import print_all, print_one
from flows.usage import opened, participants, say
from transforms.effect.nights import NOBODY
from transforms.effect.pairs import FEWEST_FOR_VERDICT, FEWEST_NIGHTS, SLEEP
from transforms.effect.within import effects
from warehouse.store.lake import Lake
from warehouse.store.lock import writing


def run_effect(folder: Path, participant: str | None, workers: int | None = 1) -> int:
    """Compute and keep the effects of everyone, or of one; 1 if someone has too few nights.

    Raises: UsageError if there is no such lake or participant.
    """
    lake, connection = opened(folder)
    connection.close()  # or this process would go on seeing the warehouse as it was
    chosen = participants(lake, participant)
    with writing(lake, "dawnlake effect", say) as was_left, Crew(workers) as crew:
        settings = load(lake.settings)
        settled(lake, settings, was_left, say, crew)
        few = _computed(lake, chosen, crew, is_everyone=participant is None)
        build_views(lake, settings)
    _, connection = opened(folder)
    for who in chosen:
        print_one(connection, who)
    if participant is None:
        print_all(connection)
    for who, nights in few.items():
        say(_missing(who, nights))
    say(
        f"A direction is named from {FEWEST_FOR_VERDICT} nights on. Days of one person are "
        "compared: that does not say that the night caused the day. "
        "All relations and numbers: `dawnlake views sleep_effect`"
    )
    return 1 if few else 0


def _computed(
    lake: Lake, chosen: Sequence[str], crew: Crew, is_everyone: bool
) -> dict[str, int | None]:
    """Who has too few nights for any number, and how many; None for no valid night.

    Raises: WorkerDied, once what was found of those before is kept.
    """
    _, connection = opened(lake.root)
    with connection:
        prints = effect.fingerprints(connection)
        people = effect.people(connection, chosen)
    few: dict[str, int | None] = {}
    everyone = []
    nights_of = [people.get(who, NOBODY) for who in chosen]
    each = crew.each(effects, nights_of)
    for who, nights, found in zip(chosen, nights_of, each, strict=True):
        if isinstance(found, WorkerDied):
            raise found
        effect.keep_effects(lake, who, found, prints.get(who, ""))
        everyone.append((nights, found))
        most = max(each.night_count for each in found if each.asked.family == SLEEP)
        if most < FEWEST_NIGHTS:
            few[who] = most if who in people else None
    if is_everyone:
        effect.keep_together(lake, everyone, effect.of_everyone(prints))
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
