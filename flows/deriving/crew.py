"""Processes that work for a run at the same time, each for one participant or group at a time.

A worker is a fresh process (never a fork: DuckDB and Arrow have threads) with a pipe of its own.
So whose work died with it is known, which a pool of `concurrent.futures` does not tell: it breaks
for everybody. And all of them can be ended at once, as Ctrl-C wants it.

A crew of one works plainly in this process.
"""

from __future__ import annotations

import os
import pickle
import signal
import tempfile
import threading
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import chain, islice
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection
from queue import LifoQueue
from typing import Any, TypeVar

import pyarrow as pa

from connectors.contract import IngestError
from connectors.reading import query
from flows.imports import without_pandas
from warehouse.store import database

FEWEST = 8  # pieces of work that are worth the start of processes, unless they were asked for
AHEAD = 16  # pieces of work for each worker that may be done before their turn comes
Work = TypeVar("Work")
Done = TypeVar("Done")


class WorkerDied(IngestError):
    """The process that did a piece of work is gone, and the work with it."""

    def __init__(self) -> None:
        super().__init__(
            "a worker process ended in the middle, most likely for want of memory: nothing new is "
            "in the tables; run the same again, with fewer --workers if it happens again"
        )


class Elsewhere(Exception):
    """The cause of an error of another process: where in it."""

    def __init__(self, frames: list[traceback.FrameSummary]) -> None:
        super().__init__(*(f"{each.filename}:{each.lineno}" for each in frames))
        self.frames = frames


def frames_of(error: BaseException) -> list[traceback.FrameSummary]:
    """Where an error happened, the innermost last, also in another process."""
    if isinstance(error.__cause__, Elsewhere):
        return error.__cause__.frames
    return traceback.extract_tb(error.__traceback__)


def cores() -> int:
    """How many this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Crew:
    """Up to `workers` processes, started when there is work for them; None for all cores."""

    def __init__(self, workers: int | None = 1) -> None:
        self.size = workers or cores()
        self.has_lost = False
        self._is_asked = workers is not None
        self._seats = [_Seat(max(1, cores() // self.size)) for _ in range(self.size)]
        self._free: LifoQueue[_Seat] = LifoQueue()
        for seat in self._seats:
            self._free.put(seat)
        self._threads: ThreadPoolExecutor | None = None

    def __enter__(self) -> Crew:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def each(
        self, work: Callable[[Work], Done], pieces: Iterable[Work], fewest: int = FEWEST
    ) -> Iterator[Done | WorkerDied]:
        """What comes of each piece, in their order; WorkerDied for one that was lost.

        Here, one after the other, if there are less than `fewest` and no workers were asked for.

        Raises: what `work` raises.
        """
        rest = iter(pieces)
        if self.size > 1 and self._threads is None:
            least = 2 if self._is_asked else fewest
            first = list(islice(rest, least))
            rest = chain(first, rest)
            if len(first) == least:
                self._threads = ThreadPoolExecutor(self.size)
        waiting: deque[Future[Done]] = deque()
        ahead = AHEAD * self.size if self._threads else 1
        while True:
            more = islice(rest, max(0, ahead - len(waiting)))
            waiting.extend(self.begin(work, piece) for piece in more)
            if not waiting:
                return
            try:
                yield waiting.popleft().result()
            except WorkerDied as died:
                yield died

    def begin(self, work: Callable[[Work], Done], piece: Work) -> Future[Done]:
        """What will come of a piece; where there are no processes it is done at once."""
        if self._threads:
            return self._threads.submit(self.one, work, piece)
        future: Future[Done] = Future()
        try:
            future.set_result(work(piece))
        except Exception as error:
            future.set_exception(error)
        return future

    def one(self, work: Callable[[Work], Done], piece: Work) -> Done:
        """What comes of a piece, done by whichever worker is free. For threads.

        Raises: WorkerDied; what `work` raises.
        """
        seat = self._free.get()
        try:
            done: Done = seat.done(work, piece)
            return done
        except WorkerDied:
            self.has_lost = True
            raise
        finally:
            self._free.put(seat)

    def end(self) -> None:
        """No process is left, whatever it was at."""
        if self._threads:
            self._threads.shutdown(wait=False, cancel_futures=True)
        for seat in self._seats:
            seat.end()
        if self._threads:
            self._threads.shutdown()


class _Seat:
    """One worker after the other."""

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._process: Any = None
        self._pipe: Connection[Any, Any] | None = None
        self._is_over = False
        self._lock = threading.Lock()

    def done(self, work: Callable[[Any], Any], piece: object) -> Any:
        data = pickle.dumps((work, piece))
        if self._process is not None and not self._process.is_alive():
            self._ended()  # it died of nothing that it was to do: another one takes its seat
        try:
            pipe = self._pipe or self._started()
            pipe.send_bytes(data)
            answer = pipe.recv_bytes()
        except (EOFError, OSError):
            self._ended()
            raise WorkerDied from None
        value, error, frames = pickle.loads(answer)
        if error is not None:
            raise error from Elsewhere(frames)
        return value

    def _started(self) -> Connection[Any, Any]:
        with self._lock:
            if self._is_over:
                raise WorkerDied
            context = get_context("spawn")
            ours, theirs = context.Pipe()
            with theirs, _interrupts_blocked():
                self._process = context.Process(
                    target=_work,
                    args=(theirs, tempfile.gettempdir(), self._threads),
                    daemon=True,
                )
                self._process.start()
            self._pipe = ours
            return ours

    def _ended(self) -> None:
        with self._lock:
            if self._process is not None:
                self._process.kill()
                self._process.join()
                self._process = None
            if self._pipe is not None:
                self._pipe.close()
                self._pipe = None

    def end(self) -> None:
        with self._lock:
            self._is_over = True
            if self._process is not None:
                self._process.kill()  # whoever waits for it hears of it
                self._process.join()


@contextmanager
def _interrupts_blocked() -> Iterator[None]:
    """Ctrl-C is for the run, and a process that begins meanwhile inherits that it is not meant."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _work(pipe: Connection[Any, Any], scratch: str, threads: int) -> None:
    """Be a worker, until nobody has work any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    tempfile.tempdir = scratch
    settle_in(threads)
    while True:
        try:
            work, piece = pickle.loads(pipe.recv_bytes())
            pipe.send_bytes(_answer(work, piece))
        except (EOFError, OSError):
            return


def settle_in(threads: int) -> None:
    """Use no more than so many cores: the others are for other workers."""
    without_pandas()
    pa.set_cpu_count(threads)
    query.limit_threads(threads)
    database.limit_threads(threads)


def _end_with_parent() -> None:
    parent = parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _answer(work: Callable[[Any], Any], piece: object) -> bytes:
    """What comes of a piece, its error and where that was, for a pipe."""
    try:
        return pickle.dumps((work(piece), None, ()))
    except Exception as error:
        frames = [
            traceback.FrameSummary(each.filename, each.lineno, each.name, lookup_line=False)
            for each in traceback.extract_tb(error.__traceback__)
        ]
        try:
            told = pickle.dumps((None, error, frames))
            pickle.loads(told)
        except Exception:  # an error that cannot leave its process
            return pickle.dumps((None, RuntimeError(type(error).__name__), frames))
        return told
