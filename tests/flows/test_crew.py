"""Work in several processes: its results, its errors, and workers that die."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import time
from multiprocessing import active_children
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from connectors.contract import BrokenFile, IngestError
from flows.deriving import completion, intake  # noqa: F401  # all kinds of errors are loaded
from flows.deriving.crew import Crew, WorkerDied, frames_of
from flows.nightly import discretion
from warehouse.store.database import in_memory
from warehouse.store.lake import Lake
from warehouse.store.lock import writing
from warehouse.store.work import RunEnded, at_work

pytestmark = pytest.mark.whole


def squared(number: int) -> int:
    return number * number


def process(_: int) -> int:
    time.sleep(0.05)
    return os.getpid()


def threads(_: int) -> tuple[int, int]:
    with in_memory() as connection:
        ((count,),) = connection.execute("select current_setting('threads')").fetchall()
    return int(count), pa.cpu_count()


def deadly(number: int) -> int:
    if number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def wrong(number: int) -> int:
    if number == 2:
        duckdb.sql("select nothing from nowhere")
    return number


def refused(number: int) -> int:
    try:
        raise ValueError("told to nobody")
    except ValueError as error:
        raise intake.ReaderFault("fitbit", error) from None


class Unsendable(Exception):
    def __init__(self, one: int, other: int) -> None:
        super().__init__("a value")


def unsendable(number: int) -> int:
    raise Unsendable(1, 2)


def test_alone_it_is_done_here() -> None:
    with Crew(1) as crew:
        assert list(crew.each(process, range(3))) == [os.getpid()] * 3


def test_few_pieces_are_done_here_unless_workers_were_asked_for() -> None:
    with Crew() as crew:
        assert set(crew.each(process, range(3))) == {os.getpid()}


def test_results_come_in_order_from_other_processes() -> None:
    with Crew(2) as crew:
        assert list(crew.each(squared, range(40))) == [n * n for n in range(40)]
        workers = set(crew.each(process, range(6)))
        counts = set(crew.each(threads, range(2)))
    assert len(workers) == 2 and os.getpid() not in workers
    each = max(1, len(os.sched_getaffinity(0)) // 2)
    assert counts == {(each, each)}


@pytest.mark.whole
def test_a_worker_that_dies_between_pieces_costs_none() -> None:
    with Crew(2) as crew:
        for pid in set(crew.each(process, range(6))):
            os.kill(pid, signal.SIGKILL)
        while active_children():
            time.sleep(0.01)
        assert list(crew.each(squared, range(6))) == [n * n for n in range(6)]
        assert not crew.has_lost


@pytest.mark.whole
def test_a_worker_that_dies_costs_its_piece_alone() -> None:
    with Crew(2) as crew:
        found = list(crew.each(deadly, range(8)))
        assert crew.has_lost
        again = list(crew.each(squared, range(3)))
    died = found.pop(3)
    assert isinstance(died, WorkerDied) and "--workers" in str(died)
    assert found == [0, 1, 2, 4, 5, 6, 7]
    assert again == [0, 1, 4]


@pytest.mark.whole
def test_an_error_says_where_it_was() -> None:
    with Crew(2) as crew:
        found = crew.each(wrong, range(6))
        assert [next(found), next(found)] == [0, 1]
        with pytest.raises(duckdb.CatalogException) as error:
            next(found)
    assert "wrong" in [frame.name for frame in frames_of(error.value)]
    assert "test_crew.py" in discretion.told_of(error.value)


@pytest.mark.whole
def test_errors_of_every_kind_come_back() -> None:
    fault = "its reader fitbit: ValueError"
    with Crew(2) as crew, pytest.raises(intake.ReaderFault, match=fault):
        list(crew.each(refused, range(2)))
    with Crew(2) as crew, pytest.raises(RuntimeError, match=r"^Unsendable$"):
        list(crew.each(unsendable, range(2)))


def kinds(of: type[IngestError]) -> list[type[IngestError]]:
    return [of, *(kind for each in of.__subclasses__() for kind in kinds(each))]


def made(kind: type[IngestError]) -> IngestError:
    if kind is intake.ReaderFault:
        try:
            raise KeyError("of nobody")
        except KeyError as error:
            return intake.ReaderFault("dexcom_clarity", error)
    return WorkerDied() if kind is WorkerDied else kind("what, where and what to do")


@pytest.mark.parametrize("kind", kinds(IngestError))
def test_an_error_of_a_file_is_the_same_in_another_process(kind: type[IngestError]) -> None:
    error = made(kind)
    error.place = "here"  # type: ignore[attr-defined]
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is kind and str(again) == str(error)
    assert again.__dict__ == {"place": "here"}
    assert issubclass(kind, BrokenFile) == isinstance(again, BrokenFile)


RUN = """
import os, sys, time
from flows.deriving.crew import Crew

def wait(number):
    open(f"{sys.argv[1]}/{os.getpid()}", "w").close()
    time.sleep(60)

if __name__ == "__main__":
    with Crew(2) as crew:
        list(crew.each(wait, range(4)))
"""


@pytest.mark.whole
@pytest.mark.parametrize(("how", "code"), [(signal.SIGINT, -2), (signal.SIGKILL, -9)])
def test_no_process_outlives_its_run(tmp_path: Path, how: int, code: int) -> None:
    """Ctrl-C reaches the whole group of a terminal; a kill the run alone."""
    script, there = tmp_path / "run.py", tmp_path / "workers"
    script.write_text(RUN)
    there.mkdir()
    command = [sys.executable, str(script), str(there)]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    run = subprocess.Popen(command, start_new_session=True, env=environment, stderr=-1)
    until = time.monotonic() + 60
    while len(workers := list(there.iterdir())) < 2:
        assert run.poll() is None and time.monotonic() < until
        time.sleep(0.05)
    if how == signal.SIGINT:
        os.killpg(run.pid, how)
    else:
        run.kill()
    _, said = run.communicate(timeout=20)
    assert run.returncode == code
    assert said.count(b"Traceback") == (how == signal.SIGINT)  # that of the run alone
    for worker in workers:
        while is_alive(int(worker.name)):
            assert time.monotonic() < until
            time.sleep(0.05)


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_a_new_writer_waits_for_workers_of_the_old_one(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake").create()
    stage = Lake(lake.root / ".partial-stage")
    stage.root.mkdir()
    said: list[str] = []
    work = at_work(lake, stage)
    work.__enter__()

    def tell(sentence: str) -> None:
        said.append(sentence)
        work.__exit__(None, None, None)

    with writing(lake, "dawnlake ingest", tell):
        assert said == ["waiting for a worker of a run that was stopped"]
        assert not stage.root.exists()
        with pytest.raises(RunEnded), at_work(lake, stage):
            pass
    assert (lake.root / "workers.lock").stat().st_mode & 0o777 == 0o600
