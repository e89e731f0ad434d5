"""What was derived of some participants takes its place together: tables and marts."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from warehouse.schema import TABLES
from warehouse.store.buckets import place_all
from warehouse.store.lake import PARTIAL, Lake, flush


@contextmanager
def staged(lake: Lake) -> Iterator[Lake]:
    """A lake that nobody reads, to derive to; gone at the end."""
    folder = Path(tempfile.mkdtemp(prefix=PARTIAL, dir=lake.root))
    try:
        yield Lake(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def exchange(
    lake: Lake, stage: Lake, participants: Collection[str], marts: Mapping[Path, Path]
) -> None:
    """Let the tables of some participants and the files of marts take their places, one by one.

    A reader sees the old ones for as long as the new ones are made. The notes of what the old ones
    were made from go first, so that half of an exchange is done again.
    """
    tables = {
        stage.table_part(table, who): lake.table_part(table, who)
        for who in participants
        for table in TABLES
        if stage.table_part(table, who).exists()
    }
    discard_notes(lake, participants)
    place_all({**tables, **marts})


def discard_notes(lake: Lake, participants: Collection[str]) -> None:
    """From now on these have to be made again, also if the machine stops at once."""
    notes = [note for who in participants if (note := lake.note(who)).exists()]
    for note in notes:
        note.unlink()
    if notes:
        flush(notes[0].parent)
