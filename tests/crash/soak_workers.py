"""A run after the other with two workers of whom one is killed again and again, and readers.

    python -m tests.crash.soak_workers [SECONDS] [SECONDS BETWEEN KILLS] [READERS]

Each run gets more exports of a dozen people. In the end tables and marts have the same bytes as
those of one run with one worker, and no reader has seen an error or fewer rows than before.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from multiprocessing import Process, get_context
from pathlib import Path

from tests.crash.soak import read
from tests.crash.works import readings
from tests.lake import BERLIN, golden, put, tree

PEOPLE = [f"p{number:02}" for number in range(12)]
DAYS = 26
KEPT = ("tables", "marts")
SINCE = 1_755_000_000  # after July; all in an hour: what they tell equally has no order


def more_exports(folder: Path, number: int) -> None:
    """The n-th exports of everyone: a few days of July that overlap those of others."""
    for place, who in enumerate(PEOPLE):
        day = 1 + (number * 3 + place) % DAYS
        files: dict[str, bytes | str] = {f"glucose {number}.csv": readings(day, 4)}
        if number == 0:
            files["sleep.json"] = golden("fitbit_takeout", "sleep_fall_back_night").data()
        for file in put(folder / who, files):
            os.utime(file, (SINCE + number, SINCE + number))


def started(people: Path, lake: Path, workers: int) -> subprocess.Popen[bytes]:
    words = ("ingest", "--participant-from-folder", people, "--timezone", BERLIN)
    options = ("--workers", workers, "--lake", lake)
    command = [sys.executable, "-m", "flows.cli", *map(str, (*words, *options))]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def workers_of(run: int) -> list[int]:
    """Processes that a run has started to work for it."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            words = (folder / "cmdline").read_bytes()
        except (OSError, ValueError, IndexError):
            continue
        if parent == run and b"spawn_main" in words:
            found.append(int(folder.name))
    return found


def ended(run: subprocess.Popen[bytes], kills: list[float], every_s: float) -> str:
    """What is wrong with a run, '' if nothing; a worker of it is killed when it is time to."""
    while run.poll() is None:
        if time.time() - kills[-1] >= every_s and (at_work := workers_of(run.pid)):
            os.kill(random.choice(at_work), signal.SIGKILL)
            kills.append(time.time())
        time.sleep(0.01)
    assert run.stderr
    said = run.stderr.read().decode()
    if run.returncode not in (0, 1) or "Traceback" in said:
        return f"a run ended with {run.returncode}: {said[-1000:]}"
    return ""


def differing(one: Path, other: Path) -> list[str]:
    """Tables and marts that two lakes do not share, byte by byte."""
    here, there = (
        {f"{name}/{file}": data for name in KEPT for file, data in tree(lake / name).items()
         if file.endswith(".parquet")}
        for lake in (one, other)
    )  # fmt: skip
    assert here
    return sorted(name for name in here.keys() | there.keys() if here.get(name) != there.get(name))


def main(seconds: float = 300, every_s: float = 20, readers: int = 3) -> int:
    """1 if anything went wrong."""
    folder = Path(tempfile.mkdtemp(prefix="dawnlake-soak-")).resolve()
    lake, people, asking = folder / "lake", folder / "people", list[Process]()
    context = get_context("spawn")
    done = context.Queue()
    wrong, kills, runs = [], [time.time()], 1
    try:
        more_exports(people, 0)
        wrong += filter(None, [ended(started(people, lake, 2), kills, 1e9)])
        until = time.time() + seconds
        for reader in range(readers):
            asking.append(context.Process(target=read, args=(lake, reader, until, done)))
            asking[-1].start()
        while time.time() < until and not wrong:
            more_exports(people, runs)
            wrong += filter(None, [ended(started(people, lake, 2), kills, every_s)])
            runs += 1
        told = [done.get(timeout=seconds + 300) for _ in asking]
        wrong += [each for each in told if isinstance(each, str)]
        for workers, place in ((2, lake), (1, folder / "serial")):
            run = started(people, place, workers)
            wrong += filter(None, [ended(run, kills, 1e9)])
            wrong += ["the last run was not clean"] if run.returncode else []
        wrong += [f"{name} differs" for name in differing(lake, folder / "serial")]
        asked = sum(each[1] for each in told if isinstance(each, tuple))
        print(*wrong, sep="\n", end="\n" if wrong else "")  # noqa: T201
        print(  # noqa: T201
            f"{runs} runs, {len(kills) - 1} workers killed, {asked} queries, {len(wrong)} faults"
        )
        return 1 if wrong else 0
    finally:
        for process in asking:
            process.kill()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    given = [float(word) for word in sys.argv[1:]]
    sys.exit(main(*given[:2], *map(int, given[2:3])))
