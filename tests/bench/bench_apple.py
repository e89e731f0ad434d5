"""How long and how large: Apple Health against a bare pass of the XML reader over the same file.

    python -m tests.bench.bench_apple [MB ...]      50 and 200 unless told

Each measurement runs in a process of its own, so that the peak of one is not the peak of all.
Prints seconds, rows and peak memory of the bare pass, of the connector, and of a whole ingest with
its start-up into a new lake; and the ratio of each to both ways of counting the floor: the bare
pass as a process of its own, start-up included as for the ingest, and in a process that is warm.
The values are invented; the proportions (heart rate every five minutes with its device, steps and
energy of a phone and a watch, sleep with its zone, some workouts) are those of a watch worn always.
"""

from __future__ import annotations

import datetime as dt
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from connectors.apple.health import CONNECTOR
from connectors.apple.xml import ROWS, parser
from connectors.contract import PEEK_BYTES, Batch, Source

REPEATS = 2
ROUNDS = 3
Measure = tuple[float, int, int]

WATCH = (
    'sourceName="Ada’s Apple\u00a0Watch" sourceVersion="10.2" '
    'device="&lt;&lt;HKDevice: 0x3012772a0&gt;, name:Apple Watch, manufacturer:Apple Inc., '
    'model:Watch, hardware:Watch6,7, software:10.2&gt;"'
)
PHONE = (
    'sourceName="Ada’s iPhone" sourceVersion="17.2.1" '
    'device="&lt;&lt;HKDevice: 0x301d0a210&gt;, name:iPhone, manufacturer:Apple Inc., '
    'model:iPhone, hardware:iPhone14,2, software:17.2.1&gt;"'
)
PROLOG = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE HealthData [
<!-- HealthKit Export Version: 14 -->
<!ELEMENT HealthData (ExportDate,Me,(Record|Correlation|Workout|ActivitySummary)*)>
]>
<HealthData locale="en_GB">
 <ExportDate value="2024-06-01 08:10:05 +0200"/>
 <Me HKCharacteristicTypeIdentifierDateOfBirth="1990-01-01"/>
"""
STAGES = ("AsleepCore", "AsleepDeep", "AsleepCore", "AsleepREM", "Awake")
MOTION = '>\n  <MetadataEntry key="HKMetadataKeyHeartRateMotionContext" value="0"/>\n </Record>\n'


def record(
    kind: str, source: str, unit: str, start: dt.datetime, length: int, value: object
) -> str:
    """One <Record> without its end."""
    end = start + dt.timedelta(seconds=length)
    return (
        f' <Record type="HK{kind}" {source} {unit}creationDate="{end} +0200" '
        f'startDate="{start} +0200" endDate="{end} +0200" value="{value}"'
    )


def quantity(
    name: str, source: str, unit: str, start: dt.datetime, length: int, value: object
) -> str:
    return record(f"QuantityTypeIdentifier{name}", source, f'unit="{unit}" ', start, length, value)


def night(evening: dt.datetime) -> Iterator[str]:
    """Sixteen stages of half an hour, each with its zone."""
    for i in range(16):
        yield record(
            "CategoryTypeIdentifierSleepAnalysis",
            WATCH,
            "",
            evening + dt.timedelta(minutes=30 * i),
            1800,
            "HKCategoryValueSleepAnalysis" + STAGES[i % 5],
        )
        yield '>\n  <MetadataEntry key="HKTimeZone" value="Europe/Copenhagen"/>\n </Record>\n'


def day(midnight: dt.datetime) -> Iterator[str]:
    """The records of one day, about 300 kB."""
    for i in range(288):
        at = midnight + dt.timedelta(minutes=5 * i, seconds=i % 60)
        yield quantity("HeartRate", WATCH, "count/min", at, 0, 55 + i % 40) + MOTION
        yield quantity("ActiveEnergyBurned", WATCH, "kcal", at, 61, f"{i % 17 / 7:.5g}") + "/>\n"
        if i % 3 == 0:
            for source in (WATCH, PHONE):
                yield quantity("StepCount", source, "count", at, 290, 10 + i) + "/>\n"
            yield quantity("BasalEnergyBurned", WATCH, "kcal", at, 900, 12.5) + "/>\n"
            yield quantity("OxygenSaturation", WATCH, "%", at, 0, 0.97) + "/>\n"
    yield from night(midnight + dt.timedelta(hours=22, minutes=30))
    start = midnight + dt.timedelta(hours=17)
    yield (
        f' <Workout workoutActivityType="HKWorkoutActivityTypeRunning" duration="31.5" '
        f'durationUnit="min" {WATCH} creationDate="{start} +0200" startDate="{start} +0200" '
        f'endDate="{start + dt.timedelta(minutes=32)} +0200">\n'
        '  <MetadataEntry key="HKTimeZone" value="Europe/Copenhagen"/>\n'
        f'  <WorkoutStatistics type="HKQuantityTypeIdentifierDistanceWalkingRunning" '
        f'startDate="{start} +0200" endDate="{start} +0200" sum="5.1" unit="km"/>\n </Workout>\n'
    )


def write_export(path: Path, megabytes: int) -> None:
    """An export of at least so many megabytes."""
    midnight = dt.datetime(2016, 1, 1)
    with path.open("w", encoding="utf-8") as lines:
        lines.write(PROLOG)
        while lines.tell() < megabytes * 1_000_000:
            lines.write("".join(day(midnight)))
            midnight += dt.timedelta(days=1)
        lines.write("</HealthData>\n")


def bare(path: Path) -> int:
    """Rows of a pass of the reader alone, with the connector's own columns."""
    batches = parser().parse_batches(path, max_rows_per_batch=ROWS)
    return sum(rows.num_rows for _, rows in batches)


