"""forget: everything of a participant is taken out."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from flows.deriving.completion import remove_tables, settled
from flows.deriving.remove import everyone
from flows.nightly import server
from flows.pull.replaced import forget_connections
from flows.settings import load
from flows.settings_kept import forget_participant
from flows.usage import UsageError, is_terminal, say
from warehouse.disguise import forget_disguise
from warehouse.store.lake import Lake, remove_folder, written
from warehouse.store.lock import writing

CHUNK_BYTES = 1 << 20


def run_forget(folder: Path, participant: str, is_sure: bool) -> int:
    """Remove a participant and look for what still names them; 1 if anything does.

    Raises: UsageError if there is no such lake or participant, or nobody said yes.
    """
    lake = Lake(folder)
    if not lake.exists():
        raise UsageError(f"no lake at {folder}")
    if participant not in everyone(lake):
        raise UsageError(f"no participant {participant} in this lake")
    if not (is_sure or _says_so(participant)):
        raise UsageError(f"nothing was removed: --yes removes everything of {participant}")
    with writing(lake, "dawnlake forget", say) as was_left:
        outside = forget(lake, participant)
        settled(lake, load(lake.settings), was_left, say)
    for place in outside:
        say(
            f"inbox/{participant} led to {place}: the link is gone, the files there are left to you"
        )
    left = mentions(lake, participant)
    for named in left:
        say(f"{participant} still stands in {named}: look whether it means this participant")
    say(f"forgotten: {participant}. The records of nightly runs went with it; exports elsewhere,")
    say("backups, and a Prefect server of your own are for you to look after")
    return 1 if left or outside else 0


def _says_so(participant: str) -> bool:
    if not (sys.stdin.isatty() and is_terminal()):
        return False
    say(f"removes all exports, tables, inbox and settings of {participant}, for good.")
    return input("type the id to go on: ").strip() == participant


def forget(lake: Lake, participant: str) -> list[Path]:
    """Remove a participant: files, tables, inbox, settings, queries that name them, and the records
    of nightly runs, which name everyone. Only for the writer. Folders outside of the lake that a
    link of the inbox led to: what lies there may be of others, and stays.

    Raises: UsageError while a nightly run or `serve` keeps records.
    """
    outside = []
    with server.unused(lake.root / "prefect") as is_unused:
        if not is_unused:
            raise UsageError("`dawnlake serve` or a nightly run uses this lake: stop it first")
        forget_connections(lake, participant)
        # first what says nothing of who is there: killed in between, it can be asked for again
        _forget_queries(lake.root / ".history", participant)
        forget_disguise(lake, participant)
        for folder in (
            lake.root / "prefect",
            lake.extracted / f"participant_id={participant}",
            lake.inbox / participant,
        ):
            if folder.is_symlink():
                outside.append(folder.resolve())
                folder.unlink()
            elif folder.exists():
                remove_folder(folder)
        settings = forget_participant(lake.settings, participant)
        remove_tables(lake, participant, settings)
    return outside


def mentions(lake: Lake, participant: str) -> list[str]:
    """Files of the lake in whose name or bytes an id still stands as a word, by place."""
    word = re.compile(rb"(?<![\w-])" + re.escape(participant.encode()) + rb"(?![\w-])")
    return [
        str(path.relative_to(lake.root))
        for path in sorted(lake.root.rglob("*"))
        if word.search(os.fsencode(path.relative_to(lake.root)))
        or (path.is_file() and any(word.search(piece) for piece in _pieces(path)))
    ]


def _pieces(path: Path) -> Iterator[bytes]:
    """The bytes of a file in pieces that overlap by more than an id is long."""
    end = b""
    with path.open("rb") as file:
        while piece := file.read(CHUNK_BYTES):
            yield end + piece
            end = piece[-200:]


def _forget_queries(history: Path, participant: str) -> None:
    """Of the shell's history the lines that name the participant."""
    if not history.exists():
        return
    lines = history.read_text("utf-8", errors="replace").splitlines(keepends=True)
    with written(history) as partial:
        partial.write_text("".join(line for line in lines if participant not in line), "utf-8")
