"""MAGE by hand, on every kind of gap, and the table `mage` as it is derived and kept."""

from __future__ import annotations

import datetime as dt
import math
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.deriving.completion import settled
from flows.deriving.pipeline import ingest, prepared
from flows.settings import Priority, Rules, Settings
from tests import strategies  # noqa: F401  # how Hypothesis is run
from tests.lake import PERSON, Person, Row, asked, clarity, lake_of, put
from transforms.arrays import Values
from transforms.glucose.mage import KINDS, mage
from warehouse.store.buckets import bucket_file
from warehouse.store.lake import Lake

DAY = 288


def wave(days: float, low: float = 80, high: float = 160, period: int = 96) -> Values:
    """A saw of whole numbers of points between two values: every excursion is high - low."""
    count = int(days * DAY)
    phase = np.arange(count) % period / period
    return low + (high - low) * (1 - np.abs(2 * phase - 1))


def test_equal_excursions() -> None:
    assert mage(np.append(wave(3), 80)) == pytest.approx(dict.fromkeys(KINDS, 80))


def test_a_trace_may_begin_level() -> None:
    assert mage(np.repeat([80.0, 160, 80, 160, 80], 48)) == pytest.approx(dict.fromkeys(KINDS, 80))


def test_excursions_below_one_deviation_do_not_count() -> None:
    big, small = wave(1), wave(1, 80, 84, 48)
    assert mage(np.concatenate([big, small, big]))["plus"] == pytest.approx(80)


def test_the_direction_of_the_first_excursion() -> None:
    falling = np.concatenate([np.linspace(200, 100, 60), np.linspace(100, 150, 60)])
    found = mage(falling)
    assert (found["service"], found["minus"]) == (pytest.approx(100), pytest.approx(100))
    assert found["plus"] == pytest.approx(50)
    assert (found["max"], found["avg"]) == (pytest.approx(100), pytest.approx(75))
    rising = mage(300 - falling)
    assert (rising["service"], rising["plus"]) == (pytest.approx(100), pytest.approx(100))
    assert mage(falling[::-1])["service"] == pytest.approx(50)


@pytest.mark.parametrize(("points", "traces"), [(36, 1), (37, 2)])
def test_three_hours_without_a_value_end_a_trace(points: int, traces: int) -> None:
    """Two traces of different heights and lengths: their means by length, or one of all turns."""
    low, high = wave(3), wave(1, 80, 280)
    grid = np.concatenate([low, np.full(points, np.nan), high])
    apart = (len(low) - 1) * mage(low)["plus"] + (len(high) - 1) * mage(high)["plus"]
    by_length = apart / (len(low) + len(high) - 2)
    assert (mage(grid)["plus"] == pytest.approx(by_length)) == (traces == 2)


@pytest.mark.parametrize(
    "grid",
    [
        np.array([]),
        np.full(500, np.nan),
        np.full(500, 100.0),
        wave(1)[:31],
        100 + wave(1) / 1000,
        np.concatenate([wave(1)[:31], np.full(40, np.nan), wave(1)[:31]]),
    ],
    ids=["nothing", "gaps", "constant", "short", "flat", "two short"],
)
def test_what_cannot_be_told_is_not_a_number(grid: Values) -> None:
    assert all(math.isnan(value) for value in mage(grid).values())


@given(
    st.lists(st.integers(40, 400) | st.none(), min_size=1, max_size=200),
    st.integers(0, 60),
)
def test_any_trace_gives_excursions_of_at_least_a_deviation(
    values: list[int | None], repeat: int
) -> None:
    grid = np.repeat([np.nan if v is None else float(v) for v in values], repeat + 1)
    found = mage(grid)
    known = grid[~np.isnan(grid)]
    for kind, value in found.items():
        assert math.isnan(value) or 1 <= value <= known.max() - known.min(), kind
    upside_down = mage(440 - grid)
    for kind, mirrored in {"plus": "minus", "minus": "plus", "avg": "avg", "max": "max"}.items():
        assert upside_down[kind] == pytest.approx(found[mirrored], nan_ok=True)


# The table.


def person(days: int = 4) -> Person:
    return Person("Europe/Berlin").cgm("2025-07-01T00:05", wave(days).tolist())


def rows_of(lake: Lake) -> list[Row]:
    return asked(lake, "from mage order by date nulls first")


@pytest.mark.whole
def test_one_row_of_all_data_and_one_per_day(tmp_path: Path) -> None:
    """A day of the grid is (midnight, midnight]: the last point of this series is one."""
    found = rows_of(lake_of(tmp_path, {PERSON: person()}))
    assert [row["date"] for row in found] == [None, *(dt.date(2025, 7, d) for d in (1, 2, 3, 4))]
    assert [row["reading_count"] for row in found] == [4 * DAY, None, None, None, None]
    assert [row["observed_min"] for row in found] == [5760, 1440, 1440, 1440, 1440]
    assert {round(row["mage_avg_mgdl"]) for row in found} == {80}


