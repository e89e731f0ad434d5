"""A night on a Dask cluster of two workers, with PostgreSQL under Prefect; one worker is killed."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from http.client import HTTPException
from pathlib import Path
from urllib.request import ProxyHandler, build_opener

import pytest

from tests.flows.test_workers import at_it, differing, readings, write_people
from tests.lake import put
from tests.running import said_by
from warehouse.store.lake import Lake

pytestmark = [pytest.mark.prefect, pytest.mark.crash, pytest.mark.long]

HOST = "127.0.0.1"
ROOT = Path(__file__).parents[2]
START_S = 600.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def tool(name: str) -> str:
    """A program of PostgreSQL, which Debian keeps out of the way."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    places = [shutil.which(name), *(str(each / name) for each in folders if (each / name).exists())]
    found = [place for place in places if place]
    if not found:
        pytest.skip(f"no {name} here: apt-get install postgresql")
    return found[-1]


def who_runs_it() -> dict[str, int]:
    """PostgreSQL refuses to be run by root: somebody else then."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": user.pw_uid, "group": user.pw_gid}
    pytest.skip("PostgreSQL is not run by root, and there is no other user here")


def until(what: str, is_so: Callable[[], bool], *running: subprocess.Popen[bytes]) -> None:
    ends = time.monotonic() + START_S
    while not is_so():
        for each in running:
            assert each.poll() is None, f"{what}: a process ended"
        assert time.monotonic() < ends, what
        time.sleep(0.1)


@contextmanager
def process(
    words: Sequence[str], log: Path, environment: dict[str, str], how: int = signal.SIGTERM
) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as out:
        started = subprocess.Popen(
            words, stdout=out, stderr=out, env=environment, cwd=ROOT, start_new_session=True
        )
    try:
        yield started
    finally:
        if started.poll() is None:
            started.send_signal(how)
            try:
                started.wait(20)
            except subprocess.TimeoutExpired:
                started.kill()
                started.wait()


@contextmanager
def postgres() -> Iterator[str]:
    """The address of a cluster of its own, gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="dawnlake-postgres-"))  # pytest's own are for us alone
    user, port, data = who_runs_it(), free_port(), folder / "data"
    if user:
        os.chown(folder, user["user"], user["group"])
    made = [tool("initdb"), "-D", str(data), "-U", "dawnlake", "-A", "trust", "-E", "UTF8"]
    common = {"cwd": folder, "start_new_session": True, **user}
    subprocess.run(made, check=True, capture_output=True, **common)  # type: ignore[call-overload]
    words = [tool("postgres"), "-D", str(data), "-h", HOST, "-p", str(port), "-k", str(folder)]
    with (folder / "postgres.log").open("wb") as out:
        server = subprocess.Popen(words, stdout=out, stderr=out, **common)  # type: ignore[call-overload]
    try:

        def answers() -> bool:
            try:
                socket.create_connection((HOST, port), 1).close()
            except OSError:
                return False
            return True

        until("PostgreSQL", answers, server)
        yield f"postgresql+asyncpg://dawnlake@{HOST}:{port}/postgres"
    finally:
        server.send_signal(signal.SIGINT)  # fast shutdown
        server.wait(30)
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def prefect_server(folder: Path, database: str) -> Iterator[dict[str, str]]:
    """The environment in which Prefect uses a server that keeps its records there."""
    port = free_port()
    quiet = {
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "PREFECT_HOME": str(folder),
        "PREFECT_SERVER_UI_ENABLED": "false",
    }
    theirs = {"PREFECT_API_DATABASE_CONNECTION_URL": database, **quiet}
    words = [sys.executable, "-m", "prefect", "server", "start", "--host", HOST]
    words += ["--port", str(port), "--no-services"]
    url = f"http://{HOST}:{port}/api"

    def is_up() -> bool:
        try:
            build_opener(ProxyHandler({})).open(f"{url}/health", timeout=5).close()
        except (OSError, HTTPException):
            return False
        return True

    log = folder / "server.log"
    with process(words, log, {**os.environ, **theirs}) as server:
        until(f"the Prefect server, see {log}", is_up, server)
        yield {**os.environ, **quiet, "PREFECT_API_URL": url}


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[tuple[str, dict[str, str], list[int]]]:
    """A scheduler's address, the environment of all, and the workers' processes."""
    pytest.importorskip("prefect_dask", reason="the extra `cluster` is not installed")
    with ExitStack() as ended:
        places = {name: tmp_path / name for name in ("prefect", "dask")}
        for place in places.values():
            place.mkdir()
        database = ended.enter_context(postgres())
        environment = ended.enter_context(prefect_server(places["prefect"], database))
        port = free_port()
        address = f"tcp://{HOST}:{port}"
        dask = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", HOST]
        dask += ["--port", str(port), "--no-dashboard"]
        ended.enter_context(process(dask, places["dask"] / "scheduler.log", environment))
        workers = []
        for number in range(2):
            words = [sys.executable, "-m", "distributed.cli.dask_worker", address]
            words += ["--nthreads", "1", "--no-nanny", "--no-dashboard"]
            words += ["--local-directory", str(places["dask"] / str(number))]
            log = places["dask"] / f"worker{number}.log"
            workers.append(ended.enter_context(process(words, log, environment)).pid)
        yield address, environment, workers


def test_a_night_on_a_cluster_one_of_whose_workers_is_killed(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    cluster: tuple[str, dict[str, str], list[int]],
) -> None:
    address, environment, workers = cluster
    lake = Lake((tmp_path / "lake").resolve()).create()
    write_people(lake.inbox)
    for number in range(4):
        put(lake.inbox / "dia", {f"large-{number}.csv": readings(20, 1, 1 + number)})
    zone = 'timezone = "Europe/Berlin"\n'
    people = [path.name for path in sorted(lake.inbox.iterdir())]
    lake.settings.write_text("".join(f"participants.{who}.{zone}" for who in people))
    shutil.copytree(lake.root, tmp_path / "alone")
    command = [sys.executable, "-m", "flows.cli", "nightly", "--lake", str(lake.root)]
    night = subprocess.Popen(
        [*command, "--dask", address], env=environment, cwd=ROOT, stdout=-1, stderr=-1, text=True
    )
    reading, found = lake.extracted / "participant_id=dia", list[int]()

    def seen() -> bool:
        found[:] = [pid for pid in at_it(reading) if pid in workers]
        return bool(found)

    ends = time.monotonic() + START_S
    while not seen():
        assert night.poll() is None, night.communicate()
        assert time.monotonic() < ends
    os.kill(found[0], signal.SIGKILL)
    said = "".join(night.communicate(timeout=300))
    assert night.returncode == 1, said  # one participant has a damaged file, one none
    # what the lost worker had read is known to the one who went on
    assert "nightly: 6 participants" in said and "2 set aside" in said
    assert "receipt for dia" in said and "failed" not in said
    whole = ("ingest", "--participant-from-folder", tmp_path / "alone" / "inbox")
    said_by(capsys, *whole, "--workers", 1, "--lake", tmp_path / "alone")
    assert differing(tmp_path / "alone", lake.root) == []
    assert lake.leftovers() == []
