"""A pull of one connection into the inbox of its participant; nothing is read into tables here."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

from flows.errors import UsageError
from flows.pull.replaced import inbox_of
from flows.settings import Settings, check_participant
from services import services
from services.contract import Service
from services.errors import ServiceError
from services.kept.connection import Connection, Connections
from services.not_pulled import WHY
from services.pulling.engine import Pulled, pull
from warehouse.store.lake import Lake


def chosen(name: str) -> Service:
    """A service by the name that was typed.

    Raises: UsageError that says why a service is not pulled, or which there are.
    """
    typed = name.strip().lower().replace("-", "_").replace(" ", "_")
    if typed in WHY:
        raise UsageError(f"{name} is not pulled. {WHY[typed]}")
    found = services().get(typed)
    if found is None:
        raise UsageError(f"no service {name}; there are {', '.join(services())}")
    return found


def connected(lake: Lake) -> list[Connection]:
    """Every connection of a lake whose service there still is."""
    return [each for each in Connections(lake.root).every() if each.service in services()]


def evidence(service: Service) -> str:
    """What a service rests on here, in words."""
    day = service.followed
    return f"unverified against the live service; follows its documentation of {day}"


def day_of(since: str) -> dt.date:
    """A date as it was typed.

    Raises: UsageError for what is none.
    """
    try:
        return dt.date.fromisoformat(since)
    except ValueError:
        raise UsageError(f"--since {since} is no date: write YYYY-MM-DD") from None


def ask_from(lake: Lake, participant: str, service: str, since: str) -> None:
    """Have the next pull begin at a day, whatever it had before.

    Raises: UsageError for what is no date, or no connection.
    """
    day = day_of(since)
    connections = Connections(lake.root)
    if connections.get(participant, service) is None:
        raise UsageError(
            f"{service} is not connected for {participant}: "
            f"`dawnlake connect {service} --participant {participant}`"
        )
    with connections.locked(participant, service):
        connection = connections.get(participant, service) or Connection(service, participant)
        connection.since, connection.cursors, connection.filled = day.isoformat(), {}, {}
        connections.put(connection)


def fetched(
    lake: Lake,
    participant: str,
    service: str,
    settings: Settings,
    tell: Callable[[str], None] = lambda _: None,
) -> Pulled:
    """What a connection brought into `inbox/PARTICIPANT/SERVICE/`, and what went wrong.

    Raises: UsageError if it is none; SettingsError for an impossible participant.
    """
    check_participant(participant)
    found = chosen(service)
    try:
        return pull(
            found,
            Connections(lake.root),
            participant,
            inbox_of(lake, participant, found.name),
            settings.pull.overlap_days,
            tell,
        )
    except ServiceError as error:
        raise UsageError(str(error)) from None


def folder_of(lake: Lake, pulled: Pulled) -> Path:
    """Where its documents lie."""
    return inbox_of(lake, pulled.participant, pulled.service)


def sentence(pulled: Pulled) -> str:
    """What a pull came to, in words."""
    counts = {
        "new": pulled.new,
        "newer than before": pulled.replaced,
        "as before": pulled.same,
    }
    told = ", ".join(f"{count} {what}" for what, count in counts.items() if count)
    words = f"{pulled.service} for {pulled.participant}: documents: {told or 'none'}"
    if pulled.emptied:
        words += f"; {pulled.emptied} were answered empty and stay as they were"
    if pulled.not_granted:
        words += f"; not covered by this login: {', '.join(pulled.not_granted)}"
    return words
