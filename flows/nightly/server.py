"""A Prefect server of the lake's own: a child process on the loopback interface, ended with us.

Prefect 3 schedules nothing on the temporary server that it starts by itself, so `serve` needs a
real one. `nightly` uses the same, without the services that schedule, since the temporary one is
shared by all lakes of a process. Whoever has set PREFECT_API_URL has a server, and it is used.

The child runs this module. It stops once its standard input ends, so it cannot be left behind,
whatever becomes of its parent. Other users of the machine are kept out by a password of the day.
"""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPException
from pathlib import Path
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

from warehouse.store.lake import private_folder

try:
    import fcntl
except ImportError:  # on Windows
    fcntl = None  # type: ignore[assignment]

HOST = "127.0.0.1"
START_S = 180.0  # a new database alone takes 12 s here; a loaded disk takes minutes
STOP_S = 15.0
THEIRS_S = 10.0
ATTEMPTS = 3  # another program may take the port between choosing and using it
LOG = "server.log"
IN_USE = "in_use"

Environment = dict[str, str]


class ServerError(Exception):
    """The server did not start. The message says where to look."""


@contextmanager
def running(home: Path, schedules: bool) -> Iterator[Environment]:
    """The environment in which Prefect uses a server that keeps everything in `home`.

    Raises: ServerError if it does not start, or PREFECT_API_URL leads nowhere.
    """
    environment = {"PREFECT_HOME": str(private_folder(home)), **_without_proxy()}
    with _used(home):
        yield from _running(home, environment, schedules)


def _running(home: Path, environment: Environment, schedules: bool) -> Iterator[Environment]:
    if theirs := os.environ.get("PREFECT_API_URL"):
        _find(theirs)
        yield environment
        return
    environment["PREFECT_API_AUTH_STRING"] = f"dawnlake:{secrets.token_urlsafe()}"
    child, port = _started(home, environment, schedules)
    try:
        yield environment | {"PREFECT_API_URL": f"http://{HOST}:{port}/api"}
    finally:
        _stop(child)


def _find(url: str) -> None:
    """Nothing if something may answer at `url`; Prefect itself says the rest.

    Raises: ServerError for no address, and where nobody listens.
    """
    try:
        build_opener().open(f"{url.rstrip('/')}/health", timeout=THEIRS_S).close()
    except (ValueError, HTTPException, OSError) as error:
        why = getattr(error, "reason", error)
        if isinstance(why, ValueError | HTTPException | ConnectionRefusedError | socket.gaierror):
            raise ServerError(
                "no Prefect server answers at PREFECT_API_URL: start it, or unset the variable and "
                "the lake has one of its own; `dawnlake ingest` needs none"
            ) from None


@contextmanager
def _used(home: Path) -> Iterator[None]:
    """Whoever wants to remove the records sees that they are in use."""
    with os.fdopen(os.open(home / IN_USE, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
        if fcntl is not None:
            with suppress(OSError):  # where there are no locks nobody sees it
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        yield


@contextmanager
def unused(home: Path) -> Iterator[bool]:
    """Whether no server keeps its records in `home`, nor will begin to within this context."""
    if fcntl is None or not (home / IN_USE).exists():
        yield True
        return
    with (home / IN_USE).open("r") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        except OSError:
            pass  # a file system without locks: nobody can say
        yield True


def _without_proxy() -> Environment:
    """Nothing on the loopback interface goes through a proxy."""
    beyond = os.environ.get("NO_PROXY") or os.environ.get("no_proxy")
    hosts = ",".join([*([beyond] if beyond else []), HOST])
    return {"NO_PROXY": hosts, "no_proxy": hosts}


def _started(
    home: Path, environment: Environment, schedules: bool
) -> tuple[subprocess.Popen[bytes], int]:
    for _ in range(ATTEMPTS):
        port = _free_port()
        child = _child(home, environment, schedules, port)
        try:
            if _is_up(child, port):
                return child, port
        except BaseException:  # such as Ctrl-C while it starts
            _stop(child)
            raise
    raise ServerError(f"the Prefect server did not start; its last words are in {home / LOG}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _child(
    home: Path, environment: Environment, schedules: bool, port: int
) -> subprocess.Popen[bytes]:
    theirs = {
        "PREFECT_SERVER_API_AUTH_STRING": environment["PREFECT_API_AUTH_STRING"],
        "PREFECT__SERVER_FINAL": "1",
        "PREFECT__SERVER_EPHEMERAL": "" if schedules else "1",
    }
    log = os.open(home / LOG, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        return subprocess.Popen(
            [sys.executable, "-m", "flows.nightly.server", str(port)],
            env={**os.environ, **environment, **theirs},
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            umask=0o077,  # its database is for the owner alone
            start_new_session=True,  # Ctrl-C is for us; the child ends after the last word to it
        )
    finally:
        os.close(log)


def _is_up(child: subprocess.Popen[bytes], port: int) -> bool:
    """Whether the child answers; False once it has ended.

    Raises: ServerError if it takes too long.
    """
    direct, until = build_opener(ProxyHandler({})), time.monotonic() + START_S
    while child.poll() is None:
        try:
            with direct.open(f"http://{HOST}:{port}/api/health", timeout=5):
                return child.poll() is None
        except (URLError, OSError):
            time.sleep(0.1)
        if time.monotonic() > until:
            raise ServerError(f"the Prefect server did not answer within {START_S:.0f} s")
    return False


def _stop(child: subprocess.Popen[bytes]) -> None:
    assert child.stdin is not None
    child.stdin.close()
    try:
        child.wait(STOP_S)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def _run(port: int) -> None:
    """Be the server, until standard input ends."""
    import uvicorn

    app = "prefect.server.api.server:create_app"
    server = uvicorn.Server(
        uvicorn.Config(
            app, factory=True, host=HOST, port=port, log_level="error", timeout_graceful_shutdown=5
        )
    )

    def watch() -> None:
        sys.stdin.buffer.read()
        server.should_exit = True

    threading.Thread(target=watch, daemon=True).start()
    server.run()


if __name__ == "__main__":
    _run(int(sys.argv[1]))
