"""A file system without locks: a lock whose holder is dead is taken over by one of many."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import time
from pathlib import Path
from typing import Any

import pytest

from warehouse.store import lock
from warehouse.store.lake import PARTIAL, Lake

pytestmark = pytest.mark.whole

FORK = multiprocessing.get_context("fork")
WAITERS = 4


def dead(command: str = "") -> str:
    """What a process that has ended leaves behind."""
    process = FORK.Process(target=int)
    process.start()
    process.join()
    told = {"pid": process.pid, "host": lock.socket.gethostname(), "command": command}
    return json.dumps({**told, "since": "", "born": "1"})


def work(root: Path, barrier: Any, told: Any) -> None:
    """Write once, and tell how many were inside then. Unlinking is slow, and reading too."""
    unlink, text = Path.unlink, lock._text
    lock.fcntl = None  # type: ignore[assignment]

    def slowly(path: Path, missing_ok: bool = False) -> None:
        time.sleep(0.02 if "held" in path.name else 0)
        unlink(path, missing_ok=missing_ok)

    def read(path: Path) -> str:
        found = text(path)
        time.sleep(0.005 if "held" in path.name else 0)
        return found

    Path.unlink, lock._text = slowly, read  # type: ignore[method-assign,assignment]
    barrier.wait()
    with lock.writing(Lake(root), "test"):
        me = root / f"in.{multiprocessing.current_process().pid}"
        me.touch()
        time.sleep(0.03)
        inside = len(list(root.glob("in.*")))
        unlink(me)
    told.put(inside)


@pytest.mark.parametrize("attempt", range(4))
def test_of_many_who_wait_one_follows_the_dead(tmp_path: Path, attempt: int) -> None:
    left = dead()
    (tmp_path / "writer.held").write_text(left)
    if attempt % 2:  # who was about to follow has died too
        turn = hashlib.sha256(left.encode()).hexdigest()[:16]
        (tmp_path / f"{PARTIAL}next-{turn}").write_text(dead("the second"))
    barrier, told = FORK.Barrier(WAITERS), FORK.Queue()
    waiters = [FORK.Process(target=work, args=(tmp_path, barrier, told)) for _ in range(WAITERS)]
    for waiter in waiters:
        waiter.start()
    try:
        assert [told.get(timeout=60) for _ in waiters] == [1] * WAITERS
    finally:
        for waiter in waiters:
            waiter.join(10)
            waiter.kill()
    assert [path.name for path in tmp_path.iterdir()] == ["writer.lock"]


def test_the_living_are_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "writer.held"
    alive = json.dumps(lock._me("dawnlake ingest"))
    path.write_text(alive)
    assert not lock._taken(path, "me")
    assert path.read_text() == alive
    path.write_text("")  # somebody who is writing it just now
    assert not lock._taken(path, "me")
