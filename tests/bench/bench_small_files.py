"""Thousands of small files of one archive: what each costs, first and again.

    python -m tests.bench.bench_small_files [FILES]      2000 unless told

Prints milliseconds of CPU per file of a whole ingest, beyond what an ingest of a few files takes,
and the same when the archive is given again; beside the floor, a bare pass that reads every member
as JSON.
"""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from zipfile import ZipFile

from tests.bench.measured import cost

FEW = 20
READINGS = 5


def write_archive(path: Path, files: int) -> None:
    """A Takeout with a few readings of heart rate in a file for each day."""
    with ZipFile(path, "w") as archive:
        for number in range(files):
            day = dt.date(2024, 12, 31) - dt.timedelta(days=number)
            told = [
                {
                    "dateTime": f"{day:%m/%d/%y} 08:0{minute}:00",
                    "value": {"bpm": 60 + minute, "confidence": 2},
                }
                for minute in range(READINGS)
            ]
            name = f"Takeout/Fitbit/Global Export Data/heart_rate-{day}.json"
            archive.writestr(name, json.dumps(told))


def bare(path: Path) -> int:
    """Records, read with nothing but the standard library."""
    with ZipFile(path) as archive:
        return sum(len(json.loads(archive.read(name))) for name in archive.namelist())


def ingested(path: Path, lake: Path) -> int:
    """An ingest from the command line, start-up included."""
    command = [sys.executable, "-m", "flows.cli", "ingest", str(path), "--participant", "a"]
    command += ["--timezone", "Europe/Berlin", "--lake", str(lake)]
    return subprocess.run(command, check=True, capture_output=True).returncode


def main(files: int = 2000) -> None:
    """Print milliseconds a file and the ratio to the floor."""
    with tempfile.TemporaryDirectory() as folder:
        few, many = Path(folder, "few.zip"), Path(folder, "many.zip")
        write_archive(few, FEW)
        write_archive(many, files)
        floor = cost(lambda: bare(many), 3).cpu_s / files
        for name in ("first", "again"):
            start, whole = (
                cost(lambda path=path: ingested(path, Path(folder, f"lake-{path.stem}"))).cpu_s  # type: ignore[misc]
                for path in (few, many)
            )
            each = (whole - start) / (files - FEW)
            sys.stdout.write(
                f"{files} small files, {name}: {1000 * each:.2f} ms of CPU a file "
                f"({each / floor:.0f} x a bare read)\n"
            )


if __name__ == "__main__":
    main(*(int(word) for word in sys.argv[1:2]))
