"""disconnect: a login is taken back at its service, and deleted here."""

from __future__ import annotations

from pathlib import Path

from flows.deriving import pipeline
from flows.pull.fetching import chosen
from flows.pull.replaced import inbox_of
from flows.usage import UsageError, say
from services.errors import ServiceError
from services.kept.connection import Connections
from services.kept.secrets import secrets_of
from services.web.api import Client
from warehouse.store.lake import Lake


def run_disconnect(folder: Path, service: str, participant: str) -> int:
    """Take a login back at the service, where it lets one, and keep nothing of it; 1 if it could
    not be taken back there.

    Raises: UsageError if there is no such connection.
    """
    found, lake = chosen(service), Lake(folder)
    connections = Connections(lake.root)
    connection = connections.get(participant, found.name)
    if connection is None:
        raise UsageError(f"{found.title} is not connected for {participant}")
    if connection.replaced:  # what gave way is known to the connection alone
        place = inbox_of(lake, participant, found.name)
        pipeline.ingest(lake, [place], participant, tell=say)
    secrets = secrets_of(lake.root, participant, found.name, connection.secrets)
    is_revoked = True
    with connections.locked(participant, found.name):
        if found.revoke is not None:
            try:
                found.revoke(Client(found, connection.base, secrets))
            except ServiceError as error:
                say(f"{found.title} did not take the login back: {error}")
                is_revoked = False
        secrets.remove()
        connections.remove(participant, found.name)
    if found.revoke is None:
        say(f"{found.title} has no way to take a login back from here: remove it in your account")
    say("disconnected; what was pulled stays in the inbox and in the lake")
    return 0 if is_revoked else 1
