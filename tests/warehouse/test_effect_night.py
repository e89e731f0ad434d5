"""What the statistics read of each night, and what breakfast is told by."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from tests.lake import PERSON, Person, Row, asked, at, lake_of
from tests.warehouse.test_meals import bump, level
from transforms.effect.pairs import COLUMNS

pytestmark = pytest.mark.whole

NIGHT = "2025-03-10T23:00"
MORNING = "2025-03-11T00:00"


def nights(folder: Path, made: Person) -> list[Row]:
    return asked(lake_of(folder, {PERSON: made}), "from effect_night order by sleep_date")


def person() -> Person:
    """Two nights, awake from 07:00 to 23:00 between them."""
    made = Person().sleep(NIGHT, [("light", 480)])
    return made.sleep("2025-03-11T23:00", [("light", 480)])


def test_every_column_of_the_statistics_is_there(tmp_path: Path) -> None:
    row = nights(tmp_path, person())[0]
    assert {"participant_id", "sleep_date", "is_free_day", *COLUMNS} == set(row)
    assert row["wake_local_h"] == 7
    known = ("total_sleep_min", "sleep_efficiency_pct", "midpoint_local_h")
    assert all(row[name] is not None for name in known)
    assert row["wake16h_mean_mgdl"] is row["sensor_day"] is None


def test_the_age_of_the_sensor_is_that_of_the_newest_on_the_date(tmp_path: Path) -> None:
    made = person()
    for start, sensor, seconds in (
        ("2025-03-11T08:00", "8AAA11", 9 * 86_400),
        ("2025-03-11T12:00", "8BBB11", 1_700),
        ("2025-03-12T14:00", "8BBB11", 1_700 + 26 * 3_600),
    ):
        told = {"clock_id": sensor, "clock_s": seconds, "device": "iOS G7"}
        made.cgm(start, [100], connector="dexcom_clarity", **told)
    assert [row["sensor_day"] for row in nights(tmp_path, made)] == [0, 1]


def test_a_fingerprint_is_of_all_of_it(tmp_path: Path) -> None:
    """A drink and a room are none of sleep or glucose, and the statistics read them."""
    told = set()
    for number in range(3):
        made = person()
        if number == 1:
            made.sample("alcohol_drink", "2025-03-11T20:00", 1, "{count}", connector="apple_health")
        if number == 2:
            for half in range(17):
                start = (at(NIGHT) + dt.timedelta(minutes=30 * half)).isoformat()
                made.sample("room_temperature", start, 18, "Cel", connector="homeassistant")
        lake = lake_of(tmp_path / str(number), {PERSON: made})
        (row,) = asked(lake, "from effect_fingerprint")
        told.add(row["fingerprint"])
    assert len(told) == 3


def breakfast(folder: Path, made: Person, rises_at: str) -> Row:
    """Readings of a day and a half, level but for one rise."""
    values = level(36 * 12)
    first = int((at(rises_at) - at(MORNING)).total_seconds() // 300)
    values[first : first + 28] = bump(60)
    made.cgm(MORNING, values)
    lake = lake_of(folder, {PERSON: made})
    return asked(lake, "from night_to_day order by sleep_date")[0]


def test_breakfast_is_told_by_a_log_or_by_a_rise(tmp_path: Path) -> None:
    rise = breakfast(tmp_path / "rise", person(), "2025-03-11T08:00")
    assert rise["breakfast_basis"] == "detected_rise"
    assert rise["breakfast_peak_delta_mgdl"] == pytest.approx(60, abs=2)
    assert rise["breakfast_iauc_2h_mgdl_min"] > 2000
    made = person().episode("meal", "", "2025-03-11T08:00", None, connector="apple_health")
    logged = breakfast(tmp_path / "log", made, "2025-03-11T08:00")
    assert logged["breakfast_basis"] == "logged"
    assert logged["breakfast_iauc_2h_mgdl_min"] > 2000


def test_where_something_was_logged_a_rise_is_no_breakfast(tmp_path: Path) -> None:
    made = person().episode("meal", "", "2025-03-11T19:00", None, connector="apple_health")
    row = breakfast(tmp_path / "supper", made, "2025-03-11T08:00")
    assert row["breakfast_basis"] is row["breakfast_iauc_2h_mgdl_min"] is None


def test_a_rise_after_noon_is_no_breakfast(tmp_path: Path) -> None:
    row = breakfast(tmp_path, person(), "2025-03-11T13:00")
    assert row["breakfast_basis"] is row["breakfast_iauc_2h_mgdl_min"] is None
