"""A participant's tables take their places together."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from warehouse.schema import TABLES
from warehouse.store.lake import PARTIAL, Lake, flush, private_folder


@contextmanager
def staged_tables(lake: Lake, participant: str) -> Iterator[Lake]:
    """A lake to write a participant's tables to; whole, they take their places one after the other.

    A reader sees the old tables for as long as the new ones are made. The note of what the old ones
    were made from goes first, so that half of an exchange is done again.
    """
    folder = Path(tempfile.mkdtemp(prefix=PARTIAL, dir=lake.root))
    stage = Lake(folder)
    try:
        yield stage
        made = {stage.table_part(t, participant): lake.table_part(t, participant) for t in TABLES}
        for place in made.values():
            private_folder(place.parent)
        discard_note(lake, participant)
        for part, place in made.items():
            part.replace(place)
        for place in made.values():
            flush(place.parent)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def discard_note(lake: Lake, participant: str) -> None:
    """From now on the tables have to be made again, also if the machine stops at once."""
    note = lake.note(participant)
    if note.exists():
        note.unlink()
        flush(note.parent)
