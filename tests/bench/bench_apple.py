"""How long and how large: Apple Health against a bare pass of the XML reader over the same file.

    python -m tests.bench.bench_apple [MB ...]      50, 200 and 300z unless told

A size with a z is of an export in which every fourth record names its zone: 300z has some 720 000
records, of which 190 000 do.

Each measurement runs in a process of its own, so that the peak of one is not the peak of all.
Prints seconds, seconds of CPU, rows and peak memory of the bare pass, of the connector, and of a
whole ingest with its start-up into a new lake; and the ratio of each to both ways of counting the
floor: the bare pass as a process of its own, start-up included as for the ingest, and in a process
that is warm.
The values are invented; the proportions (heart rate every five minutes with its device, steps and
energy of a phone and a watch, sleep with its zone, some workouts) are those of a watch worn always.
"""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from connectors.apple.health import CONNECTOR
from connectors.apple.xml import ROWS, parser
from connectors.contract import PEEK_BYTES, Batch, Source
from tests.bench.measured import Cost, cost

REPEATS = 2
ROUNDS = 3

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
ZONED = 242  # heart rates of a day that name their zone, where many do
HOME, ABROAD = "Europe/Copenhagen", "America/New_York"


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


def zone_at(moment: dt.datetime) -> str:
    """Where the watch was: ten days of each half year abroad."""
    return ABROAD if moment.timetuple().tm_yday % 182 < 10 else HOME


def zoned(moment: dt.datetime) -> str:
    """The end of a record with its zone, as apps write that keep one with each."""
    return f'>\n  <MetadataEntry key="HKTimeZone" value="{zone_at(moment)}"/>\n </Record>\n'


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
        yield zoned(evening)


def day(midnight: dt.datetime, many_zones: bool) -> Iterator[str]:
    """The records of one day, about 400 kB."""
    for i in range(288):
        at = midnight + dt.timedelta(minutes=5 * i, seconds=i % 60)
        told = zoned(at) if many_zones and i < ZONED else MOTION
        yield quantity("HeartRate", WATCH, "count/min", at, 0, 55 + i % 40) + told
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


def write_export(path: Path, megabytes: int, many_zones: bool = False) -> None:
    """An export of at least so many megabytes."""
    midnight = dt.datetime(2016, 1, 1)
    with path.open("w", encoding="utf-8") as lines:
        lines.write(PROLOG)
        while lines.tell() < megabytes * 1_000_000:
            lines.write("".join(day(midnight, many_zones)))
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


def alone(task: Callable[[Path], int], path: Path) -> Cost:
    """The measurement in a new process."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(cost, partial(task, path), REPEATS).result()


def rounds(path: Path) -> dict[str, Cost]:
    """The best time and the largest peak of each pass; in turns, so that all have the same luck."""
    best: dict[str, Cost] = {}
    for _ in range(ROUNDS):
        for name, task in PASSES.items():
            found = alone(task, path)
            best[name] = found.better(best.get(name, found))
    return best


def main(sizes: Sequence[str] = ("50", "200", "300z")) -> None:
    """Print a line for each pass over a file of each size."""
    out = sys.stdout.write
    out(f"{'MB':>5} {'pass':<14} {'seconds':>8} {'CPU s':>8} {'rows':>9} {'peak MB':>8}")
    out(f" {'to process':>11} {'to warm':>8} {'CPU to warm':>12}\n")
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "export.xml")
            write_export(path, int(size.removesuffix("z")), size.endswith("z"))
            best = rounds(path)
        warm = best["bare warm"]
        for name, it in best.items():
            process = it.seconds / best["bare process"].seconds
            out(f"{size:>5} {name:<14} {it.seconds:>8.2f} {it.cpu_s:>8.2f} {it.result:>9}")
            out(f" {it.peak_mb:>8} {process:>11.2f} {it.seconds / warm.seconds:>8.2f}")
            out(f" {it.cpu_s / warm.cpu_s:>12.2f}\n")


if __name__ == "__main__":
    main(sys.argv[1:] or ("50", "200", "300z"))
