"""What a run that was killed had begun is brought to its end; what was made from other settings, or
by another version of dawnlake, is made again; tables without files go."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow.parquet as pq

from connectors.contract import IngestError
from flows.deriving.derivation import Workers, derivation, made_from, remember
from flows.settings import Settings
from warehouse.marts import mart_names, unstage
from warehouse.schema import RESULTS, TABLES
from warehouse.store.buckets import MadeFrom, bucket_count, divide, place_all, remove_others
from warehouse.store.exchange import discard_notes, staged
from warehouse.store.lake import PARTITION, Lake, flush, remove_folder
from warehouse.store.rows import write_parquet, write_table
from warehouse.views import build

Tell = Callable[[str], None]


def settled(
    lake: Lake,
    settings: Settings,
    was_left: bool,
    tell: Tell = lambda _: None,
    workers: Workers | None = None,
) -> None:
    """A killed run's work is completed, if any was left; tables of another version of dawnlake, and
    marts of other rules or priorities, are derived anew, and `tell` hears of it. Only for the
    writer."""
    before = MadeFrom.of(lake)
    now = made_from(settings, before.count)
    changed = [name for name in mart_names() if before.marts.get(name) != now.marts[name]]
    is_other = before.tables != now.tables
    if is_other and _without_old_results(lake):
        tell("what `dawnlake effect` found was of another version: ask again")
    if was_left or (is_other and lake.participants()):
        completed(lake, settings, workers)
    people = _with_notes(lake)
    if changed and people:
        tell(f"made again for {len(people)} participants, by other rules: {', '.join(changed)}")
        remember(lake, settings, people, changed, workers)
    if changed or is_other:
        made_from(settings, MadeFrom.of(lake).count).write(lake)


def completed(lake: Lake, settings: Settings, workers: Workers | None = None) -> None:
    """The tables of files that came or went, for everyone, and the views. Only for the writer.

    Raises: IngestError if a worker died: whoever it worked for is as before, the next run goes on.
    """
    having = {who for who in lake.participants() if lake.part_folders(who)}
    with derivation(lake, settings, workers) as derive:
        for died in derive.each(map(derive.person, sorted(having))):
            if isinstance(died, IngestError):
                raise died
        derive.finish()
        for died in derive.lost.values():
            raise died
    for participant in sorted(lake.with_tables() - having):
        remove_tables(lake, participant, settings)
    build_views(lake, settings)


def _with_notes(lake: Lake) -> list[str]:
    return sorted(note.stem for note in lake.notes())


def build_views(
    lake: Lake, settings: Settings, anew: bool = False, without: str | None = None
) -> None:
    """Write warehouse.duckdb, if what it is made from has changed, or `anew`. Before that, marts
    are divided into as many buckets as they need by now.

    `without` is a participant whose tables are about to go.
    """
    before = MadeFrom.of(lake)
    count = bucket_count(len(_with_notes(lake)))
    if count != before.count:
        divide(lake, mart_names(), before.count, count)
        MadeFrom(count, before.tables, before.marts).write(lake)
    rules, priority = settings.numbers(), settings.priority.whole()
    build(lake, rules, priority, anew, without, settings.free_days())
    remove_others(lake, count)


def remove_tables(lake: Lake, participant: str, settings: Settings) -> None:
    """All of a participant. Views first: who asks meanwhile is not sent to files that are gone.

    The warehouse is made from nothing: a copy of the old one would keep the name in unused pages.
    """
    discard_notes(lake, [participant])
    with staged(lake) as stage:
        place_all(unstage(lake, stage, participant, MadeFrom.of(lake).count))
    build_views(lake, settings, anew=True, without=participant)
    group = lake.part_of_all("effect_group")
    if group.exists():
        group.unlink()
        flush(group.parent)
    for place in _places_of(lake, participant):
        if place.exists():
            remove_folder(place)


def _places_of(lake: Lake, participant: str) -> Iterator[Path]:
    for table in (*TABLES, *RESULTS):
        yield lake.table_part(table, participant).parent
    yield from lake.marts.glob(f"*/{PARTITION}={participant}")


def _without_old_results(lake: Lake) -> bool:
    """Whether results of other columns were there; their rows are gone, since no view fits them."""
    names = RESULTS["effect"].names
    parts = sorted((lake.tables / "effect").glob(f"{PARTITION}=*/part.parquet"))
    old = [part for part in parts if {*pq.read_schema(part).names, PARTITION} != set(names)]
    for part in old:
        discard_results(lake, part.parent.name.partition("=")[2])
    return bool(old)


def discard_results(lake: Lake, participant: str) -> None:
    """No row of what was computed from someone's nights; the files stay, since views name them."""
    if lake.table_part("effect", participant).exists():
        write_table(lake, "effect", participant, RESULTS["effect"].empty_table())
    group = lake.part_of_all("effect_group")
    if group.exists():
        write_parquet([RESULTS["effect_group"].empty_table()], group)
