"""A made-up population written straight into canonical tables, for timing the views."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa

from transforms.sleep.parts import sleep_parts
from warehouse.schema import TABLES
from warehouse.store.lake import Lake
from warehouse.store.rows import write_table

DAY_US = 86_400_000_000
START = 1_704_067_200_000_000  # 2024-01-01T00:00:00Z


def write_person(lake: Lake, person: str, days: int, seed: int) -> int:
    """One person with `days` of 5-minute glucose and staged nights; returns the readings."""
    rng = np.random.default_rng(seed)
    count = days * 288
    at = START + np.arange(count) * 300_000_000 + rng.integers(0, 2_000_000, count)
    wave = 100 + 25 * np.sin(np.arange(count) / 20) + rng.normal(0, 4, count)
    rows = _filled(
        "sample",
        count,
        {
            "metric": "interstitial_glucose",
            "start_at": _utc(at),
            "start_local": _wall(at),
            "time_basis": "zone",
            "value": pa.array(wave.round()),
            "unit": "mg/dL",
            "reported_value": pa.array(wave.round()),
            "reported_unit": "mg/dL",
            "device": "G7",
            "interval_min": 5.0,
            "occurrence": pa.array(np.ones(count, np.int32)),
            "connector": "dexcom_clarity",
            "file": "0" * 16,
            "record": pa.array(np.arange(count)),
        },
    )
    write_table(lake, "sample", person, rows)
    nights = _nights(days, rng)
    write_table(lake, "episode", person, nights)
    write_table(lake, "sleep_part", person, sleep_parts(nights))
    write_table(
        lake,
        "stream",
        person,
        _filled(
            "stream",
            1,
            {
                "metric": "interstitial_glucose",
                "connector": "dexcom_clarity",
                "device": "G7",
                "row_count": pa.array([count]),
                "first_at": _utc(at[:1]),
                "last_at": _utc(at[-1:]),
                "interval_min": pa.array([5.0]),
            },
        ),
    )
    return count


def _nights(days: int, rng: np.random.Generator) -> pa.Table:
    """Every night 23:00 give or take, 30 segments of light, deep, rem and awake."""
    onset = START + np.arange(days - 1) * DAY_US + 82_800_000_000
    onset = onset + rng.integers(-3600, 3600, days - 1) * 1_000_000
    length = rng.integers(12, 18, (days - 1, 30)) * 60_000_000
    end = onset[:, None] + np.cumsum(length, axis=1)
    start = end - length
    labels = np.array(["light", "deep", "light", "rem", "awake"])
    n = start.size
    return _filled(
        "episode",
        n,
        {
            "kind": "sleep_stage",
            "label": pa.array(np.tile(labels, n // 5).tolist()),
            "session": pa.array(np.repeat(np.arange(days - 1), 30).astype(str).tolist()),
            "start_at": _utc(start.ravel()),
            "start_local": _wall(start.ravel()),
            "end_at": _utc(end.ravel()),
            "end_local": _wall(end.ravel()),
            "time_basis": "zone",
            "connector": "fitbit_takeout",
            "file": "1" * 16,
            "record": pa.array(np.arange(n)),
        },
    )


def _filled(table: str, count: int, columns: dict[str, object]) -> pa.Table:
    def column(field: pa.Field) -> pa.Array:
        value = columns.get(field.name)
        if isinstance(value, pa.Array):
            return value
        return pa.repeat(pa.scalar(value, field.type), count)

    return pa.table({field.name: column(field) for field in TABLES[table]})


def _utc(micros: np.ndarray[tuple[int], np.dtype[np.int64]]) -> pa.Array:
    return pa.array(micros).cast(pa.timestamp("us", "UTC"))


def _wall(micros: np.ndarray[tuple[int], np.dtype[np.int64]]) -> pa.Array:
    return pa.array(micros).cast(pa.timestamp("us"))


def write_population(folder: Path, people: int, days: int) -> Lake:
    """A lake with `people` of `days` each."""
    lake = Lake(folder).create()
    for number in range(people):
        write_person(lake, f"p{number:03d}", days, number)
    return lake
