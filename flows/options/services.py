"""What is fetched from services that let their users."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from flows.options.shared import HERE, Flag, LakeFolder, Someone

Whose = Annotated[str, Parameter(name=["--participant", "-p"])]


def pull(
    service: str,
    *,
    participant: Someone = None,
    timezone: str | None = None,
    since: str | None = None,
    lake: LakeFolder = HERE,
) -> int:
    """Fetch what is new at a service into inbox/PARTICIPANT/SERVICE/, and ingest it.

    Parameters
    ----------
    service
        Such as nightscout or oura.
    participant
        Whose, if several are connected.
    timezone
        The participant's home zone; remembered.
    since
        Once more from this day (YYYY-MM-DD) on.
    """
    from flows.commands.pull import run_pull

    return run_pull(lake, service, participant, timezone, since)


def connect(
    service: str,
    *,
    participant: Whose,
    site: str = "",
    since: str | None = None,
    browser: bool = True,
    keyring: Flag = False,
    lake: LakeFolder = HERE,
) -> int:
    """Log in at a service, so that `pull` can fetch from it.

    Parameters
    ----------
    service
        Such as nightscout or oura.
    participant
        Whose account it is.
    site
        The address of a service of one's own, or a region.
    since
        The first day to fetch (YYYY-MM-DD); else all there is, of ten years at most.
    browser
        Open a browser and listen for its answer; else the address is printed and the code asked.
    keyring
        Keep the secrets in the system's keyring, not in a file.
    """
    from flows.commands.connect import run_connect
    from flows.pull.entering import Answers

    return run_connect(lake, service, participant, Answers(site, browser), since, keyring)


def connections(*, lake: LakeFolder = HERE) -> int:
    """Accounts of services: what they may see, last pull, until when, and whether all is well."""
    from flows.commands.connections import show_connections

    return show_connections(lake)


def disconnect(service: str, *, participant: Whose, lake: LakeFolder = HERE) -> int:
    """Take a login back at the service, where it lets one, and delete it here.

    Parameters
    ----------
    participant
        Whose account it is.
    """
    from flows.commands.disconnect import run_disconnect

    return run_disconnect(lake, service, participant)


COMMANDS = (connect, pull, connections, disconnect)
