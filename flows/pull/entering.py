"""The first login at a service, in words: where to register, what to open, what to type."""

from __future__ import annotations

import os
import sys
import webbrowser
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from getpass import getpass
from urllib.parse import urlsplit

from flows.errors import UsageError
from services.contract import Asked, OAuth, Service
from services.errors import ServiceError
from services.kept.connection import Connection, now
from services.kept.secrets import Secrets
from services.web.api import Client, checked
from services.web.loopback import Listener, code_in
from services.web.oauth import Tokens, address_to_log_in, discovered

WAIT_S = 600.0
Say = Callable[[str], None]


@dataclass(frozen=True)
class Answers:
    """How a person wants to log in."""

    site: str = ""
    has_browser: bool = True


def entered(service: Service, connection: Connection, secrets: Secrets, answers: Answers,
            say: Say) -> Connection:  # fmt: skip
    """The connection after a login whose secrets are kept.

    Raises: UsageError for what is missing; ServiceError if the login does not come about.
    """
    base = _base(service, answers.site)
    if connection.base not in ("", base):
        raise UsageError(
            f"{service.title} is connected at another address: `dawnlake disconnect "
            f"{service.name}` first, and take its documents out of the inbox if they are another's"
        )
    connection = replace(connection, base=base, connected_at=now().isoformat())
    if isinstance(service.login, OAuth):
        login = _at(service.login, base)
        client = _client(service, login, say)
        _by_browser(service, login, client, secrets, answers, say)
        granted = str(secrets.read().get("scope", ""))
        connection.scopes = granted.replace(",", " ").split()
    else:
        given = _given(service, service.login, say)
        api = Client(service, base, secrets)
        if service.enter is not None:
            kept = service.enter(api, given)
            with secrets.locked():
                secrets.write(kept)
    if service.finish is not None:
        service.finish(Client(service, base, secrets), connection)
    return connection


def _base(service: Service, site: str) -> str:
    """Where the service is, for this person.

    Raises: UsageError if that is to be said.
    """
    if site in service.base:
        return service.base[site]
    try:
        if site and (not service.base or "." in site or "://" in site):
            return checked(site)
    except ServiceError as error:
        raise UsageError(f"--site: {error}") from None
    names = ", ".join(name for name in service.base if name)
    if not service.base:
        raise UsageError(f"--site is the address of your own {service.title}, https://…")
    raise UsageError(f"--site is one of {names}" if names else "--site is not needed here")


def _at(login: OAuth, base: str) -> OAuth:
    """A login whose addresses are whole: those of a region begin where its service does."""
    whole = {
        name: address if urlsplit(address).scheme else f"{base}{address}"
        for name, address in (("authorize", login.authorize), ("token", login.token))
    }
    return replace(login, authorize=whole["authorize"], token=whole["token"])


def _client(service: Service, login: OAuth, say: Say) -> dict[str, str]:
    """The ids of the person's own application at the service, from variables or the terminal."""
    say(f"{service.title} lets an application of your own read your data. Once:")
    say(f"  register one at {login.portal}")
    say(f"  with the redirect address {login.redirect}")
    found = discovered(login, service.pace.timeout_s)
    found |= {"authorize_address": found.get("authorize_address", login.authorize),
              "token_address": found.get("token_address", login.token)}  # fmt: skip
    given = {
        "client_id": _asked(service, "client_id", "client id: "),
        "client_secret": _asked(service, "client_secret", "client secret (not shown): "),
    }
    return {**found, **given, "redirect": login.redirect}


def _given(service: Service, login: Asked, say: Say) -> Mapping[str, str]:
    say(login.words)
    return {name: _asked(service, name, question) for name, question in login.secrets}


def _asked(service: Service, name: str, question: str) -> str:
    """A secret from its variable, or typed without being shown.

    Raises: UsageError if there is no variable and nobody to ask.
    """
    variable = f"DAWNLAKE_{service.name}_{name}".upper()
    if (told := os.environ.get(variable)) is not None:
        return told.strip()
    if not sys.stdin.isatty():
        raise UsageError(f"set {variable}, or connect from a terminal")
    return getpass(f"{service.title} {question}").strip()


def _by_browser(
    service: Service,
    login: OAuth,
    client: dict[str, str],
    secrets: Secrets,
    answers: Answers,
    say: Say,
) -> None:
    tokens = Tokens(login, service.title, secrets, service.pace)
    try:
        code, verifier = _code(login, client, answers, say)
    except ServiceError as error:
        if "invalid_scope" not in str(error) or not login.optional or "scopes" in client:
            raise
        say(f"{service.title} does not know {', '.join(login.optional)}: without it")
        client = {**client, "scopes": " ".join(login.scopes)}
        code, verifier = _code(login, client, answers, say)
    tokens.first(code, verifier, client)


def _code(login: OAuth, client: dict[str, str], answers: Answers, say: Say) -> tuple[str, str]:
    """The code of a login in the browser, and its verifier."""
    address, state, verifier = address_to_log_in(login, client)
    is_heard = answers.has_browser and login.redirect.startswith("http://")
    listener = Listener(login.redirect, state) if is_heard else None
    say("open this address, log in, and allow it:")
    say(address)
    if listener is not None:
        webbrowser.open(address)
        return listener.wait(WAIT_S), verifier
    if answers.has_browser:
        webbrowser.open(address)
    say(f"the browser ends at an address that begins with {login.redirect}, on a page that may")
    say("not load: copy that address from the browser, or the code in it, and put it in here")
    return code_in(input(), state), verifier
