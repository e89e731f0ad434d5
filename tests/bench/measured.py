"""What a piece of work costs: seconds on the clock, seconds of CPU, memory at most."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

_BOTH = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)


@dataclass(frozen=True)
class Cost:
    """Of the best of some repeats. CPU and memory count processes that were started too.

    CPU is what to compare by where others use the machine.
    """

    seconds: float
    cpu_s: float
    peak_mb: int
    result: int

    def better(self, other: Cost) -> Cost:
        """The best of both, and the larger peak."""
        return Cost(
            min(self.seconds, other.seconds),
            min(self.cpu_s, other.cpu_s),
            max(self.peak_mb, other.peak_mb),
            self.result,
        )


def cost(task: Callable[[], int], repeats: int = 1) -> Cost:
    """The cost of a task; the peak is that of this process so far, or of one it started."""
    found: Cost | None = None
    for _ in range(repeats):
        begun, used = time.perf_counter(), cpu_s()
        result = task()
        now = Cost(time.perf_counter() - begun, cpu_s() - used, _peak_mb(), result)
        found = now if found is None else now.better(found)
    assert found is not None
    return found


def cpu_s() -> float:
    """Seconds of CPU of this process and of those it started that have ended."""
    used = [resource.getrusage(who) for who in _BOTH]
    return sum(each.ru_utime + each.ru_stime for each in used)


def _peak_mb() -> int:
    peak = max(resource.getrusage(who).ru_maxrss for who in _BOTH)
    return int(peak) >> (20 if sys.platform == "darwin" else 10)
