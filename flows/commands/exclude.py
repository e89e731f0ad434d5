"""exclude: a single record is set aside by hand, or taken back."""

from __future__ import annotations

from pathlib import Path

from flows.deriving import exclude, remove
from flows.deriving.completion import settled
from flows.settings import load
from flows.usage import UsageError, opened, participants, say
from warehouse.store.lock import writing


def run_exclude(
    folder: Path, file_id: str, record: int, why: str | None, undo: bool, participant: str | None
) -> int:
    """Set a record aside, or take it back.

    Raises: UsageError if there is no such lake, participant, file or record, or no reason is given.
    """
    if not undo and not (why and why.strip()):
        raise UsageError("say why with --why TEXT: it is kept beside the record")
    lake, connection = opened(folder)
    connection.close()
    participants(lake, participant)
    with writing(lake, "dawnlake exclude", say) as was_left:
        settled(lake, load(lake.settings), was_left, say)
        parts = remove.parts_named(lake, file_id, participant)
        if undo:
            exclude.take_back(lake, parts, record)
        else:
            exclude.exclude(lake, parts, record, str(why).strip())
    for part in parts:
        name = part.manifest["name"]
        if undo:
            say(f"taken back for {part.participant}: record {record} of {name}")
        else:
            say(f"set aside for {part.participant}: record {record} of {name}")
            say("`--undo` takes it back")
    return 0
