"""connect: the first login at a service, kept for `pull`."""

from __future__ import annotations

from pathlib import Path

from flows.pull.entering import Answers, entered
from flows.pull.fetching import ask_from, chosen, day_of, evidence
from flows.settings import check_participant, load
from flows.usage import UsageError, say
from services.errors import ServiceError
from services.kept.connection import Connection, Connections
from services.kept.secrets import secrets_of
from warehouse.store.lake import Lake


def run_connect(
    folder: Path,
    service: str,
    participant: str,
    answers: Answers,
    since: str | None = None,
    in_keyring: bool = False,
) -> int:
    """Log in at a service and keep the login.

    Raises: UsageError for what is missing or was refused; SettingsError.
    """
    check_participant(participant)
    found, lake = chosen(service), Lake(folder)
    load(lake.settings)
    if since is not None:
        day_of(since)  # before the login
    lake.create()
    connections = Connections(lake.root)
    before = connections.get(participant, found.name)
    connection = before or Connection(found.name, participant)
    connection.secrets = "keyring" if in_keyring else "file"
    secrets = secrets_of(lake.root, participant, found.name, connection.secrets)
    say(f"{found.title}: {evidence(found)}")
    try:
        connection = entered(found, connection, secrets, answers, say)
    except ServiceError as error:
        raise UsageError(f"not connected: {error}") from None
    connection.trouble, connection.login_needed = "", False
    with connections.locked(participant, found.name):
        connections.put(connection)
    if since is not None:
        ask_from(lake, participant, found.name, since)
    say(f"connected. Next: dawnlake pull {found.name} --participant {participant}")
    return 0
