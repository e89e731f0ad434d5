"""What a service is: where it is, how one logs in, and which streams of documents it has.

    SERVICE = Service(name, title, base, followed, login, streams, ...)

A stream is asked window by window. `fetch(api, window)` yields the service's answers as they came;
an answer without a record is not yielded. What is in a document, the connectors know.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from services.kept.connection import Connection
from services.kept.secrets import Secrets

UTC = dt.UTC


@dataclass(frozen=True, order=True)
class Window:
    """Whole days, from the first up to but not including `until`; in UTC where it matters."""

    first: dt.date
    until: dt.date

    @property
    def last(self) -> dt.date:
        """The last day of it."""
        return self.until - dt.timedelta(days=1)

    def begin(self) -> dt.datetime:
        """Its first instant."""
        return dt.datetime.combine(self.first, dt.time(), UTC)

    def end(self) -> dt.datetime:
        """The first instant after it."""
        return dt.datetime.combine(self.until, dt.time(), UTC)


@dataclass(frozen=True)
class Answer:
    """What a service answered: its bytes and what they say; nothing, where there is nothing."""

    raw: bytes
    data: Any
    headers: Mapping[str, str] = field(default_factory=dict)


class Api(Protocol):
    """A service as one connection may ask it (web/api.py).

    `headers` go with every request, `facts` are what a service found out when it was opened.
    """

    headers: dict[str, str]
    facts: dict[str, Any]
    secrets: Secrets

    def get(self, path: str, params: Mapping[str, Any] | None = None, **sent: Any) -> Answer:
        """What the service answers; an empty Answer where it has nothing there.

        Raises: ServiceError.
        """

    def ask(self, method: str, path: str, **sent: Any) -> Answer:
        """As `get`, with what `requests` takes beside an address.

        Raises: ServiceError.
        """


@dataclass(frozen=True)
class Pace:
    """How fast and how patiently a service is asked.

    `every_s` between two requests of this process, whoever they are for; a request is tried `tries`
    times, `backoff_s` doubled between them; a longer wait than `longest_wait_s` ends a pull.
    """

    every_s: float = 0.2
    tries: int = 5
    backoff_s: float = 1.0
    timeout_s: float = 60.0
    longest_wait_s: float = 300.0


Fetch = Callable[[Api, Window], Iterator[bytes]]


@dataclass(frozen=True)
class Stream:
    """One kind of document.

    days      of a window; windows are counted from a fixed day, so they are the same for everyone
    is_flat   answers are arrays, which become one
    changed   days on which something was changed since an instant, where the service tells
    """

    name: str
    days: int
    fetch: Fetch
    is_flat: bool = False
    changed: Callable[[Api, dt.datetime], set[dt.date]] | None = None


@dataclass(frozen=True)
class OAuth:
    """A login in the browser, by the authorization code with PKCE (S256).

    `optional` are scopes asked for beside the others, and left out where the service knows none of
    that name. `redirect` is the address to register; one with http is listened at on the loopback
    interface, of any other the person copies the address that the browser ends at.
    """

    authorize: str
    token: str
    scopes: tuple[str, ...]
    portal: str
    optional: tuple[str, ...] = ()
    redirect: str = "http://127.0.0.1:8976/callback"
    discovery: str = ""
    hosts: tuple[str, ...] = ()  # whose names a discovered address may end in
    scope_mark: str = " "
    method: Literal["client_secret_post", "client_secret_basic"] = "client_secret_post"
    more: Mapping[str, str] = field(default_factory=dict)  # of the address to log in at
    has_pkce: bool = True
    asks: Mapping[str, str] = field(default_factory=dict)  # with every request for tokens
    adapt: Callable[[Any], None] | None = None  # hooks of authlib, where a service differs


@dataclass(frozen=True)
class Asked:
    """A login by what a person has: each is asked for at the terminal or read from a variable."""

    secrets: tuple[tuple[str, str], ...]  # name, and the question in words
    words: str  # where to get it


class Enter(Protocol):
    """What is kept of a first login: texts for the secrets' file."""

    def __call__(self, api: Api, given: Mapping[str, str]) -> dict[str, Any]: ...


@dataclass(frozen=True)
class Service:
    """A service that lets its users fetch their own data.

    base       where its addresses begin; by region, if it has several
    followed   the day of the documentation that this follows; nothing here was tried live
    reach_days how far back it answers, if not without end
    open       before the first request of a pull: a session, renewed tokens
    begin      the first day that there is anything of, where the service tells
    judge      looks at an answer with HTTP 200 for an error in its body
    revoke     takes the login back at the service
    """

    name: str
    title: str
    base: Mapping[str, str]
    followed: dt.date
    login: OAuth | Asked
    streams: tuple[Stream, ...]
    pace: Pace = Pace()
    reach_days: int = 3653
    enter: Enter | None = None
    open: Callable[[Api], None] | None = None
    begin: Callable[[Api], dt.date | None] | None = None
    judge: Callable[[Any], None] | None = None
    revoke: Callable[[Api], None] | None = None
    finish: Callable[[Api, Connection], None] | None = None  # after the first login
