"""Commands with several worker processes: the same bytes, and a worker that is killed."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.lake import BERLIN, clarity, golden, pulse, put
from tests.running import said_by
from warehouse.store.lake import Lake

pytestmark = [pytest.mark.whole, pytest.mark.long]

KEPT = ("tables", "marts", "extracted")
PEOPLE = ("ada", "ben", "cem", "dia", "eva")


def readings(days: int, every_min: int = 60, first_day: int = 1) -> str:
    """A Clarity export of some days of November."""
    minutes = range(0, 1440, every_min)
    return clarity(
        [
            (
                f"2025-11-{day:02}T{minute // 60:02}:{minute % 60:02}:00",
                80 + (minute // 30 + day) % 60,
                86_400 * day + 60 * minute,
                "8AB",
            )
            for day in range(first_day, first_day + days)
            for minute in minutes
        ]
    )


def write_people(folder: Path) -> Path:
    """Five people, each with other exports; one has nothing that is read, one a damaged file."""
    night = golden("fitbit_takeout", "sleep_fall_back_night").data()
    for number, who in enumerate(PEOPLE):
        put(folder / who, {"glucose.csv": readings(3 + number), "sleep.json": night})
        put(folder / who, {f"pulse-{day}.json": pulse(day) for day in range(1, 10)})
    put(folder / "cem", {"again.csv": readings(9), "cut.json": night[:900]})
    put(folder / "fay", {"notes.txt": b"nothing to be read\n"})
    return folder


def kept(lake: Path) -> dict[str, bytes]:
    """Tables, marts and extracted files, by place."""
    return {
        str(path.relative_to(lake)): path.read_bytes()
        for name in KEPT
        for path in sorted((lake / name).rglob("*"))
        if path.is_file() and path.name != "inbox.json"  # which has times and inodes of the inbox
    }


def differing(one: Path, other: Path) -> list[str]:
    here, there = kept(one), kept(other)
    assert here
    return sorted(name for name in here.keys() | there.keys() if here.get(name) != there.get(name))


def untimed(said: str) -> str:
    """What was said, without what tells a clock."""
    return "\n".join(line for line in said.splitlines() if " s" not in line[-8:])


def test_a_lake_has_the_same_bytes_with_one_worker_and_with_two(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    people, told = write_people(tmp_path / "people"), []
    (more,) = put(tmp_path, {"more.csv": readings(4, first_day=8)})
    for workers in (1, 2):
        lake = tmp_path / f"lake{workers}"
        common = ("--workers", workers, "--lake", lake)
        words = ("ingest", "--participant-from-folder", people, "--timezone", BERLIN)
        code, _, first = said_by(capsys, *words, *common)
        assert code == 1
        again = said_by(capsys, *words, *common)
        put(lake / "inbox" / "ada", {})
        shutil.copy2(more, lake / "inbox" / "ada")  # when it was written tells its age
        rebuilt = said_by(capsys, "rebuild", "--from", "files", *common)
        effect = said_by(capsys, "effect", *common)
        told.append([first, again, rebuilt, effect])
    assert told[0] == told[1]
    assert "ada (1 of 6)" in told[1][0] and "nothing of fay is an export" in told[1][0]
    assert differing(tmp_path / "lake1", tmp_path / "lake2") == []
    assert Lake(tmp_path / "lake2").leftovers() == []


def run(*words: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "flows.cli", *map(str, words)]
    return subprocess.Popen(
        command, text=True, stdout=-1, stderr=-1, stdin=subprocess.DEVNULL, start_new_session=True
    )


def at_it(folder: Path) -> Iterator[int]:
    """Processes that have a file open below a folder."""
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            if str(link.readlink()).startswith(f"{folder}/"):
                yield int(link.parts[2])
        except OSError:
            continue


def once(condition: Callable[[], list[int]], process: subprocess.Popen[str]) -> list[int]:
    """What a condition gives as soon as it gives anything."""
    until = time.monotonic() + 120
    while not (found := condition()):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until
    return found


@pytest.mark.crash
@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="asks /proc who reads what")
def test_a_killed_worker_costs_its_participant_alone(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    people = write_people(tmp_path / "people")
    for number in range(4):
        put(people / "dia", {f"large-{number}.csv": readings(20, 1, 1 + number)})
    words = ("ingest", "--participant-from-folder", people, "--timezone", BERLIN)
    said_by(capsys, *words, "--workers", 1, "--lake", tmp_path / "whole")
    lake = Lake((tmp_path / "lake").resolve())
    process = run(*words, "--workers", 2, "--lake", lake.root)
    reading = lake.extracted / "participant_id=dia"
    (worker, *_) = once(lambda: list(at_it(reading)), process)
    assert worker != process.pid
    os.kill(worker, signal.SIGKILL)
    _, said = process.communicate(timeout=300)
    assert process.returncode == 1
    assert "dia: a worker process ended in the middle" in said
    missing = differing(tmp_path / "whole", lake.root)
    own = [name for name in missing if "dia" in name]
    shared = [name for name in missing if name.startswith("marts/of_")]
    assert own and sorted(own + shared) == missing
    assert not any(name.startswith("tables/") for name in kept(lake.root) if "dia" in name)
    assert lake.leftovers() == []
    code, _, _ = said_by(capsys, *words, "--workers", 2, "--lake", lake.root)
    assert code == 1
    assert differing(tmp_path / "whole", lake.root) == []


@pytest.mark.crash
@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="asks /proc who reads what")
def test_ctrl_c_ends_every_worker_and_leaves_nothing_behind(tmp_path: Path) -> None:
    people = write_people(tmp_path / "people")
    lake = Lake((tmp_path / "lake").resolve())
    words = ("ingest", "--participant-from-folder", people, "--timezone", BERLIN)
    process = run(*words, "--workers", 2, "--lake", lake.root)
    workers = once(lambda: list(at_it(lake.extracted)), process)
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said.count("stopped") == 1 and "Traceback" not in said
    assert lake.leftovers() == []
    assert [pid for pid in workers if Path(f"/proc/{pid}").exists()] == []
