"""Work for the writer of a lake that goes on in other processes, also of other machines.

Whoever works holds `workers.lock` together with the others, and a new writer waits until nobody
does: a process whose writer was killed is never met by the next one. What it begins later finds
that the stage it was to fill is gone.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from warehouse.store.lake import Lake

try:
    import fcntl
except ImportError:  # on Windows
    fcntl = None  # type: ignore[assignment]

POLL_S = 0.05


class RunEnded(Exception):
    """The run that a work was for is over: nobody waits for it."""


@contextmanager
def at_work(lake: Lake, stage: Lake) -> Iterator[None]:
    """As long as this lasts nobody else becomes the writer of a lake.

    Raises: RunEnded if somebody else has.
    """
    with _opened(lake) as handle:
        if fcntl is not None:
            with suppress(OSError):  # without locks the writer's own is all there is
                fcntl.flock(handle, fcntl.LOCK_SH)
        if not stage.root.exists():
            raise RunEnded("the run that this was for has ended: nothing was done")
        yield


@contextmanager
def left_alone(lake: Lake, tell: Callable[[str], None] = lambda _: None) -> Iterator[None]:
    """Nobody works for a writer that died, nor begins to while this lasts. Only for the writer."""
    if fcntl is None or not _place(lake).exists():
        yield
        return
    with _opened(lake) as handle:
        is_told = False
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if not is_told:
                    tell("waiting for a worker of a run that was stopped")
                is_told = True
                time.sleep(POLL_S)
                continue
            except OSError:
                pass  # a file system without locks
            break
        yield


@contextmanager
def _opened(lake: Lake) -> Iterator[int]:
    handle = os.open(_place(lake), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        yield handle
    finally:
        os.close(handle)


def _place(lake: Lake) -> Path:
    return lake.root / "workers.lock"
