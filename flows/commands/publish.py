"""publish: tables and marts of a lake into object storage, for others to read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from importlib.metadata import version
from pathlib import Path

from flows.deriving.completion import settled
from flows.settings import Settings, load
from flows.usage import UsageError, say
from warehouse.published.place import Place, PlaceError, claim
from warehouse.published.upload import Made, Told, clashes, publish
from warehouse.store.lake import Lake
from warehouse.store.lock import writing

MB = 1_000_000


def run_publish(folder: Path, url: str, site: str | None, is_other: bool) -> int:
    """Publish what is new, and remove what was followed by another long enough ago.

    Raises: UsageError if there is no lake; SettingsError; LakeError; PlaceError, StorageError.
    """
    lake = Lake(folder)
    if not lake.warehouse.exists():
        raise UsageError(f"no lake at {folder}; `dawnlake ingest` makes one")
    place = Place.of(url, is_made=True)
    with writing(lake, "dawnlake publish", say) as was_left:
        settings = load(lake.settings)
        settled(lake, settings, was_left, say)
        people = sorted(lake.with_tables())
        claim(place, site)
        _check_apart(place, site, people)
        say(
            f"to {url}: health data of {len(people)} participants, their ids, times, values, "
            "devices, what files say of themselves and records that were not understood; no "
            "exports and no names of files. Whoever may read there may read all of it"
        )
        told = _told(settings, people)
        grace = dt.timedelta(hours=settings.publish.grace_h)
        made = publish(lake, place.of_site(site), told, grace, is_other, say)
    say(_sentence(made, url))
    return 0


def _told(settings: Settings, people: Collection[str]) -> Told:
    return Told(
        version("dawnlake"),
        settings.numbers(),
        settings.priority.whole(),
        {who: days for who, days in settings.free_days().items() if who in people},
        settings.is_mmol,
    )


def _check_apart(place: Place, site: str | None, people: list[str]) -> None:
    """Raises: PlaceError if another site has published a participant of the same id."""
    if site is None:
        return
    for who, other in clashes(place, site, people):
        raise PlaceError(
            f"participant {who} is published by site={other} already: nobody could tell whose "
            "nights are whose; ingest one of them under another id"
        )


def _sentence(made: Made, url: str) -> str:
    said = made.publication
    removed = f"; {made.removed_count} old objects removed" if made.removed_count else ""
    if not made.is_new:
        return f"nothing is new: publication {said.number} of {said.made_at} stays{removed}"
    return (
        f"publication {said.number}: {said.participant_count} participants, {said.file_count} "
        f"files, {said.byte_count / MB:.1f} MB; uploaded {made.uploaded_count} files, "
        f"{made.uploaded_bytes / MB:.1f} MB{removed}\n"
        f"read it with `dawnlake sql --lake {url}`"
    )
