"""withdraw: one export is taken out."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from flows.deriving import remove
from flows.deriving.completion import settled
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
        settled(lake, load(lake.settings), was_left, say)
        named = [part for each in wanted for part in remove.parts_named(lake, each, participant)]
        parts = list({(part.participant, *part.key): part for part in named}.values())
        remove.withdraw(lake, parts)
    for part in parts:
        say(f"withdrawn from {part.participant}: {part.manifest['name']}")
    again = [place for part in parts for place in remove.in_inbox(lake, part)]
    for place in again:
        say(f"still in the inbox, and read again by the next nightly run: inbox/{place}; delete it")
    return 1 if again else 0
