"""Kills a run at every boundary of writing that it can find, and looks at what is left.

    python -m tests.crash.harness [POINTS [WORK]]

A work (an ingest, a rebuild, a withdrawal, an export) runs in a forked child. An audit hook counts
what the child does to files of the lake (opening to write, renaming, removing, making folders,
flushing) and sends it SIGKILL at the k-th, or some milliseconds after, in the middle of what Arrow
and DuckDB write natively. Then

- every table is one of before or one of after, to the byte, and every view answers;
- the next run completes, and what is in the lake is what an undisturbed run would have made of it;
- nothing is left over, at the latest once somebody has written.

Without POINTS all points are tried, with it so many of them, evenly spread; with WORK of one alone.
"""

from __future__ import annotations

import gc
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.crash.works import WORKS, Work, answers, rebuilt
from warehouse.store.lake import Lake
from warehouse.store.lock import writing
from warehouse.store.work import left_alone

CHANGES = {
    *("os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.chmod", "os.truncate"),
    *("shutil.rmtree", "shutil.copyfile", "tempfile.mkstemp", "tempfile.mkdtemp"),
}
DELAYS_MS = (0.0, 3.0)
TOO_LONG_S = 120


@dataclass(frozen=True)
class Point:
    """The k-th change of a work (from 1) and how long after it."""

    work: Work
    change: int
    delay_ms: float

    def __str__(self) -> str:
        return f"{self.work.name}, change {self.change} and {self.delay_ms:g} ms"


def changes_of(lake: Path, then: Callable[[int], None]) -> None:
    """Call `then` with the number of each change that this process makes below `lake`."""
    root, count = str(lake), 0

    def hook(event: str, values: tuple[object, ...]) -> None:
        nonlocal count
        if event == "open":
            path, _, flags = values
            writes = isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR)
            is_change = bool(writes) or (isinstance(path, str | Path) and Path(path).is_dir())
        else:
            is_change = event in CHANGES
        if is_change and values and str(values[0]).startswith(root):
            count += 1
            then(count)

    sys.addaudithook(hook)


def child(work: Callable[[], None]) -> int:
    """The exit code of `work` in a process of its own; negative if a signal ended it.

    What the parent has collected or left to collect stays: a database whose threads did not come
    along cannot be closed.
    """
    gc.collect()
    pid = os.fork()
    if pid == 0:
        gc.freeze()
        code = 1
        try:
            work()
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    until = time.monotonic() + TOO_LONG_S
    while time.monotonic() < until:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.005)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return -signal.SIGALRM


def counted(work: Work, lake: Path, exports: Path) -> int:
    """How many changes an undisturbed run makes; its lake is left as it is then."""
    note = lake.parent / "count"

    def run() -> None:
        last = 0

        def keep(number: int) -> None:
            nonlocal last
            last = number

        changes_of(lake, keep)
        work.run(lake, exports)
        note.write_text(str(last))

    assert child(run) == 0, work.name
    return int(note.read_text())


def killed(point: Point, lake: Path, exports: Path) -> bool:
    """Whether the run was killed, and not over before."""

    def die() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def run() -> None:
        def then(number: int) -> None:
            if number != point.change:
                return
            if point.delay_ms == 0:
                die()
            threading.Timer(point.delay_ms / 1000, die).start()

        changes_of(lake, then)
        point.work.run(lake, exports)

    code = child(run)
    assert code in (0, -signal.SIGKILL), f"{point}: exit {code}"
    with left_alone(Lake(lake)):  # workers of the dead run are gone, too
        pass
    return code != 0


def state(lake: Path) -> dict[str, bytes]:
    """Tables, marts and extracted files, by place."""
    return {
        str(path.relative_to(lake)): path.read_bytes()
        for part in ("tables", "marts", "extracted")
        for path in sorted((lake / part).rglob("*"))
        if path.is_file() and not any(p.startswith(".") for p in path.parts)
    }


