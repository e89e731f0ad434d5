"""Documents that a pull has replaced: their rows go once those of the newer ones are there.

So the lake holds what it would hold had only the newer one ever come, and nobody has to tell by
the times in two documents which of them is the older.
"""

from __future__ import annotations

from pathlib import Path

from flows.reading.manifest import parts_of
from flows.reading.together import take_out
from services.kept.connection import Connection, Connections
from services.pulling.names import digits
from warehouse.store.lake import Lake


def drop_replaced(lake: Lake, participant: str) -> int:
    """How many replaced documents of a participant were taken out of what was extracted.

    One whose successor is not in the lake as yet (not read, or set aside) stays. Only for the
    writer, who aligns afterwards.
    """
    connections = Connections(lake.root)
    gone = 0
    for connection in connections.of(participant):
        if not connection.replaced:
            continue
        parts = parts_of(lake, participant)
        stale = _stale(lake, connection, {part.file for part in parts})
        old = [part for part in parts if part.file in stale]
        take_out(old)
        gone += len(old)
        connections.strike_out(participant, connection.service, stale)
    return gone


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


def inbox_of(lake: Lake, participant: str, service: str) -> Path:
    """Where the documents of a connection lie."""
    return lake.inbox / participant / service
