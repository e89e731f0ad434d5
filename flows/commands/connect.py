"""connect, connections, disconnect: accounts of services."""

from __future__ import annotations

from pathlib import Path

from flows.deriving import pipeline
from flows.pull.entering import Answers, entered
from flows.pull.fetching import chosen, connected
from flows.pull.replaced import inbox_of
from flows.settings import check_participant, load
from flows.usage import UsageError, data, listing, say
from services import services
from services.errors import ServiceError
from services.kept.connection import Connection, Connections
from services.kept.secrets import secrets_of
from services.web.api import Client
from warehouse.store.lake import Lake

EVIDENCE = "unverified against the live service; follows its documentation of {day}"


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
    lake.create()
    connections = Connections(lake.root)
    before = connections.get(participant, found.name)
    connection = before or Connection(found.name, participant)
    connection.secrets = "keyring" if in_keyring else "file"
    secrets = secrets_of(lake.root, participant, found.name, connection.secrets)
    say(f"{found.title}: {EVIDENCE.format(day=found.followed)}")
    try:
        connection = entered(found, connection, secrets, answers, say)
    except ServiceError as error:
        raise UsageError(f"not connected: {error}") from None
    connection.trouble, connection.login_needed = "", False
    with connections.locked(participant, found.name):
        connections.put(connection)
    if since is not None:
        from flows.commands.pull import ask_from

        ask_from(lake, participant, found.name, since)
    say(f"connected. Next: dawnlake pull {found.name} --participant {participant}")
    return 0


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
        data.print(f"{name}: {EVIDENCE.format(day=services()[name].followed)}")
    return 1 if any(each.login_needed for each in every) else 0


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


def _state(connection: Connection) -> str:
    if connection.login_needed:
        return f"login needed: dawnlake connect {connection.service}"
    missing = ", ".join(connection.not_granted)
    return connection.trouble or (f"well; not covered: {missing}" if missing else "well")


def _minute(moment: str) -> str:
    return moment[:16].replace("T", " ")
