"""A service that is made up: its documents, its faults, its tokens; and kills at every boundary."""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from flows.pull.replaced import inbox_of
from services.contract import OAuth, Pace, Service
from services.kept import durable
from services.kept.connection import Connection, Connections
from services.kept.secrets import secrets_of
from services.pulling.engine import Pulled, pull
from warehouse.store.lake import Lake

FAST = Pace(every_s=0.0, tries=3, backoff_s=0.0, timeout_s=5.0, longest_wait_s=2.0)
ANNA = "anna"
TODAY = dt.date(2026, 11, 28)
Handler = Callable[[Request], Response]


def answer(value: object, status: int = 200, **headers: str) -> Response:
    """A JSON answer."""
    return Response(json.dumps(value), status, headers, mimetype="application/json")


def cut(response: Response) -> Response:
    """The same answer, cut in its middle: it says how long it would have been."""
    data = response.get_data()
    return Response(
        data[: len(data) // 2], 200, {"Content-Length": str(len(data))}, mimetype="application/json"
    )


@dataclass
class World:
    """A service behind a local server.

    `faults` are taken in turn, one for each request to `serve`: a handler that answers instead, or
    None. `today` is the day of its clock, told in the header Date.
    """

    serve: Handler
    today: dt.date = TODAY
    faults: list[Callable[[Response], Response] | None] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def __call__(self, request: Request) -> Response:
        self.asked.append(request.full_path)
        response = self.serve(request)
        fault = self.faults.pop(0) if self.faults else None
        if fault is not None:
            response = fault(response)
        return response

    def date(self) -> str:
        """What the header Date says: noon of its day."""
        noon = dt.datetime.combine(self.today, dt.time(12), dt.UTC)
        return noon.strftime("%a, %d %b %Y %H:%M:%S GMT")


SERVED: list[World] = []  # the last is the one that answers now


def served(httpserver: HTTPServer, world: World) -> str:
    """The address of a made-up service."""
    httpserver.clear()
    SERVED.append(world)
    httpserver.expect_request(re.compile("/.*")).respond_with_handler(world)
    return httpserver.url_for("").rstrip("/")


def here(service: Service, base: str, pace: Pace = FAST) -> Service:
    """The service as it is at an address of this machine."""
    login = service.login
    if isinstance(login, OAuth):
        login = replace(
            login,
            authorize=f"{base}/authorize",
            token=f"{base}/token",
            discovery="",
            redirect=_free(login.redirect),
        )
    return replace(service, base={"": base}, login=login, pace=pace)


def _free(redirect: str) -> str:
    """The same address at a port that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return redirect.replace(":8976/", f":{probe.getsockname()[1]}/")


def connected(
    lake: Lake,
    service: Service,
    base: str,
    secrets: dict[str, Any],
    since: dt.date | None = None,
) -> Connections:
    """A connection that was made before."""
    secrets_of(lake.root, ANNA, service.name).write(secrets)
    connections = Connections(lake.root)
    connections.put(
        Connection(service.name, ANNA, base=base, since=since.isoformat() if since else "")
    )
    return connections


def pulled(lake: Lake, service: Service, overlap_days: int = 7) -> Pulled:
    """A pull of Anna's."""
    place = inbox_of(lake, ANNA, service.name)
    return pull(service, Connections(lake.root), ANNA, place, overlap_days)


def inbox(lake: Lake, service: Service) -> dict[str, bytes]:
    """The documents that lie in the inbox."""
    place = inbox_of(lake, ANNA, service.name)
    return {path.name: path.read_bytes() for path in sorted(place.glob("*.json"))}


class Killed(BaseException):
    """The process is gone."""


class _KilledAt:
    """The module `os` until the n-th step towards the disk."""

    def __init__(self, steps: int) -> None:
        self.left = steps

    def __getattr__(self, name: str) -> Any:
        found = getattr(os, name)
        if name not in ("replace", "fsync", "open"):
            return found

        def step(*values: Any, **named: Any) -> Any:
            if self.left == 0:
                raise Killed
            self.left -= 1
            return found(*values, **named)

        return step


@contextmanager
def killed_after(steps: int, patch: pytest.MonkeyPatch) -> Iterator[_KilledAt]:
    """Work that is killed before its step number `steps` towards the disk, or has none so late."""
    killer = _KilledAt(steps)
    with patch.context() as within:
        within.setattr(durable, "os", killer)
        with suppress(Killed):
            yield killer


def mode_of(path: Path) -> int:
    return path.stat().st_mode & 0o777
