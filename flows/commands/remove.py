"""withdraw, forget: what was put in is taken out."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from flows.deriving import remove
from flows.deriving.completion import settled
from flows.reading.extract import read_manifest
from flows.settings import load
from flows.usage import UsageError, is_terminal, opened, participants, say
from warehouse.store.lake import Lake
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


def run_forget(folder: Path, participant: str, is_sure: bool) -> int:
    """Remove a participant and look for what still names them; 1 if anything does.

    Raises: UsageError if there is no such lake or participant, or nobody said yes.
    """
    lake = Lake(folder)
    if not lake.exists():
        raise UsageError(f"no lake at {folder}")
    if participant not in remove.everyone(lake):
        raise UsageError(f"no participant {participant} in this lake")
    if not (is_sure or _says_so(participant)):
        raise UsageError(f"nothing was removed: --yes removes everything of {participant}")
    with writing(lake, "dawnlake forget", say) as was_left:
        remove.forget(lake, participant)
        settled(lake, load(lake.settings), was_left)
    left = remove.mentions(lake, participant)
    for place in left:
        say(f"{participant} still stands in {place}: look whether it means this participant")
    say(f"forgotten: {participant}. The records of nightly runs went with it; exports elsewhere,")
    say("backups, and a Prefect server of your own are for you to look after")
    return 1 if left else 0


def _says_so(participant: str) -> bool:
    if not (sys.stdin.isatty() and is_terminal()):
        return False
    say(f"removes all exports, tables, inbox and settings of {participant}, for good.")
    return input("type the id to go on: ").strip() == participant
