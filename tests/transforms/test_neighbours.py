"""The readings before each: stored of one stream, found in the views where streams are mixed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from tests.lake import Person, asked, lake_of
from tests.warehouse.test_night_to_day import is_near, random_person
from transforms.glucose.neighbours import neighbours

COLUMNS = ("step_us", "before_value", "step2_us", "before2_value", "high15_value")
MINUTE = 60_000_000


def test_a_stream_begins_anew_and_rows_that_do_not_count_have_none() -> None:
    """Rows 0 2 3 are of one stream, 5 and 4 of another, 1 does not count."""
    start = np.array([0, 1, 5, 15, 30, 20]) * MINUTE
    value = np.array([100.0, 999, 110, 130, 90, 80])
    rows = np.array([0, 2, 3, 5, 4])
    same = np.array([False, True, True, False, True])
    found = neighbours(rows, same, start, value)
    assert [found[name].to_pylist() for name in COLUMNS] == [
        [None, None, 5 * MINUTE, 10 * MINUTE, 10 * MINUTE, None],
        [None, None, 100, 110, 80, None],
        [None, None, None, 15 * MINUTE, None, None],
        [None, None, None, 100, None, None],
        [None, None, 100, 110, 80, None],
    ]


def test_the_highest_of_a_quarter_of_an_hour_with_a_minute_of_grace() -> None:
    start = np.array([0, 5, 10, 16, 21, 40]) * MINUTE
    start[4] += 1
    value = np.array([130.0, 120, 110, 100, 90, 80])
    found = neighbours(np.arange(6), np.arange(6) > 0, start, value)
    assert found["high15_value"].to_pylist() == [None, 130, 130, 130, 110, None]


def test_without_readings_there_are_columns_of_nothing() -> None:
    none = np.array([], np.int64)
    found = neighbours(none, np.array([], np.bool_), np.zeros(2, np.int64), np.zeros(2))
    assert [found[name].to_pylist() for name in COLUMNS] == [[None, None]] * 5
    assert [str(found[name].type) for name in COLUMNS] == ["int64", "double"] * 2 + ["double"]


def test_readings_that_do_not_count_are_nobodys_neighbours() -> None:
    """The second of two at one instant, what nobody can have, and another sensor's."""
    person = Person().cgm("2025-03-10T08:00", [100, 110, 1e9, 130, 140])
    person.cgm("2025-03-10T08:05", [111]).cgm("2025-03-10T08:01", [60, 70], connector="libreview")
    sample = person.tables()["sample"].to_pylist()
    found = [
        (row["value"], row["step_us"], row["before_value"], row["before2_value"])
        for row in sample
        if row["connector"] == "dexcom_clarity" and row["occurrence"] == 1
    ]
    assert found == [
        (100, None, None, None),
        (110, 5 * MINUTE, 100, None),
        (1e9, None, None, None),
        (130, 10 * MINUTE, 110, 100),
        (140, 5 * MINUTE, 130, 110),
    ]
    other = [row["before_value"] for row in sample if row["connector"] == "libreview"]
    assert other == [None, 60]


def test_only_cgm_has_neighbours() -> None:
    person = Person().sample("heart_rate", "2025-03-10T08:00", 60, "/min")
    person.sample("heart_rate", "2025-03-10T08:05", 61, "/min")
    sample: pa.Table = person.tables()["sample"]
    assert {value for name in COLUMNS for value in sample[name].to_pylist()} == {None}


@pytest.mark.whole
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_found_in_the_views_they_are_the_stored_ones(seed: int, tmp_path: Path) -> None:
    """A scan or a second sensor long before leaves the nights as they were."""
    lake = lake_of(
        tmp_path,
        {
            "alone": random_person(seed).person,
            "scanned": random_person(seed).person.cgm(
                "2025-01-01T08:00", [100], metric="interstitial_glucose_scan"
            ),
            "two": random_person(seed).person.cgm(
                "2025-01-01T08:00", [100, 101], connector="libreview"
            ),
        },
    )
    sql = "from night_to_day where participant_id = ? order by sleep_date"
    alone, scanned, two = (asked(lake, sql, who) for who in ("alone", "scanned", "two"))
    before = "select step_us, before_mgdl, step2_us, before2_mgdl, high15_mgdl from glucose_chosen"
    before += " where participant_id = ? and start_at > '2025-03-01' order by start_at offset 2"
    stored = asked(lake, before, "alone")
    assert asked(lake, before, "scanned") == stored
    assert asked(lake, before, "two") == stored
    assert len(alone) > 3
    for row, *others in zip(alone, scanned, two, strict=True):
        for other in others:
            wrong = {n: (row[n], other[n]) for n in row if not is_near(other[n], row[n])}
            assert wrong.keys() == {"participant_id"}
