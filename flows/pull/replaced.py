"""Documents that a pull has replaced: their rows go once those of the newer ones are there.

So the lake holds what it would hold had only the newer one ever come, and nobody has to tell by
the times in two documents which of them is the older.
"""

from __future__ import annotations

from pathlib import Path

from flows.reading.manifest import Part, files_of, parts_of
from flows.reading.together import take_out
from services.kept.connection import Connection, Connections
from services.kept.secrets import secrets_of
from services.pulling.names import digits
from warehouse.store.lake import Lake, remove_folder


def replaced_parts(lake: Lake, participant: str) -> list[Part]:
    """Extracted files of a participant that newer documents have replaced.

    One whose successor is not in the lake as yet (not read, or set aside) is none of them.
    """
    noted = [each for each in Connections(lake.root).of(participant) if each.replaced]
    parts = parts_of(lake, participant) if noted else []
    there = {part.file for part in parts}
    stale = {file for each in noted for file in _stale(lake, each, there)}
    return [part for part in parts if part.file in stale]


def drop_replaced(lake: Lake, participant: str) -> None:
    """Take what was replaced out of what was extracted. Only for the writer, who aligns after."""
    take_out(replaced_parts(lake, participant))
    connections = Connections(lake.root)
    noted = [each for each in connections.of(participant) if each.replaced]
    there = files_of(lake, participant) if noted else set()
    for each in noted:
        connections.strike_out(participant, each.service, _stale(lake, each, there))


def _stale(lake: Lake, connection: Connection, there: set[str]) -> set[str]:
    """Digits of replaced documents whose successors were read."""
    folder = inbox_of(lake, connection.participant, connection.service)
    now = {
        name: digits((folder / name).read_bytes())
        for name in set(connection.replaced.values())
        if (folder / name).exists()
    }
    return {
        file
        for file, name in connection.replaced.items()
        if name not in now or (now[name] != file and now[name] in there)
    }


def forget_connections(lake: Lake, participant: str) -> None:
    """Keep no login of a participant, nor that there was one. The services are not asked."""
    connections = Connections(lake.root)
    for each in connections.of(participant):
        with connections.locked(participant, each.service):  # no pull is under way any more
            secrets_of(lake.root, participant, each.service, each.secrets).remove()
            connections.remove(participant, each.service)
    for folder in (lake.root / "secrets" / participant, lake.root / "connections" / participant):
        if folder.exists():
            remove_folder(folder)


def inbox_of(lake: Lake, participant: str, service: str) -> Path:
    """Where the documents of a connection lie."""
    return lake.inbox / participant / service
