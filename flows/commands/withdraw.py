"""withdraw: one export is taken out."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from flows.deriving import remove
from flows.deriving.completion import settled
from flows.reading.extract import read_manifest
from flows.settings import load
from flows.usage import UsageError, opened, participants, say
from warehouse.store.lock import writing


def run_withdraw(folder: Path, file_ids: Iterable[str], participant: str | None) -> int:
    """Remove exports and say what is left of them in the inbox; 1 if anything is.

    Raises: UsageError if there is no such lake, participant or file.
    """
    wanted = list(file_ids)
    if not wanted:
        raise UsageError("name a file by its id; `dawnlake files` lists them")
    lake, _ = opened(folder)
    participants(lake, participant)
    with writing(lake, "dawnlake withdraw", say) as was_left:
        settled(lake, load(lake.settings), was_left)
        parts = [part for each in wanted for part in remove.parts_of(lake, each, participant)]
        parts = list(dict.fromkeys(parts))
        names = {part: read_manifest(part)["name"] for part in parts}
        remove.withdraw(lake, parts)
    for part, name in names.items():
        say(f"withdrawn from {remove.participant_of(part)}: {name}")
    again = [place for part in parts for place in remove.in_inbox(lake, part)]
    for place in again:
        say(f"still in the inbox, and read again by the next nightly run: inbox/{place}; delete it")
    return 1 if again else 0