def bare_process(path: Path) -> int:
    """The same pass as a process of its own, with its start-up and what it has to import."""
    code = """
import sys
from connectors.apple.xml import ROWS, parser
batches = parser().parse_batches(sys.argv[1], max_rows_per_batch=ROWS)
print(sum(rows.num_rows for _, rows in batches))
"""
    command = [sys.executable, "-c", code, str(path)]
    return int(subprocess.run(command, check=True, capture_output=True).stdout)


def connector(path: Path) -> int:
    """Rows that the connector yields; none is kept."""

    def peek(_: str) -> bytes:
        with path.open("rb") as stream:
            return stream.read(PEEK_BYTES)

    source = Source("export", ("export",), peek, lambda _: path.open("rb"))
    items = CONNECTOR.extract(source, CONNECTOR.identify(source) or "")
    return sum(item.data.num_rows for item in items if isinstance(item, Batch))


def ingested(path: Path) -> int:
    """Records of `dawnlake ingest` from the command line to the views, start-up included."""
    with tempfile.TemporaryDirectory() as lake:
        command = [sys.executable, "-m", "flows.cli", "ingest", str(path), "--participant", "a"]
        command += ["--timezone", "Europe/Berlin", "--lake", lake]
        subprocess.run(command, check=True, capture_output=True)
        manifests = Path(lake).glob("extracted/*/*/*/manifest.json")
        return sum(int(json.loads(m.read_text())["record_count"]) for m in manifests)


PASSES = {
    "bare warm": bare,
    "bare process": bare_process,
    "connector": connector,
    "ingest process": ingested,
}


def measured(task: Callable[[Path], int], path: Path) -> Measure:
    """Seconds of the best of some repeats, rows, and the peak memory in MB of this process or,
    where that is larger, of one it started."""
    seconds, rows = [], 0
    for _ in range(REPEATS):
        start = time.perf_counter()
        rows = task(path)
        seconds.append(time.perf_counter() - start)
    peak = max(
        resource.getrusage(who).ru_maxrss
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return min(seconds), rows, peak >> (20 if sys.platform == "darwin" else 10)


def alone(task: Callable[[Path], int], path: Path) -> Measure:
    """The measurement in a new process."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(measured, task, path).result()


def rounds(path: Path) -> dict[str, Measure]:
    """The best time and the largest peak of each pass; in turns, so that all have the same luck."""
    best: dict[str, Measure] = {}
    for _ in range(ROUNDS):
        for name, task in PASSES.items():
            seconds, rows, peak = alone(task, path)
            before, _, highest = best.get(name, (seconds, rows, peak))
            best[name] = (min(seconds, before), rows, max(peak, highest))
    return best


def main(sizes: list[int]) -> None:
    """Print a line for each pass over a file of each size."""
    out = sys.stdout.write
    out(f"{'MB':>5} {'pass':<14} {'seconds':>8} {'rows':>9} {'peak MB':>8}")
    out(f" {'to process':>11} {'to warm':>8}\n")
    for megabytes in sizes:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "export.xml")
            write_export(path, megabytes)
            best = rounds(path)
        for name, (seconds, rows, peak) in best.items():
            process, warm = (seconds / best[floor][0] for floor in ("bare process", "bare warm"))
            out(f"{megabytes:>5} {name:<14} {seconds:>8.2f} {rows:>9} {peak:>8}")
            out(f" {process:>11.2f} {warm:>8.2f}\n")


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]] or [50, 200])
