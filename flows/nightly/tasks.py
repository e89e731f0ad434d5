"""Work as Prefect tasks: one after the other in this process, or participants at the same time.

At the same time they are done by a crew of processes of this machine, which know nothing of
Prefect: importing it takes seconds, and Prefect's own process pool is lost for everybody once one
of its processes dies. Or they are done by the workers of a Dask cluster, which share the lake.

What Prefect keeps holds no file name and no value: what a task takes and gives stays in memory, a
fault is told by kind and place.
"""

from __future__ import annotations

import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from itertools import islice
from typing import Any, ParamSpec, TypeVar

from flows.deriving.crew import FEWEST, Crew, WorkerDied, cores, settle_in
from flows.deriving.derivation import Begun, Workers
from flows.deriving.group import Group, Marts, marts_of
from flows.deriving.person import Person, Worked, worked
from flows.nightly.discretion import Fault, discreet
from flows.nightly.surroundings import set_environment

P = ParamSpec("P")
R = TypeVar("R")
Piece = TypeVar("Piece")
Done = TypeVar("Done")
AHEAD = 2  # tasks for each worker that are under way
WORKERS_S = 30.0  # until a cluster has its workers


set_environment()

from prefect import State, task  # noqa: E402
from prefect.cache_policies import NO_CACHE  # noqa: E402
from prefect.client.schemas.objects import TaskRun  # noqa: E402
from prefect.task_runners import ThreadPoolTaskRunner  # noqa: E402


def _is_worth_retrying(_: object, __: TaskRun, state: State[Any]) -> bool:
    """A disk can be busy or away for a moment; everything else fails again."""
    return isinstance(state.result(raise_on_failure=False), OSError)


def step(name: str, shown: str, work: Callable[P, R]) -> Callable[P, R]:
    """Work as a task. What it takes and gives stays in memory, a fault is told discreetly."""

    @wraps(work)
    def done(*values: P.args, **named: P.kwargs) -> R:
        with discreet():  # and not by decoration, which no other process could be sent
            return work(*values, **named)

    made = task(
        name=name,
        task_run_name=shown,
        retries=2,
        retry_delay_seconds=[5, 30],
        retry_condition_fn=_is_worth_retrying,
        cache_policy=NO_CACHE,
        persist_result=False,
        log_prints=False,
    )
    return made(done)


def _person(piece: Person, crew: Crew | None) -> Worked | None:
    return _done(worked, piece, crew)


def _marts(piece: Group, crew: Crew | None) -> Marts:
    return _done(marts_of, piece, crew)


def _done(work: Callable[[Any], R], piece: Person | Group, crew: Crew | None) -> R:
    """By a process of the crew, or here: by a worker of a cluster, which has one thread."""
    if crew is not None:
        return crew.one(work, piece)
    settle_in(1)
    before, tempfile.tempdir = tempfile.tempdir, str(piece.stage.root)
    try:
        return work(piece)
    finally:
        tempfile.tempdir = before


TASKS: dict[Callable[[Any], Any], Any] = {
    worked: step("participant", "participant {piece.participant}", _person),
    marts_of: step("marts", "marts", _marts),
}


@dataclass(frozen=True)
class _Future:
    """What will come of a task."""

    of: Any

    def done(self) -> bool:
        return bool(self.of.wrapped_future.done())

    def result(self) -> Any:
        return self.of.result()


class Tasks:
    """Workers whose every piece of work is a task, run by a runner of Prefect's."""

    def __init__(self, runner: Any, size: int, crew: Crew | None) -> None:
        self.size = size
        self._runner, self._crew = runner, crew

    @property
    def has_lost(self) -> bool:
        """Of a cluster nobody knows: it does again what a worker has died of."""
        return self._crew is None or self._crew.has_lost

    def each(
        self, work: Callable[[Piece], Done], pieces: Iterable[Piece], fewest: int = FEWEST
    ) -> Iterator[Done | WorkerDied | Fault]:
        """What comes of each piece, in their order; a fault costs its own alone."""
        rest, waiting = iter(pieces), deque[Begun[Done]]()
        while True:
            more = islice(rest, AHEAD * self.size - len(waiting))
            waiting.extend(self.begin(work, piece) for piece in more)
            if not waiting:
                return
            try:
                yield waiting.popleft().result()
            except (Fault, WorkerDied) as fault:
                yield fault

    def begin(self, work: Callable[[Piece], Done], piece: Piece) -> Begun[Done]:
        """What will come of a piece."""
        return _Future(self._runner.submit(TASKS[work], {"piece": piece, "crew": self._crew}))

    def end(self) -> None:
        """Nobody works any more; of a cluster those do who have begun, and then find no stage."""
        if self._crew is not None:
            self._crew.end()


@contextmanager
def at_once(workers: int | None, people: int, cluster: str) -> Iterator[Workers | None]:
    """Who works participants at the same time; None if it does not pay: one after the other.

    Raises: Fault if the cluster does not answer, or has no worker.
    """
    size = workers or (cores() if people >= FEWEST else 1)
    if cluster:
        with _dask(cluster) as runner:
            yield runner
    elif size == 1:
        yield None
    else:
        threads: ThreadPoolTaskRunner[Any] = ThreadPoolTaskRunner(max_workers=size)
        with Crew(size) as crew, threads:
            yield Tasks(threads, size, crew)


@contextmanager
def _dask(address: str) -> Iterator[Tasks]:
    try:
        from prefect_dask.task_runners import DaskTaskRunner
    except ImportError:
        raise Fault(
            "--dask needs the extra `cluster`: pip install 'dawnlake[cluster]', here and on every "
            "worker"
        ) from None
    with DaskTaskRunner(address=address) as runner:
        try:
            runner.client.wait_for_workers(1, timeout=WORKERS_S)
            size = len(runner.client.scheduler_info(n_workers=-1)["workers"])
        except (OSError, TimeoutError):
            raise Fault(
                "no Dask scheduler with a worker answers at the address of --dask: start "
                "`dask scheduler`, and `dask worker` on each machine"
            ) from None
        yield Tasks(runner, size, None)
