"""Taking out of a lake: one export, or everything of a participant."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from flows.deriving.completion import build_views, discard_results, remove_tables
from flows.deriving.derivation import derivation
from flows.nightly import server
from flows.reading.walk import Found, sha256, walk
from flows.settings import forget_participant, load
from flows.usage import UsageError
from warehouse.disguise import forget_disguise
from warehouse.store.lake import Lake, remove_folder, written

FEWEST_DIGITS = 6
CHUNK_BYTES = 1 << 20


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


def forget(lake: Lake, participant: str) -> None:
    """Remove a participant: files, tables, inbox, settings, queries that name them, and the records
    of nightly runs, which name everyone. Only for the writer.

    Raises: UsageError while a nightly run or `serve` keeps records.
    """
    with server.unused(lake.root / "prefect") as is_unused:
        if not is_unused:
            raise UsageError("`dawnlake serve` or a nightly run uses this lake: stop it first")
        # first what says nothing of who is there: killed in between, it can be asked for again
        _forget_queries(lake.root / ".history", participant)
        forget_disguise(lake, participant)
        for folder in (
            lake.root / "prefect",
            lake.extracted / f"participant_id={participant}",
            lake.inbox / participant,
        ):
            if folder.exists():
                remove_folder(folder)
        settings = forget_participant(lake.settings, participant)
        remove_tables(lake, participant, settings)


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


def _remove_if_empty(*folders: Path) -> None:
    for folder in folders:
        if not any(folder.iterdir()):
            folder.rmdir()


def _forget_queries(history: Path, participant: str) -> None:
    """Of the shell's history the lines that name the participant."""
    if not history.exists():
        return
    lines = history.read_text("utf-8", errors="replace").splitlines(keepends=True)
    with written(history) as partial:
        partial.write_text("".join(line for line in lines if participant not in line), "utf-8")
