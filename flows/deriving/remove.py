"""Taking an export out of a lake, and who there is to take out."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from flows.deriving.completion import build_views, discard_results, remove_tables
from flows.deriving.derivation import derivation
from flows.errors import UsageError
from flows.reading.manifest import Part, parts_of
from flows.reading.together import take_out
from flows.reading.walk import Found, sha256, walk
from flows.settings import load
from services.kept.connection import Connections
from warehouse.store.lake import Lake

FEWEST_DIGITS = 6


def everyone(lake: Lake) -> set[str]:
    """Who has files, an inbox, tables, settings or a login at a service."""
    inboxes = {folder.name for folder in lake.inbox.glob("*")}
    known = load(lake.settings).participants
    pulled = {each.participant for each in Connections(lake.root).every()}
    return {*lake.participants(), *lake.with_tables(), *inboxes, *known, *pulled}


def parts_named(lake: Lake, file_id: str, participant: str | None) -> list[Part]:
    """An extracted file by the first digits of its id, of everyone who gave it.

    Raises: UsageError if there is none, or more than one file is meant.
    """
    if not re.fullmatch(f"[0-9a-f]{{{FEWEST_DIGITS},64}}", file_id):
        raise UsageError(
            f"a file's id is {FEWEST_DIGITS} or more hex digits; `dawnlake files` lists them"
        )
    whose = [participant] if participant else lake.participants()
    every = [part for who in whose for part in parts_of(lake, who)]
    found = [part for part in every if part.file.startswith(file_id[:16])]
    if not found:
        raise UsageError(f"no file {file_id} in this lake; `dawnlake files` lists them")
    if len({part.file for part in found}) > 1:
        raise UsageError(f"{file_id} begins more than one file's id: give more digits")
    return found


def withdraw(lake: Lake, parts: Iterable[Part]) -> None:
    """Remove extracted files; tables and views as if they had never been. Only for the writer."""
    settings = load(lake.settings)
    gone = list(parts)
    whose = {part.participant for part in gone}
    for who in sorted(whose):
        discard_results(lake, who)
    take_out(gone)
    for beside in {part.folder.parent for part in gone}:
        _remove_if_empty(beside, beside.parent)
    left = {who for who in whose if lake.part_folders(who)}
    with derivation(lake, settings) as derive:
        for who in sorted(left):
            derive.align(who)
        derive.finish()
    for who in sorted(whose - left):
        remove_tables(lake, who, settings)
    build_views(lake, settings)


def in_inbox(lake: Lake, part: Part) -> list[str]:
    """Files of a participant's inbox that hold the same bytes, by name."""
    inbox = lake.inbox / part.participant
    items = walk([inbox]) if inbox.exists() else iter(())
    return [i.name for i in items if isinstance(i, Found) and sha256(i).startswith(part.file)]


def _remove_if_empty(*folders: Path) -> None:
    for folder in folders:
        if not any(folder.iterdir()):
            folder.rmdir()
