"""Many small people: what each costs, and what a second worker brings.

    python -m tests.bench.bench_people [PEOPLE [DAYS]]      100 people of 14 days unless told

Everybody has a Clarity export of every five minutes and a Takeout of a Fitbit. Prints seconds on
the clock and of CPU with 1 and with 2 workers, whether their lakes have the same bytes, and CPU for
each person with 10 people and with all of them.
"""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from zipfile import ZipFile

import numpy as np

from tests.bench.bench_clarity import HEADER
from tests.bench.measured import Cost, cost

FIRST = dt.date(2025, 9, 1)
FEW = 10


def write_person(folder: Path, number: int, days: int) -> None:
    """The exports of one person, other than anybody else's."""
    rng = np.random.default_rng(number)
    folder.mkdir(parents=True)
    (folder / "clarity.csv").write_text(_clarity(rng, days), "utf-8-sig")
    with ZipFile(folder / "takeout.zip", "w") as archive:
        place = "Takeout/Fitbit/Global Export Data"
        archive.writestr(f"{place}/sleep-{FIRST}.json", json.dumps(_nights(rng, number, days)))
        for day in range(days):
            date = FIRST + dt.timedelta(days=day)
            archive.writestr(f"{place}/heart_rate-{date}.json", json.dumps(_pulse(rng, date)))


def _clarity(rng: np.random.Generator, days: int) -> str:
    rows = days * 288
    glucose = (110 + 30 * np.sin(np.arange(rows) / 25) + rng.normal(0, 5, rows)).astype(int)
    start = dt.datetime.combine(FIRST, dt.time(0, 2))
    lines = [",".join(f'"{cell}"' for cell in HEADER.split(","))]
    for i in range(rows):
        at = start + dt.timedelta(seconds=300 * i)
        cells = [i + 1, at.isoformat(), "EGV", "", "", "", "iOS G7", glucose[i], "", "", "", ""]
        cells += [1700 + 300 * (i % 2880), 109300000000 + i // 2880]
        lines.append(",".join(f'"{cell}"' for cell in cells))
    return "\n".join(lines) + "\n"


def _nights(rng: np.random.Generator, person: int, days: int) -> list[dict[str, object]]:
    """A sleep log of each night, thirty stages each."""
    logs = []
    for day in range(1, days):
        begin = dt.datetime.combine(FIRST + dt.timedelta(days=day - 1), dt.time(23))
        at = begin = begin + dt.timedelta(seconds=30 * int(rng.integers(0, 100)))
        stages: list[dict[str, object]] = []
        for turn in range(30):
            level = ("light", "deep", "light", "rem", "wake")[turn % 5]
            seconds = 30 * int(rng.integers(20, 40))
            stages.append({"dateTime": _iso(at), "level": level, "seconds": seconds})
            at += dt.timedelta(seconds=seconds)
        whole = int((at - begin).total_seconds())
        logs.append(
            {
                "logId": 51_000_000_000 + 1000 * person + day,
                "dateOfSleep": at.date().isoformat(),
                "startTime": _iso(begin),
                "endTime": _iso(at),
                "duration": 1000 * whole,
                "minutesAsleep": whole // 75,
                "timeInBed": whole // 60,
                "type": "stages",
                "mainSleep": True,
                "levels": {"data": stages, "shortData": [], "summary": {}},
            }
        )
    return logs


def _pulse(rng: np.random.Generator, date: dt.date) -> list[dict[str, object]]:
    """A day's heart rate, every five minutes."""
    return [
        {
            "dateTime": f"{date:%m/%d/%y} {minute // 60:02}:{minute % 60:02}:00",
            "value": {"bpm": int(rng.integers(50, 90)), "confidence": 2},
        }
        for minute in range(0, 1440, 5)
    ]


def _iso(at: dt.datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S.000}"


def run(*words: object) -> Callable[[], int]:
    """A command in a process of its own."""

    def do() -> int:
        command = [sys.executable, "-m", "flows.cli", *map(str, words)]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode in (0, 1), done.stderr
        return done.returncode

    return do


def kept(lake: Path) -> dict[str, bytes]:
    """Tables and marts, by place."""
    return {
        str(path.relative_to(lake)): path.read_bytes()
        for name in ("tables", "marts")
        for path in (lake / name).rglob("*")
        if path.is_file()
    }


def main(people: int = 100, days: int = 14) -> None:
    """Print costs and ratios."""
    with tempfile.TemporaryDirectory() as folder:
        few, all_, lake = (Path(folder, name) for name in ("few", "all", "lake"))
        for number in range(people):
            write_person(all_ / f"p{number:05}", number, days)
            if number < FEW:
                write_person(few / f"p{number:05}", number, days)

        def ingested(given: Path, workers: int) -> Cost:
            where = Path(f"{lake}-{given.name}-{workers}")
            words = ("ingest", "--participant-from-folder", given, "--timezone", "Europe/Berlin")
            return cost(run(*words, "--workers", workers, "--lake", where))

        small, one, two = ingested(few, 1), ingested(all_, 1), ingested(all_, 2)
        same = kept(Path(f"{lake}-all-1")) == kept(Path(f"{lake}-all-2"))
        least = min(FEW, people)
        more = people - least
        each = (one.cpu_s - small.cpu_s) / more if more else one.cpu_s / people
        told = [
            f"{people} people of {days} days, ingest by folder:",
            *(
                f"  {workers} worker{'s' * (workers > 1)}: {found.seconds:.1f} s, "
                f"{found.cpu_s:.1f} s of CPU, {found.peak_mb} MB at most in one process"
                for workers, found in ((1, one), (2, two))
            ),
            f"  2 workers are {one.seconds / two.seconds:.2f} times as fast, for "
            f"{two.cpu_s / one.cpu_s:.2f} times the CPU; bytes {'equal' if same else 'DIFFER'}",
            f"  CPU a person: {1000 * small.cpu_s / least:.0f} ms of {least} with the start, "
            f"{1000 * each:.0f} ms of each further one; {each * 365 / days:.1f} s a person-year",
        ]
        for name in ("rebuild", "effect", "report"):
            costs = [
                cost(run(name, "--workers", workers, "--lake", Path(f"{lake}-all-{workers}")))
                for workers in (1, 2)
            ]
            told.append(
                f"  {name}: {costs[0].seconds:.1f} s with 1, {costs[1].seconds:.1f} s with 2 "
                f"({costs[0].seconds / costs[1].seconds:.2f}); CPU {costs[0].cpu_s:.1f} s and "
                f"{costs[1].cpu_s:.1f} s"
            )
        sys.stdout.write("\n".join(told) + "\n")


if __name__ == "__main__":
    main(*(int(word) for word in sys.argv[1:3]))
