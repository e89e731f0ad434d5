"""Meals, rises that nobody logged, and the glucose after both."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from tests import formulas
from tests.lake import PERSON, Person, Row, asked, assert_checked, at, lake_of

pytestmark = pytest.mark.whole

DAY = "2025-03-10T00:00"


def level(count: int, mgdl: float = 100) -> list[float]:
    return [mgdl] * count


def bump(height: float = 60, level_mgdl: float = 100) -> list[float]:
    """Up in 45 minutes, down in 90, every five."""
    up = [level_mgdl + height * n / 9 for n in range(10)]
    return up + [level_mgdl + height * (1 - n / 18) for n in range(1, 19)]


def trace(*starts: str, height: float = 60, hours: int = 24) -> Person:
    """A level day with a rise from each of `starts` on."""
    values = level(hours * 12)
    for start in starts:
        first = int((at(start) - at(DAY)).total_seconds() // 300)
        rise = bump(height)
        values[first : first + len(rise)] = rise
    return Person().cgm(DAY, values)


def meals(folder: Path, made: Person) -> list[Row]:
    lake = lake_of(folder, {PERSON: made})
    return asked(lake, "from meal order by start_at")


def responses(folder: Path, made: Person) -> list[Row]:
    lake = lake_of(folder, {PERSON: made})
    return asked(lake, "from meal_response order by start_at")


def test_a_rise_is_found_where_it_begins_and_not_called_a_meal(tmp_path: Path) -> None:
    found = meals(tmp_path, trace("2025-03-10T08:00", "2025-03-10T13:00"))
    assert [row["kind"] for row in found] == ["detected_rise"] * 2
    for row, hour in zip(found, (8, 13), strict=True):
        late = row["start_local"] - dt.datetime(2025, 3, 10, hour)
        assert abs(late) <= dt.timedelta(minutes=5)
        assert row["connector"] is row["energy_kcal"] is row["file"] is None
    assert [row["next_min"] for row in found] == [300, None]


@pytest.mark.parametrize(("height", "count"), [(19, 0), (24, 0), (36, 1)])
def test_a_small_or_slow_rise_is_none(height: float, count: int, tmp_path: Path) -> None:
    """24 mg/dL in 45 minutes are 0.53 a minute; 19 are also too few."""
    assert len(meals(tmp_path, trace("2025-03-10T08:00", height=height))) == count


def test_rises_are_ninety_minutes_apart(tmp_path: Path) -> None:
    values = level(12 * 12)
    for minute in (480, 540, 600):  # a chain: the third is two hours after the first
        first = minute // 5
        values[first : first + 12] = [100 + 5 * n for n in range(12)]
    found = meals(tmp_path, Person().cgm(DAY, values))
    starts = [row["start_local"].hour * 60 + row["start_local"].minute for row in found]
    assert len(starts) == 2
    assert starts[1] - starts[0] >= 90


def test_no_rise_is_told_asleep_or_on_a_date_with_a_log(tmp_path: Path) -> None:
    made = trace("2025-03-10T03:00", "2025-03-10T06:45", "2025-03-11T13:00", hours=48)
    made.sleep("2025-03-09T23:00", [("light", 480)])
    made.episode("meal", "", "2025-03-11T09:00", None)
    found = meals(tmp_path, made)
    assert [(row["kind"], row["start_local"].day) for row in found] == [
        ("detected_rise", 10),  # a quarter of an hour before waking
        ("meal", 11),
    ]
    assert found[0]["start_local"].hour == 6


def test_checks_find_nothing(tmp_path: Path) -> None:
    made = trace("2025-03-10T03:00", "2025-03-11T13:00", hours=48)
    assert_checked(lake_of(tmp_path, {PERSON: made.episode("meal", "", "2025-03-11T09:00", None)}))


def test_what_was_eaten(tmp_path: Path) -> None:
    made = Person().episode("meal", "", "2025-03-10T08:00", None, record=7)
    made.episode("meal", "", "2025-03-10T08:05", None, record=9)
    for metric, start, value, unit in (
        ("dietary_carbohydrate", "2025-03-10T08:00", 30, "g"),
        ("dietary_carbohydrate", "2025-03-10T08:05", 12.5, "g"),
        ("dietary_protein", "2025-03-10T08:05", 9, "g"),
        ("dietary_carbohydrate", "2025-03-10T12:00", 99, "g"),  # of no entry
    ):
        made.sample(metric, start, value, unit)
    (meal,) = meals(tmp_path, made)
    assert (meal["carbohydrate_g"], meal["protein_g"], meal["item_count"]) == (42.5, 9, 2)
    assert meal["energy_kcal"] is meal["fat_g"] is None
    assert (meal["file"], meal["record"]) == ("f" * 16, 7)


def logged(*starts: str, height: float = 60) -> Person:
    made = trace(starts[0], height=height)
    for start in starts:
        made.episode("meal", "", start, None)
    return made


def test_what_follows_a_meal(tmp_path: Path) -> None:
    (row,) = responses(tmp_path, logged("2025-03-10T08:00"))
    points = [(5.0 * n, g) for n, g in enumerate([*bump(), *level(9)])]
    assert row["base_mgdl"] == 100
    assert row["peak_mgdl"] == row["base_mgdl"] + row["peak_delta_mgdl"] == pytest.approx(160)
    assert row["time_to_peak_min"] == 45
    until2 = [(t, g) for t, g in points if t <= 120]
    assert row["iauc_2h_mgdl_min"] == pytest.approx(formulas.iauc(until2, 100))
    assert row["iauc_3h_mgdl_min"] == pytest.approx(formulas.iauc(points, 100))
    assert row["after_1h_mgdl"] == pytest.approx(150)
    assert row["after_2h_mgdl"] == pytest.approx(110)
    # within 10 of base: the 15-minute mean of 110 is at two hours
    assert row["recovery_min"] == 75
    assert (row["reading_count"], row["gap_min"]) == (37, 5)


@pytest.mark.parametrize(
    ("following", "known"),
    [
        ("08:59", {"after_1h_mgdl"}),
        ("09:00", {"peak_mgdl", "after_1h_mgdl"}),
        ("10:00", {"peak_mgdl", "after_1h_mgdl", "after_2h_mgdl", "iauc_2h_mgdl_min"}),
    ],
)
def test_the_next_meal_ends_it(following: str, known: set[str], tmp_path: Path) -> None:
    first, _ = responses(tmp_path, logged("2025-03-10T08:00", f"2025-03-10T{following}"))
    columns = {*known, "iauc_3h_mgdl_min", "iauc_2h_mgdl_min", "peak_mgdl", "after_2h_mgdl"}
    assert {c for c in columns if first[c] is not None} == known


def test_a_flat_meal_has_no_time_of_a_peak(tmp_path: Path) -> None:
    (row,) = responses(tmp_path, logged("2025-03-10T08:00", height=5))
    assert row["peak_delta_mgdl"] == pytest.approx(5)
    assert row["time_to_peak_min"] is row["recovery_min"] is None


def test_too_few_readings_tell_nothing(tmp_path: Path) -> None:
    made = Person().cgm("2025-03-10T07:30", level(10)).episode("meal", "", "2025-03-10T08:00", None)
    made.cgm("2025-03-10T08:40", level(40))  # 25 minutes without
    made.episode("meal", "", "2025-03-12T08:00", None)
    seen, unseen = responses(tmp_path, made)
    assert seen["gap_min"] == 25
    assert seen["iauc_2h_mgdl_min"] is None
    assert seen["peak_mgdl"] == 100
    assert unseen["reading_count"] == 0
    assert {v for c, v in unseen.items() if c.endswith(("_mgdl", "_min"))} == {None}


def log(
    made: Person, app: str, minute: int, carbs: float | None, kcal: float | None = None
) -> Person:
    """An entry of an app, minutes after eight."""
    when = f"2025-03-10T08:{minute:02}"
    made.episode("meal", "", when, None, device=app)
    for metric, value, unit in (
        ("dietary_carbohydrate", carbs, "g"),
        ("dietary_energy", kcal, "kcal"),
    ):
        if value is not None:
            made.sample(metric, when, value, unit, device=app)
    return made


@pytest.mark.parametrize(
    "entries, grams, items, copies",
    [
        ([("a", 0, 50, None), ("b", 2, 50, None)], 50, 1, 1),
        ([("a", 0, 50, None), ("a", 2, 50, None)], 100, 2, 0),  # one app: two entries
        ([("a", 0, 50, None), ("a", 2, 50, None), ("b", 3, 50, None)], 100, 2, 1),
        ([("a", 0, 50, None), ("b", 2, 20, None)], 70, 2, 0),
        ([("a", 0, 50, None), ("a", 1, 20, None), ("b", 0, 50, None)], 70, 2, 1),
        ([("a", 0, 50, None), ("b", 2, 50, None), ("c", 4, 50, None)], 50, 1, 2),
    ],
)
def test_what_two_apps_of_one_export_log_is_eaten_once(
    entries: list[tuple[str, int, float, float | None]],
    grams: float,
    items: int,
    copies: int,
    tmp_path: Path,
) -> None:
    made = Person()
    for entry in entries:
        log(made, *entry)
    (meal,) = meals(tmp_path, made)
    assert (meal["carbohydrate_g"], meal["item_count"], meal["copy_count"]) == (
        grams,
        items,
        copies,
    )


def test_of_two_apps_the_one_with_energy_speaks_and_others_by_energy(tmp_path: Path) -> None:
    made = log(log(Person(), "a", 0, 50), "b", 2, 50, 400)
    log(log(made, "c", 40, None, 300), "d", 41, None, 300)
    found = meals(tmp_path, made)
    assert [(m["energy_kcal"], m["carbohydrate_g"]) for m in found] == [(400, 50), (300, None)]
