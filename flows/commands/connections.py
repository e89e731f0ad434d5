"""connections: accounts of services, what they may see, and whether all is well."""

from __future__ import annotations

from pathlib import Path

from flows.pull.fetching import connected, evidence
from flows.usage import UsageError, data, listing, say
from services import services
from services.kept.connection import Connection
from warehouse.store.lake import Lake


def show_connections(folder: Path) -> int:
    """Every connection with what it may see and how it is; 1 if one needs a login.

    Raises: UsageError if there is no lake.
    """
    lake = Lake(folder)
    if not lake.root.is_dir():
        raise UsageError(f"no lake at {folder}")
    every = connected(lake)
    table = listing("service", "participant", "may see", "last pull", "login until", "state")
    for each in every:
        table.add_row(
            each.service,
            each.participant,
            " ".join(each.scopes),
            _minute(each.succeeded_at) or "never",
            _minute(each.expires_at),
            _state(each),
        )
    if every:
        data.print(table)
    else:
        say(f"no connections; there are {', '.join(services())}: dawnlake connect SERVICE")
    for name in sorted({each.service for each in every}):
        data.print(f"{name}: {evidence(services()[name])}")
    return 1 if any(each.login_needed for each in every) else 0


def _state(connection: Connection) -> str:
    if connection.login_needed:
        return f"login needed: dawnlake connect {connection.service}"
    missing = ", ".join(connection.not_granted)
    return connection.trouble or (f"well; not covered: {missing}" if missing else "well")


def _minute(moment: str) -> str:
    return moment[:16].replace("T", " ")
