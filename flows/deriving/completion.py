"""What a run that was killed had begun is brought to its end; tables without files go."""

from __future__ import annotations

from flows.deriving.align import aligned, is_outdated
from flows.settings import Settings
from warehouse.schema import RESULTS, TABLES
from warehouse.store.exchange import discard_note
from warehouse.store.lake import Lake, flush, remove_folder
from warehouse.store.rows import write_parquet, write_table
from warehouse.views import build


def settled(lake: Lake, settings: Settings, was_left: bool) -> None:
    """A killed run's work is completed, if any was left, and tables of another version of dawnlake,
    which these views may not fit, are derived anew. Only for the writer."""
    if was_left or is_outdated(lake):
        completed(lake, settings)


def completed(lake: Lake, settings: Settings) -> None:
    """The tables of files that came or went, for everyone, and the views. Only for the writer."""
    having = {who for who in lake.participants() if lake.part_folders(who)}
    for participant in sorted(having):
        aligned(lake, participant, settings)
    for participant in sorted(lake.with_tables() - having):
        remove_tables(lake, participant, settings)
    build_views(lake, settings)


def build_views(
    lake: Lake, settings: Settings, anew: bool = False, without: str | None = None
) -> None:
    """Write warehouse.duckdb, if what it is made from has changed, or `anew`.

    `without` is a participant whose tables are about to go.
    """
    rules, priority = settings.rules.model_dump(), settings.priority.model_dump()
    build(lake, rules, priority, anew, without, settings.free_days())


def remove_tables(lake: Lake, participant: str, settings: Settings) -> None:
    """All of a participant. Views first: who asks meanwhile is not sent to files that are gone.

    The warehouse is made from nothing: a copy of the old one would keep the name in unused pages.
    """
    discard_note(lake, participant)
    build_views(lake, settings, anew=True, without=participant)
    group = lake.part_of_all("effect_group")
    if group.exists():
        group.unlink()
        flush(group.parent)
    for table in (*TABLES, *RESULTS):
        place = lake.table_part(table, participant).parent
        if place.exists():
            remove_folder(place)


def discard_results(lake: Lake, participant: str) -> None:
    """No row of what was computed from someone's nights; the files stay, since views name them."""
    if lake.table_part("effect", participant).exists():
        write_table(lake, "effect", participant, RESULTS["effect"].empty_table())
    group = lake.part_of_all("effect_group")
    if group.exists():
        write_parquet([RESULTS["effect_group"].empty_table()], group)
