"""Writers and readers of one lake at once, each a process of its own.

    python -m tests.crash.soak [SECONDS] [READERS]

Two writers ingest overlapping exports of two people, both of both; readers ask by view, through the
command line's own way of opening and through one connection that stays open. In the end the tables
are those of a run of one after the other, no reader has seen an error, and a count of rows never
fell.
"""

from __future__ import annotations

import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from multiprocessing import Process, Queue, get_context
from pathlib import Path

from flows.deriving.pipeline import ingest
from flows.usage import fetched, opened
from tests.crash.harness import state
from tests.crash.works import VIEWS, answers, readings
from tests.lake import BERLIN, golden, put
from warehouse.schema import TABLES
from warehouse.store.lake import Lake

PEOPLE = ("ada", "ben")
PAUSE_S = 0.05


def exports(folder: Path, writer: int, number: int) -> list[Path]:
    """The n-th export of a writer: a few days of July, which those of the other overlap."""
    day = 1 + (number * 2 + writer) % 26
    files: dict[str, bytes | str] = {f"{writer} {day}.csv": readings(day, 4)}
    if number % 3 == 0:
        files["sleep.json"] = golden("fitbit_takeout", "sleep_fall_back_night").data()
    return put(folder / str(writer), files)


def write(root: Path, folder: Path, writer: int, until: float, done: Queue[object]) -> None:
    """Ingest until the time is over, in turn for both people."""
    number = 0
    try:
        while time.time() < until or number == 0:
            ingest(Lake(root), exports(folder, writer, number), PEOPLE[number % 2], BERLIN)
            number += 1
    except BaseException as error:
        done.put(f"writer {writer}: {type(error).__name__}: {error}")
        raise
    done.put((writer, number))


def read(root: Path, reader: int, until: float, done: Queue[object]) -> None:
    """Ask until the time is over; half of the readers keep their connection."""
    chance, asked, most = random.Random(reader), 0, 0
    keeps = reader % 2 == 0
    _, connection = opened(root)
    try:
        while time.time() < until:
            if not keeps:
                connection.close()
                _, connection = opened(root)
            name = chance.choice([*TABLES, *VIEWS])
            fetched(connection, f"select * from {name}")
            ((count,),) = fetched(connection, "select count(*) from sample")
            if count < most:
                done.put(f"reader {reader}: {count} rows, there were {most}")
            most, asked = max(most, count), asked + 2
            time.sleep(PAUSE_S)
    except BaseException as error:
        done.put(f"reader {reader}, query {asked}: {type(error).__name__}: {error}")
        raise
    done.put((None, asked))


def main(seconds: float, readers: int) -> int:
    """1 if anything went wrong."""
    folder = Path(tempfile.mkdtemp(prefix="dawnlake-soak-"))
    processes, context = list[Process](), get_context("spawn")
    done = context.Queue()
    try:
        root = folder / "lake"
        for who in PEOPLE:  # readers need a lake
            ingest(Lake(root), exports(folder / "first", 0, 0), who, BERLIN)
        until = time.time() + seconds

        def start(work: Callable[..., None], *values: object) -> None:
            processes.append(context.Process(target=work, args=(*values, until, done)))
            processes[-1].start()

        for writer in range(2):
            start(write, root, folder / "in", writer)
        for reader in range(readers):
            start(read, root, reader)
        told = [done.get(timeout=seconds + 300) for _ in processes]
        for process in processes:
            process.join(60)
        wrong = [str(each) for each in told if isinstance(each, str)]
        fine = [each for each in told if isinstance(each, tuple)]
        runs = {who: count for who, count in fine if who is not None}
        asked = sum(count for who, count in fine if who is None)
        wrong += differences(folder, root, runs) if not wrong else []
        for fault in wrong:
            print(fault)  # noqa: T201
        print(f"{sum(runs.values())} ingests, {asked} queries, {len(wrong)} faults")  # noqa: T201
        return 1 if wrong else 0
    finally:
        for process in processes:
            process.kill()
        shutil.rmtree(folder, ignore_errors=True)


def differences(folder: Path, root: Path, runs: dict[int, int]) -> list[str]:
    """Where the lake is another than that of the same exports one after the other."""
    serial = folder / "serial"
    for who in PEOPLE:
        ingest(Lake(serial), exports(folder / "first", 0, 0), who, BERLIN)
    for writer, count in runs.items():
        for number in range(count):
            ingest(Lake(serial), exports(folder / "again", writer, number), PEOPLE[number % 2])
    answers(root)
    one, other = state(root), state(serial)
    odd = [n for n in one.keys() | other.keys() if one.get(n) != other.get(n)]
    left = [str(path) for path in root.rglob(".*")]
    return [f"{name} differs" for name in odd if name.startswith("tables/")] + left


if __name__ == "__main__":
    given = [float(word) for word in sys.argv[1:]]
    sys.exit(main(*given[:1] or [300.0], int(given[1]) if len(given) > 1 else 10))