@pytest.mark.whole
def test_of_a_part_of_the_data_it_is_not_told(tmp_path: Path) -> None:
    lake = lake_of(tmp_path, {PERSON: person()})
    sql = "select mage_service_mgdl as m from glucose_summary_between({}, null)"
    whole, all_of_it, part = (
        asked(lake, sql.format(since)) for since in ("null", "'2025-07-01'", "'2025-07-02'")
    )
    assert whole == all_of_it == [{"m": pytest.approx(80)}]
    assert part == [{"m": None}]


@pytest.mark.whole
@pytest.mark.parametrize(
    ("hours", "gap_h", "known"), [(24, 0, True), (23.9, 0, False), (36, 16, False), (36, 15, True)]
)
def test_it_needs_a_day_and_most_of_its_span(
    hours: float, gap_h: float, known: bool, tmp_path: Path
) -> None:
    values = wave(2)[: round(hours * 12)].tolist()
    half = len(values) // 2
    made = Person("Europe/Berlin").cgm("2025-07-01T00:05", values[:half])
    rest = dt.datetime(2025, 7, 1, 0, 5) + dt.timedelta(minutes=5 * half, hours=gap_h)
    made.cgm(rest.isoformat(), values[half:])
    lake = lake_of(tmp_path, {PERSON: made})
    (row,) = asked(lake, "select mage_avg_mgdl as m from glucose_summary")
    assert (row["m"] is not None) == known


def test_nobody_without_glucose_has_rows(tmp_path: Path) -> None:
    made = Person("Europe/Berlin").sample("heart_rate", "2025-07-01T10:00", 60, "/min")
    assert rows_of(lake_of(tmp_path, {PERSON: made})) == []


def export(values: Values) -> str:
    start = dt.datetime(2025, 7, 1, 0, 5)
    walls = [(start + dt.timedelta(minutes=5 * n)).isoformat() for n in range(len(values))]
    return clarity([(w, round(v), "", "8AB") for w, v in zip(walls, values, strict=True)])


@pytest.mark.whole
def test_it_is_derived_when_what_it_depends_on_has_changed(tmp_path: Path) -> None:
    lake = lake_of(tmp_path / "lake", {})
    (path,) = put(tmp_path / "in", {"a.csv": export(wave(2))})
    ingest(lake, [path], PERSON, "Europe/Berlin")
    part = bucket_file(lake, "mage", PERSON, 1)
    written = part.stat().st_mtime_ns
    before = rows_of(lake)
    assert asked(lake, "select round(mage_avg_mgdl) as m from glucose_summary") == [{"m": 80}]

    settled(lake, prepared(lake, PERSON, None), was_left=False)
    assert part.stat().st_mtime_ns == written

    for text in ("[rules]\ngrid_gap_max_min = 30\n", '[priority]\nglucose = ["libreview"]\n'):
        lake.settings.write_text(f'[participants.{PERSON}]\ntimezone = "Europe/Berlin"\n{text}')
        settled(lake, prepared(lake, PERSON, None), was_left=False)
        assert part.stat().st_mtime_ns > written
        written = part.stat().st_mtime_ns
        assert rows_of(lake) == before

    (longer,) = put(tmp_path / "in", {"b.csv": export(wave(3))})
    ingest(lake, [longer], PERSON)
    assert rows_of(lake)[0]["observed_min"] == 3 * 1440
    assert asked(lake, "select count(mage_avg_mgdl) as n from glucose_summary") == [{"n": 1}]


@pytest.mark.whole
def test_the_settings_that_matter(tmp_path: Path) -> None:
    """Gaps of 40 minutes across peaks: bridged, they are cut off. One stream of two is chosen."""
    values = wave(4).tolist()
    holes = [v for n, v in enumerate(values) if not 45 <= n % 96 <= 51]
    made = Person("Europe/Berlin")
    kept = [n for n in range(len(values)) if not 45 <= n % 96 <= 51]
    for (a, _), value in zip(pairwise([*kept, len(values)]), holes, strict=True):
        wall = dt.datetime(2025, 7, 1, 0, 5) + dt.timedelta(minutes=5 * a)
        made.cgm(wall.isoformat(), [value])
    made.cgm("2025-07-01T00:05", wave(4, 100, 260).tolist(), connector="libreview")
    first, other = (
        whole(tmp_path / name, made, Settings(priority=Priority(glucose=(name,))))
        for name in ("dexcom_clarity", "libreview")
    )
    assert other["mage_plus_mgdl"] == pytest.approx(160)
    assert 70 < first["mage_plus_mgdl"] < 80
    broken = whole(tmp_path / "broken", made, Settings(rules=Rules(grid_gap_max_min=30)))
    assert broken["observed_min"] < first["observed_min"]


def whole(folder: Path, made: Person, settings: Settings) -> dict[str, Any]:
    """The row of all data."""
    return rows_of(lake_of(folder, {PERSON: made}, settings))[0]