def faults_of(point: Point, lake: Path, exports: Path, before: Path, after: Path) -> list[str]:
    """What is wrong after a kill, and after the next run."""
    found = []
    old, new, now = state(before), state(after), state(lake)
    for name, data in now.items():
        if name.startswith("tables/") and data not in (old.get(name), new.get(name)):
            found.append(f"{name} is half written")
    if (lake / "warehouse.duckdb").exists() and child(lambda: answers(lake)) != 0:
        found.append("a view does not answer")
    elif (before / "warehouse.duckdb").exists() and not (lake / "warehouse.duckdb").exists():
        found.append("there is no warehouse any more")
    found += after_others(lake, old, new)
    if child(lambda: point.work.run(lake, exports)) != 0:
        return [*found, "the next run fails"]
    healed = state(lake)
    odd = [name for name in new.keys() | healed if new.get(name) != healed.get(name)]
    found += [f"{name} differs" for name in odd]
    if not point.work.is_writer:
        assert child(lambda: visit(Lake(lake))) == 0
    found += [f"{p.relative_to(lake)} is left" for p in lake.rglob(".*") if p.name != ".history"]
    if (lake / "writer.lock").read_text():
        found.append("the lake is not released")
    if child(lambda: answers(lake)) != 0:
        found.append("a view does not answer after the next run")
    return found + point.work.faults(lake, after)


def after_others(lake: Path, old: dict[str, bytes], new: dict[str, bytes]) -> list[str]:
    """What is wrong once somebody else has written, and then derived everything again.

    Extracted files of before and after have to be there, tables of somebody without a file not.
    """
    copy = Lake(lake.with_name("copy"))
    shutil.copytree(lake, copy.root)

    try:
        if child(lambda: visit(copy)) != 0:
            return ["the lake is lost"]
        there = state(copy.root)
        kept = (name for name in old.keys() & new.keys() if name.startswith("extracted/"))
        found = [f"{name} is lost" for name in kept if name not in there]
        copied_mark(lake, copy.root)
        if copy.exists() and child(lambda: rebuilt(copy.root)) != 0:
            found.append("a rebuild fails")
        having = {who for who in copy.participants() if copy.part_folders(who)}
        return [*found, *(f"{who} has tables and no file" for who in copy.with_tables() - having)]
    finally:
        shutil.rmtree(copy.root)


def visit(lake: Lake) -> None:
    with writing(lake, "somebody else"):
        pass


def copied_mark(lake: Path, copy: Path) -> None:
    """That a run was killed, for the next one to know."""
    if (lake / "writer.lock").exists():
        shutil.copyfile(lake / "writer.lock", copy / "writer.lock")


def points_of(work: Work, changes: int) -> list[Point]:
    return [Point(work, n, delay) for n in range(1, changes + 1) for delay in DELAYS_MS]


def main(wanted: int | None = None, name: str = "") -> int:
    """1 if anything is wrong."""
    os.environ["SOURCE_DATE_EPOCH"] = "1767225600"  # when data sets say that they were made
    folder = Path(tempfile.mkdtemp(prefix="dawnlake-crash-"))
    began, wrong, hit, tried = time.monotonic(), 0, 0, 0
    try:
        exports = folder / "exports"
        works = [work for work in WORKS if name in work.name]
        for work in works:
            before, after = folder / work.prepare.__name__, folder / work.name / "lake"
            if not before.exists():
                before.mkdir()
                assert child(lambda w=work, b=before: w.prepare(b, exports)) == 0  # type: ignore[misc]
            shutil.copytree(before, after)
            points = points_of(work, counted(work, after, exports))
            step = 1 if wanted is None else max(1, round(len(points) * len(works) / wanted))
            step = step | 1  # every second point has a delay: an odd step meets both kinds
            chosen = points[step // 2 :: step]
            for point in chosen:
                lake = folder / "lake"
                shutil.rmtree(lake, ignore_errors=True)
                shutil.copytree(before, lake)
                hit += killed(point, lake, exports)
                tried += 1
                for fault in faults_of(point, lake, exports, before, after):
                    wrong += 1
                    print(f"{point}: {fault}", flush=True)  # noqa: T201
            print(f"{work.name}: {len(chosen)} of {len(points)} points", flush=True)  # noqa: T201
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    took = time.monotonic() - began
    print(f"{tried} kills tried, {hit} met a run, {wrong} faults, {took:.0f} s")  # noqa: T201
    return 1 if wrong or not hit else 0


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:2]), *sys.argv[2:3]))
