"""Taking an export out of a lake, and who there is to take out."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from flows.deriving.completion import build_views, discard_results, remove_tables
from flows.deriving.derivation import derivation
from flows.errors import UsageError
from flows.reading.walk import Found, sha256, walk
from flows.settings import load
from warehouse.store.lake import Lake, remove_folder

FEWEST_DIGITS = 6


def everyone(lake: Lake) -> set[str]:
    """Who has files, an inbox, tables or settings."""
    inboxes = {folder.name for folder in lake.inbox.glob("*")}
    known = load(lake.settings).participants
    return {*lake.participants(), *lake.with_tables(), *inboxes, *known}


def parts_of(lake: Lake, file_id: str, participant: str | None) -> list[Path]:
    """The extracted folders of a file by the first digits of its id.

    Raises: UsageError if there is none, or more than one file is meant.
    """
    if not re.fullmatch(f"[0-9a-f]{{{FEWEST_DIGITS},64}}", file_id):
        raise UsageError(
            f"a file's id is {FEWEST_DIGITS} or more hex digits; `dawnlake files` lists them"
        )
    whose = [participant] if participant else lake.participants()
    every = [part for who in whose for part in lake.part_folders(who)]
    found = [part for part in every if part.name.removeprefix("file=").startswith(file_id[:16])]
    if not found:
        raise UsageError(f"no file {file_id} in this lake; `dawnlake files` lists them")
    if len({part.name for part in found}) > 1:
        raise UsageError(f"{file_id} begins more than one file's id: give more digits")
    return found


def participant_of(part: Path) -> str:
    """Whose an extracted folder is."""
    return part.parents[1].name.partition("=")[2]


def withdraw(lake: Lake, parts: Iterable[Path]) -> None:
    """Remove extracted files; tables and views as if they had never been. Only for the writer."""
    settings = load(lake.settings)
    gone = list(parts)
    whose = {participant_of(part) for part in gone}
    for who in sorted(whose):
        discard_results(lake, who)
    for part in gone:
        remove_folder(part)
        _remove_if_empty(part.parent, part.parents[1])
    left = {who for who in whose if lake.part_folders(who)}
    with derivation(lake, settings) as derive:
        for who in sorted(left):
            derive.align(who)
        derive.finish()
    for who in sorted(whose - left):
        remove_tables(lake, who, settings)
    build_views(lake, settings)


def in_inbox(lake: Lake, part: Path) -> list[str]:
    """Files of a participant's inbox that hold the same bytes, by name."""
    digits = part.name.removeprefix("file=")
    inbox = lake.inbox / participant_of(part)
    items = walk([inbox]) if inbox.exists() else iter(())
    return [i.name for i in items if isinstance(i, Found) and sha256(i).startswith(digits)]


def _remove_if_empty(*folders: Path) -> None:
    for folder in folders:
        if not any(folder.iterdir()):
            folder.rmdir()
