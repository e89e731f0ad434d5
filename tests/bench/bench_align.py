"""Alignment of 20 million rows of one person; the floor is a bare read and write of the same rows.

python -m tests.bench.bench_align [MILLION_ROWS]
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from multiprocessing import get_context
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from connectors.contract import SAMPLE
from flows.settings import load
from tests.lake import align_participant
from warehouse.store.lake import Lake, write_json

FILES = 10
START = 1_600_000_000_000_000
WALL, UTC = pa.timestamp("us"), pa.timestamp("us", "UTC")


def write_lake(folder: Path, rows: int) -> Lake:
    """Ten files each of heart rate by instant and by wall clock, one of glucose with a counter."""
    lake = Lake(folder).create()
    lake.settings.write_text('[participants.p]\ntimezone = "Europe/Berlin"\n')
    each = rows // 21
    for number in range(FILES):
        at = START + (number * each + np.arange(each)) * 10_000_000
        heart = {"metric": "heart_rate", "unit": "/min", "value": _values(each, 50, 150)}
        _part(
            lake, "fitbit_takeout", 2 * number, at, {**heart, "start_utc": pa.array(at).cast(UTC)}
        )
        wall = {**heart, "start_wall": pa.array(at).cast(WALL), "device": "watch"}
        _part(lake, "apple_health", 2 * number + 1, at, wall)
    at = START + np.arange(each) * 300_000_000
    glucose = {
        "metric": "interstitial_glucose",
        "unit": "mg/dL",
        "value": _values(each, 60, 200),
        "start_wall": pa.array(at).cast(WALL),
        "device": "iPhone G6",
        "clock_id": "8AB1CD",
        "clock_s": pa.array(np.arange(each) * 300),
    }
    _part(lake, "dexcom_clarity", 2 * FILES, at, glucose)
    return lake


def _values(size: int, low: int, high: int) -> pa.Array:
    return pa.array(np.random.default_rng(size).integers(low, high, size).astype(float))


def _part(
    lake: Lake, connector: str, number: int, at: np.ndarray, columns: dict[str, object]
) -> None:
    """An extracted file with its manifest."""
    file = f"{number:016x}"
    folder = lake.part_folder("p", connector, file)
    folder.mkdir(parents=True)
    given = {"record": pa.array(np.arange(1, len(at) + 1)), **columns}
    table = {
        field.name: value
        if isinstance(value := given.get(field.name), pa.Array)
        else pa.repeat(pa.scalar(value, field.type), len(at))
        for field in SAMPLE
    }
    pq.write_table(pa.table(table).cast(SAMPLE), folder / "sample.parquet", compression="zstd")
    ends = {
        name: str(np.datetime64(int(at[i]), "us"))
        for name, i in (("first_time", 0), ("last_time", -1))
    }
    about = {"connector": connector, "file": file, "connector_version": "1", "exported_at": None}
    none = {"facts": {}, "skipped": {}, "rejected": {}, "drift": []}
    write_json({**about, **ends, **none}, folder / "manifest.json")


def _measured(job: str, folder: Path, results: object) -> None:
    """Seconds and peak memory of a job in a process of its own."""
    begun = time.perf_counter()
    if job == "align":
        lake = Lake(folder)
        align_participant(lake, "p", load(lake.settings), force=True)
    else:
        parts = f"read_parquet('{folder}/extracted/*/*/*/sample.parquet', hive_partitioning = true)"
        with duckdb.connect() as connection:
            connection.execute("set memory_limit = '2GB'")
            connection.execute("set enable_progress_bar = false")
            connection.execute(
                f"copy (from {parts}) to '{folder}/floor.parquet' (compression zstd)"
            )
    took = time.perf_counter() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    results.put((took, peak))  # type: ignore[attr-defined]


def main(millions: float = 20) -> None:
    """Print seconds, memory and the ratio to the floor."""
    context = get_context("spawn")
    with tempfile.TemporaryDirectory() as folder:
        rows = int(millions * 1e6)
        write_lake(Path(folder), rows)
        told = {}
        for job in ("floor", "align"):
            results = context.Queue()
            process = context.Process(target=_measured, args=(job, Path(folder), results))
            process.start()
            told[job] = results.get()
            process.join()
        (floor, _), (took, peak) = told["floor"], told["align"]
        sys.stdout.write(
            f"align {rows / 1e6:.0f} million rows: {took:.1f} s ({took / floor:.1f} x a bare read "
            f"and write), {peak:.0f} MB at most\n"
        )


if __name__ == "__main__":
    main(*(float(word) for word in sys.argv[1:2]))
