"""A pull: every stream of a connection, window by window, into the inbox.

    cursor - overlap ... today     each window is asked for whole, and lies in one document
    document, then cursor          a kill between them asks for the window once more
    replaced, then document        what gives way is noted first, so that its rows can be taken out

A watch that was not synchronised for weeks brings them all at once: a stream that fell silent is
asked for from where it did, at most SILENT days back.

A document is replaced by what the service says later of the same days, under the connection's
lock: so what lies there is the newest. An answer without any record replaces nothing: a service
whose memory ends, or an account that lapsed, empties no inbox.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from services.contract import Service, Stream, Window
from services.errors import BadAnswer, LoginNeeded, NotGranted, NotNow, ServiceError
from services.kept.connection import Connection, Connections
from services.kept.durable import sweep, write
from services.kept.secrets import secrets_of
from services.pulling.names import digits, name_of
from services.pulling.windows import window_of
from services.web.api import Client

DAY = dt.timedelta(days=1)
SILENT = dt.timedelta(days=90)


@dataclass
class Pulled:
    """What a pull came to: documents that are new, those that replaced others, those that were
    there already, windows whose empty answer replaced nothing; and what went wrong."""

    service: str
    participant: str
    new: int = 0
    replaced: int = 0
    same: int = 0
    emptied: int = 0
    not_granted: list[str] = field(default_factory=list)
    trouble: ServiceError | None = None


Tell = Callable[[str], None]


def pull(
    service: Service,
    connections: Connections,
    participant: str,
    inbox: Path,
    overlap_days: int,
    tell: Tell = lambda _: None,
) -> Pulled:
    """Fetch what is new, and the last `overlap_days` again, into `inbox`.

    A ServiceError is in what is returned and in the connection: it costs what was not fetched.

    Raises: ServiceError if there is no such connection.
    """
    if connections.get(participant, service.name) is None:
        raise _unknown(service, participant)
    with connections.locked(participant, service.name):
        connection = connections.get(participant, service.name)
        if connection is None:
            raise _unknown(service, participant)
        return _Pull(service, connections, connection, inbox, overlap_days, tell).done()


def _unknown(service: Service, participant: str) -> ServiceError:
    return ServiceError(
        f"{service.title} is not connected for {participant}: "
        f"`dawnlake connect {service.name} --participant {participant}`"
    )


class _Pull:
    def __init__(
        self,
        service: Service,
        connections: Connections,
        connection: Connection,
        inbox: Path,
        overlap_days: int,
        tell: Tell,
    ) -> None:
        self._service, self._connections, self._connection = service, connections, connection
        self._inbox, self._overlap, self._tell = inbox, dt.timedelta(days=overlap_days), tell
        self._pulled = Pulled(service.name, connection.participant)
        secrets = secrets_of(
            connections.root, connection.participant, service.name, connection.secrets
        )
        self._api = Client(service, connection.base, secrets)
        self._secrets = secrets
        self._first: dt.date | None = None

    def done(self) -> Pulled:
        """All streams, and the connection as it is after them."""
        sweep(self._inbox)
        connection, pulled = self._connection, self._pulled
        try:
            with _as_described(self._service):
                self._api.open()
            for stream in self._service.streams:
                if not self._went_on(stream):
                    break
        except ServiceError as error:
            pulled.trouble = error
        connection.trouble = str(pulled.trouble or "")
        connection.login_needed = isinstance(pulled.trouble, LoginNeeded)
        connection.not_granted = pulled.not_granted
        if pulled.trouble is None:
            connection.succeeded_at = _text(self._api.now())
        if ends := self._secrets.read().get("expires_at"):
            connection.expires_at = _text(dt.datetime.fromtimestamp(float(ends), dt.UTC))
        self._connections.put(connection)
        return pulled

    def _went_on(self, stream: Stream) -> bool:
        """Whether the next stream may be asked for, after this one."""
        try:
            with _as_described(self._service):
                self._stream(stream)
        except NotGranted:
            self._pulled.not_granted.append(stream.name)
        except (LoginNeeded, NotNow) as error:
            self._pulled.trouble = error
            return False
        except ServiceError as error:
            self._pulled.trouble = error
        return True

    def _stream(self, stream: Stream) -> None:
        asked_at = self._api.now()
        start = self._start(stream)
        for window in self._changed(stream, start):
            self._window(stream, window)
        window = window_of(start, stream.days)
        while window.first <= self._today() + DAY:  # it is tomorrow somewhere
            was_told = self._api.is_time_told
            has_any = self._window(stream, window)
            is_news = self._api.is_time_told and not was_told  # until now the day was by our clock
            if is_news and (earlier := window_of(self._start(stream), stream.days)) < window:
                window = earlier
                continue
            reached = min(window.until, self._today()).isoformat()
            self._connection.cursors[stream.name] = reached
            if has_any:
                self._connection.filled[stream.name] = reached
            self._connections.put(self._connection)
            window = window_of(window.until, stream.days)
        if stream.changed is not None:
            self._connection.looked_at[stream.name] = _text(min(asked_at, self._api.now()))
            self._connections.put(self._connection)

    def _start(self, stream: Stream) -> dt.date:
        """The first day to ask for: what was not there before, and what may have been re-scored."""
        reach = self._today() - dt.timedelta(days=self._service.reach_days - 1)
        since = dt.date.fromisoformat(self._connection.since) if self._connection.since else None
        if cursor := self._connection.cursors.get(stream.name):
            start = min(dt.date.fromisoformat(cursor), self._today())
            if filled := self._connection.filled.get(stream.name):
                start = min(start, max(dt.date.fromisoformat(filled), start - SILENT))
            start -= self._overlap
        elif since is None and self._service.begin is not None:
            start = self._begin() or reach
        else:
            start = since or reach
        return max(start, reach, since or reach)

    def _begin(self) -> dt.date | None:
        """The first day that the service has anything of, asked for once."""
        if self._first is None and self._service.begin is not None:
            self._first = self._service.begin(self._api)
        return self._first

    def _changed(self, stream: Stream, start: dt.date) -> Iterable[Window]:
        """Windows before `start` in which the service has changed something since last time."""
        looked = self._connection.looked_at.get(stream.name)
        if stream.changed is None or not looked:
            return []
        since = self._connection.since
        days = stream.changed(self._api, dt.datetime.fromisoformat(looked))
        first = dt.date.fromisoformat(since) if since else dt.date.min
        own = window_of(start, stream.days).first
        return sorted({window_of(day, stream.days) for day in days if first <= day < own})

    def _window(self, stream: Stream, window: Window) -> bool:
        """Whether the service has anything of a window, which lies in the inbox now."""
        body = document(list(stream.fetch(self._api, window)), stream.is_flat)
        path = self._inbox / name_of(stream.name, window)
        before = path.read_bytes() if path.exists() else None
        if body is None:
            self._pulled.emptied += before is not None
            return False
        if body == before:
            self._pulled.same += 1
            return True
        if before is None:
            self._pulled.new += 1
        else:
            self._pulled.replaced += 1
            self._connection.replaced[digits(before)] = path.name
            self._connections.put(self._connection)
        write(path, body)
        self._tell(f"{self._service.name}: {stream.name} {window.first} to {window.last}")
        return True

    def _today(self) -> dt.date:
        return self._api.now().date()


@contextmanager
def _as_described(service: Service) -> Iterator[None]:
    """What is taken out of an answer stands where the service describes it.

    Raises: BadAnswer if it does not.
    """
    try:
        yield
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise BadAnswer(
            f"{service.title} answered in another shape than it describes "
            f"({type(error).__name__}); what came before it stays, and please report this"
        ) from None


def document(answers: list[bytes], is_flat: bool) -> bytes | None:
    """Answers as one document: arrays as one array, pages as a list of pages, one as it came."""
    if not answers:
        return None
    if is_flat:
        inner = (answer.strip()[1:-1].strip() for answer in answers)
        return b"[" + b",\n".join(each for each in inner if each) + b"]\n"
    return answers[0] if len(answers) == 1 else b"[" + b",\n".join(answers) + b"]\n"


def _text(moment: dt.datetime) -> str:
    return moment.astimezone(dt.UTC).replace(microsecond=0).isoformat()
