"""A connection: whose account of which service, how far it was pulled, what it last came to.

Nothing in it is secret. It lies in `connections/PARTICIPANT/SERVICE.json` of the lake.

`cursors` is the day up to which each stream was asked for, never beyond the service's own today,
and `filled` the day up to which something came. `replaced` are documents that gave way to newer
ones, by the first digits of their sha256: noted before the newer one takes its place, struck out
once the lake holds none of their rows.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

from services.kept.durable import locked, read_json, remove, write_json
from services.kept.secrets import Kind


@dataclass
class Connection:
    """What is known of an account that is pulled from. Times are ISO, in UTC."""

    service: str
    participant: str
    base: str = ""
    secrets: Kind = "file"
    since: str = ""  # the first day to ask for
    scopes: list[str] = field(default_factory=list)
    not_granted: list[str] = field(default_factory=list)  # streams that the login does not cover
    connected_at: str = ""
    succeeded_at: str = ""
    expires_at: str = ""
    trouble: str = ""  # a sentence; empty if the last pull went well
    login_needed: bool = False
    cursors: dict[str, str] = field(default_factory=dict)
    filled: dict[str, str] = field(default_factory=dict)
    looked_at: dict[str, str] = field(default_factory=dict)  # when a stream was asked for changes
    replaced: dict[str, str] = field(default_factory=dict)  # digits of a sha256, file name


class Connections:
    """Those of a lake."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._folder = root / "connections"

    def path(self, participant: str, service: str) -> Path:
        return self._folder / participant / f"{service}.json"

    def every(self) -> list[Connection]:
        """All of them, by participant and service."""
        return [each for path in sorted(self._folder.glob("*/*.json")) if (each := _read(path))]

    def of(self, participant: str) -> list[Connection]:
        """Those of a participant, by service."""
        found = sorted((self._folder / participant).glob("*.json"))
        return [each for path in found if (each := _read(path))]

    def get(self, participant: str, service: str) -> Connection | None:
        return _read(self.path(participant, service))

    def put(self, connection: Connection) -> None:
        """Keep it, for good when this returns."""
        write_json(self.path(connection.participant, connection.service), asdict(connection))

    def remove(self, participant: str, service: str) -> None:
        path = self.path(participant, service)
        remove(path)
        remove(self._lock(participant, service))
        if path.parent.exists() and not any(path.parent.iterdir()):
            path.parent.rmdir()

    @contextmanager
    def locked(self, participant: str, service: str) -> Iterator[None]:
        """Alone among those who pull this connection."""
        with locked(self._lock(participant, service)):
            yield

    def _lock(self, participant: str, service: str) -> Path:
        return self.path(participant, service).with_suffix(".lock")

    def strike_out(self, participant: str, service: str, files: Iterable[str]) -> None:
        """Replaced documents of which the lake holds nothing any more. While a pull is under way
        nothing is struck out: the next run does."""
        gone = set(files)
        if not gone:
            return
        place = self._lock(participant, service)
        with suppress(BlockingIOError), locked(place, waits=False):
            connection = self.get(participant, service)
            if connection is not None and gone & connection.replaced.keys():
                for file in gone:
                    connection.replaced.pop(file, None)
                self.put(connection)


def _read(path: Path) -> Connection | None:
    told = read_json(path)
    if told is None or not {"service", "participant"} <= told.keys():
        return None
    known = {each.name for each in fields(Connection)}
    return Connection(**{name: value for name, value in told.items() if name in known})


def now() -> dt.datetime:
    """This machine's clock, to the second."""
    return dt.datetime.now(dt.UTC).replace(microsecond=0)
