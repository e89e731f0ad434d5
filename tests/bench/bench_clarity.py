"""A year of 5-minute Clarity CSV: ingest, and again; the floor is a bare read with pyarrow.

python -m tests.bench.bench_clarity
"""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow.csv as pacsv

HEADER = (
    "Index,Timestamp (YYYY-MM-DDThh:mm:ss),Event Type,Event Subtype,Patient Info,Device Info,"
    "Source Device ID,Glucose Value (mg/dL),Insulin Value (u),Carb Value (grams),"
    "Duration (hh:mm:ss),Glucose Rate of Change (mg/dL/min),Transmitter Time (Long Integer),"
    "Transmitter ID"
)


def write_year(path: Path, rows: int = 105_120) -> None:
    """A year of readings as Clarity writes them: every cell quoted."""
    rng = np.random.default_rng(1)
    start = dt.datetime(2024, 1, 1)
    glucose = (110 + 30 * np.sin(np.arange(rows) / 25) + rng.normal(0, 5, rows)).astype(int)
    quoted = ",".join(f'"{cell}"' for cell in HEADER.split(","))
    with path.open("w", encoding="utf-8-sig") as file:
        file.write(quoted + "\n")
        for i in range(rows):
            at = start + dt.timedelta(seconds=300 * i)
            cells = [i + 1, at.isoformat(), "EGV", "", "", "", "iOS G7", glucose[i], "", "", "", ""]
            cells += [1700 + 300 * (i % 2880), 109300000000 + i // 2880]
            file.write(",".join(f'"{cell}"' for cell in cells) + "\n")


def main() -> None:
    """Print seconds and ratios to the floor."""
    with tempfile.TemporaryDirectory() as folder:
        export, lake = Path(folder) / "year.csv", Path(folder) / "lake"
        write_year(export)
        begun = time.perf_counter()
        pacsv.read_csv(export)
        floor = time.perf_counter() - begun
        command = [
            sys.executable,
            "-m",
            "flows.cli",
            "ingest",
            str(export),
            "--participant",
            "a",
            "--timezone",
            "Europe/Berlin",
            "--lake",
            str(lake),
        ]
        for name in ("ingest", "ingest again"):
            begun = time.perf_counter()
            subprocess.run(command, check=True, capture_output=True)
            took = time.perf_counter() - begun
            sys.stdout.write(f"clarity year, {name}: {took:.2f} s ({took / floor:.0f} x floor)\n")


if __name__ == "__main__":
    main()
