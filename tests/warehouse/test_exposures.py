"""What a day held: food, drinks, steps, exercise, daylight and the room, by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.settings import Rules, Settings
from tests.lake import PERSON, Person, Row, asked, assert_checked, at, lake_of

pytestmark = pytest.mark.whole

# Awake from 07:00 on 10 March to 23:00; then from 07:00 on the 11th, with no night after it.
NIGHTS = (("2025-03-09T23:00", 480), ("2025-03-10T23:00", 480))


def person() -> Person:
    made = Person()
    for start, minutes in NIGHTS:
        made.sleep(start, [("light", minutes)])
    return made


def food(made: Person, start: str, kcal: float | None, app: str = "apple_health") -> Person:
    made.episode("meal", "", start, None, connector=app)
    return (
        made if kcal is None else made.sample("dietary_energy", start, kcal, "kcal", connector=app)
    )


def steps(
    made: Person, start: str, end: str | None, count: float, device: str = "watch", **more: object
) -> Person:
    until = {"end_wall": at(end)} if end else {}
    told = {"connector": "apple_health", "device": device, **more}
    return made.sample("step_count", start, count, "{count}", **until, **told)


def days(folder: Path, made: Person, settings: Settings | None = None) -> list[Row]:
    lake = lake_of(folder, {PERSON: made}, settings)
    return asked(lake, "from exposure_daily order by sleep_date")


def test_what_was_not_recorded_is_unknown(tmp_path: Path) -> None:
    for row in days(tmp_path, person()):
        assert {v for c, v in row.items() if c not in ("participant_id", "sleep_date")} == {None}


def test_meals_of_the_day(tmp_path: Path) -> None:
    made = person()
    for start, kcal in (
        ("2025-03-10T06:59", 900),  # of the night
        ("2025-03-10T08:00", 300),
        ("2025-03-10T08:10", 100),  # the same breakfast
        ("2025-03-10T14:59", 200),
        ("2025-03-10T16:00", 4),  # no meal
        ("2025-03-10T19:30", 400),
        ("2025-03-11T12:00", 500),
    ):
        food(made, start, kcal)
    first, second = days(tmp_path, made)
    assert first["meal_count"] == 3
    assert first["energy_kcal"] == 1000
    assert first["eating_window_h"] == 11.5
    assert first["last_meal_to_bed_min"] == 210
    assert first["kcal_before_15h_pct"] == 60
    assert (second["meal_count"], second["energy_kcal"]) == (1, 500)
    assert second["eating_window_h"] is None  # one meal is no window
    assert second["last_meal_to_bed_min"] is None  # nobody knows when


def test_night_to_day_has_the_same(tmp_path: Path) -> None:
    made = steps(food(person(), "2025-03-10T08:00", 300), "2025-03-10T09:00", None, 60)
    lake = lake_of(tmp_path, {PERSON: made})
    assert_checked(lake)
    found = asked(lake, "from exposure_daily order by sleep_date")
    shared = asked(lake, "from night_to_day order by sleep_date")
    for day, night in zip(found, shared, strict=True):
        same = [column for column in day if column in night]
        assert len(same) > 10
        assert {c: night[c] for c in same} == {c: day[c] for c in same}


def test_after_midnight_is_not_before_15h(tmp_path: Path) -> None:
    made = Person().sleep("2025-03-09T23:00", [("light", 480)])
    made.sleep("2025-03-11T02:00", [("light", 300)])
    food(food(made, "2025-03-10T09:00", 300), "2025-03-11T01:00", 700)
    first, _ = days(tmp_path, made)
    assert first["kcal_before_15h_pct"] == 30
    assert first["last_meal_to_bed_min"] == 60


def test_energy_that_one_meal_does_not_state_is_unknown(tmp_path: Path) -> None:
    made = food(food(person(), "2025-03-10T08:00", 300), "2025-03-10T13:00", None)
    first, _ = days(tmp_path, made)
    assert first["meal_count"] == 2
    assert first["energy_kcal"] is first["kcal_before_15h_pct"] is None


def composed(made: Person, start: str, **grams: float) -> Person:
    """A meal of which some of carbohydrate, fiber, sugar, protein and fat are told, in g."""
    made.episode("meal", "", start, None, connector="apple_health")
    for name, amount in grams.items():
        made.sample(f"dietary_{name}", start, amount, "g", connector="apple_health")
    return made


def test_a_log_without_energy_has_shares_of_carbohydrate(tmp_path: Path) -> None:
    made = composed(person(), "2025-03-10T08:00", carbohydrate=30)
    composed(made, "2025-03-10T14:59", carbohydrate=30)
    composed(made, "2025-03-10T19:00", carbohydrate=40)
    first, _ = days(tmp_path, made)
    assert (first["carbohydrate_g"], first["carbohydrate_before_15h_pct"]) == (100, 60)
    assert first["energy_kcal"] is first["kcal_before_15h_pct"] is None


def test_the_last_meal_is_told_of_and_no_earlier_one(tmp_path: Path) -> None:
    """Of supper nobody told the carbohydrate: that of lunch is not its own."""
    made = composed(
        person(), "2025-03-10T12:00", carbohydrate=60, fiber=5, sugar=20, protein=10, fat=12
    )
    composed(made, "2025-03-10T19:00", protein=25, fat=9)
    composed(made, "2025-03-11T19:00", carbohydrate=50, fiber=4, sugar=11)
    first, second = days(tmp_path, made)
    parts = ("carbohydrate", "fiber", "sugar", "protein", "fat")
    assert [first[f"last_meal_{part}_g"] for part in parts] == [None, None, None, 25, 9]
    assert [second[f"last_meal_{part}_g"] for part in parts] == [50, 4, 11, None, None]


def test_the_overnight_fast_is_from_supper_to_breakfast(tmp_path: Path) -> None:
    made = person().sleep("2025-03-11T23:00", [("light", 480)])
    for start in ("2025-03-10T08:00", "2025-03-10T19:30", "2025-03-11T09:00", "2025-03-12T10:00"):
        food(made, start, 300)
    found = days(tmp_path, made)
    assert [row["overnight_fast_h"] for row in found] == [
        None,
        13.5,
        None,
    ]  # more than a day is none


def test_two_apps_that_log_one_meal_are_not_added(tmp_path: Path) -> None:
    made = food(person(), "2025-03-10T08:00", 300)
    food(made, "2025-03-10T08:05", None, "dexcom_clarity")
    made.sample("dietary_carbohydrate", "2025-03-10T08:05", 45, "g", connector="dexcom_clarity")
    made.sample("dietary_carbohydrate", "2025-03-10T08:00", 40, "g", connector="apple_health")
    lake = lake_of(tmp_path, {PERSON: made})
    (meal,) = asked(lake, "from meal")
    assert (meal["energy_kcal"], meal["carbohydrate_g"]) == (300, 40)
    assert (meal["connector"], meal["item_count"]) == ("apple_health", 1)


@pytest.mark.parametrize(("join_min", "count"), [(15, 1), (14, 2)])
def test_entries_close_to_each_other_are_one_meal(
    join_min: int, count: int, tmp_path: Path
) -> None:
    made = food(food(person(), "2025-03-10T08:00", 300), "2025-03-10T08:15", 200)
    first, _ = days(tmp_path, made, Settings(rules=Rules(meal_join_min=join_min)))
    assert first["meal_count"] == count


def test_a_phone_and_a_watch_are_not_added(tmp_path: Path) -> None:
    """On a date one of them counts: here in as many quarters of an hour the phone, and more."""
    made = person()
    steps(made, "2025-03-10T09:00", "2025-03-10T09:10", 1000)
    steps(made, "2025-03-10T09:02", "2025-03-10T09:12", 900, "phone")
    steps(made, "2025-03-10T12:00", "2025-03-10T12:05", 300, "phone")  # the watch is charged
    steps(made, "2025-03-10T06:00", "2025-03-10T06:05", 70)  # at night
    steps(made, "2025-03-11T12:00", None, 60)
    first, second = days(tmp_path, made)
    assert first["step_count"] == 1200
    assert second["step_count"] == 60


def test_a_day_of_steps_in_one_number_says_nothing_of_a_day_from_wake_to_sleep(
    tmp_path: Path,
) -> None:
    made = steps(person(), "2025-03-10T00:00", "2025-03-11T00:00", 9000)
    first, _ = days(tmp_path, made)
    assert first["step_count"] is None


def test_steps_in_the_hour_after_meals(tmp_path: Path) -> None:
    """600 after breakfast, of 300 two thirds after lunch, none after dinner."""
    made = person()
    for start in ("2025-03-10T08:00", "2025-03-10T12:05", "2025-03-10T19:00"):
        food(made, start, 300)
    steps(made, "2025-03-10T08:30", "2025-03-10T08:40", 600)
    steps(made, "2025-03-10T12:00", "2025-03-10T12:15", 300)
    steps(made, "2025-03-10T20:00", "2025-03-10T20:15", 500)
    first, second = days(tmp_path, made)
    assert first["postmeal_steps_60min"] == pytest.approx((600 + 200) / 3)
    assert second["postmeal_steps_60min"] is None


def test_exercise_by_kind_and_time(tmp_path: Path) -> None:
    made = food(person(), "2025-03-10T08:30", 300)
    for label, start, end, app in (
        ("running", "2025-03-10T07:30", "2025-03-10T09:00", "apple_health"),
        ("running", "2025-03-10T07:45", "2025-03-10T09:10", "health_connect"),  # the same run
        ("strength_training", "2025-03-10T20:30", "2025-03-10T21:15", "apple_health"),
        ("TraditionalStrengthTraining", "2025-03-09T06:00", "2025-03-09T06:30", "apple_health"),
        ("weightlifting", "2025-03-08T06:00", "2025-03-08T06:30", "apple_health"),
        ("yoga", "2025-03-10T12:00", None, "apple_health"),  # nobody knows how long
    ):
        made.episode("exercise", label, start, end, connector=app)
    first, second = days(tmp_path, made)
    assert first["exercise_min"] == 100 + 45
    assert first["resistance_exercise_min"] == 45
    assert first["resistance_exercise_48h_min"] == 30
    assert first["fasted_morning_exercise_min"] == 60
    assert first["evening_exercise_min"] == 45
    assert second["exercise_min"] is not None or second["step_count"] is None
    assert second["resistance_exercise_48h_min"] == 45
    assert second["evening_exercise_min"] is None


def test_no_exercise_is_known_by_the_steps_of_who_records_it(tmp_path: Path) -> None:
    made = person().episode(
        "exercise", "running", "2025-03-01T08:00", "2025-03-01T09:00", connector="apple_health"
    )
    steps(made, "2025-03-10T09:00", "2025-03-10T09:10", 100)
    steps(made, "2025-03-11T09:00", "2025-03-11T09:10", 100, connector="fitbit_takeout")
    first, second = days(tmp_path, made)
    assert (first["exercise_min"], first["resistance_exercise_min"]) == (0, 0)
    assert first["fasted_morning_exercise_min"] is None  # nobody knows when the first meal was
    assert second["exercise_min"] is None


def test_daylight(tmp_path: Path) -> None:
    made = person()
    for start, end, minutes in (
        ("2025-03-10T07:50", "2025-03-10T08:05", 9),  # 6 of them in the hour after wake
        ("2025-03-10T17:00", "2025-03-10T17:15", 15),
        ("2025-03-11T17:00", "2025-03-11T17:15", 5),
    ):
        made.sample("daylight_time", start, minutes, "min", end_wall=at(end))
    first, second = days(tmp_path, made)
    assert first["daylight_min"] == pytest.approx(24)
    assert first["morning_daylight_min"] == pytest.approx(6)
    assert (second["daylight_min"], second["morning_daylight_min"]) == (5, 0)


def test_drinks(tmp_path: Path) -> None:
    made = person()
    for start, mg in (("2025-03-10T13:59", 80), ("2025-03-10T14:00", 60), ("2025-03-11T09:00", 80)):
        made.sample("dietary_caffeine", start, mg, "mg")
    made.sample("alcohol_drink", "2025-03-10T20:00", 2, "{count}")
    made.sample("alcohol_drink", "2025-03-10T20:00", 2, "{count}", connector="apple_health")
    first, second = days(tmp_path, made)
    assert (first["caffeine_after_14h_mg"], first["alcohol_drink_count"]) == (60, 2)
    assert (second["caffeine_after_14h_mg"], second["alcohol_drink_count"]) == (0, None)


def test_on_a_day_with_alcohol_alone_caffeine_is_not_known(tmp_path: Path) -> None:
    made = person().sample("alcohol_drink", "2025-03-10T20:00", 2, "{count}")
    first, _ = days(tmp_path, made)
    assert (first["caffeine_after_14h_mg"], first["alcohol_drink_count"]) == (None, 2)


def test_a_coffee_that_two_apps_log_was_drunk_once(tmp_path: Path) -> None:
    made = person()
    for app, minute, mg in (("a", 0, 80), ("b", 3, 80), ("b", 9, 40), ("b", 50, 80)):
        made.sample("dietary_caffeine", f"2025-03-10T15:{minute:02}", mg, "mg", device=app)
    first, _ = days(tmp_path, made)
    assert first["caffeine_after_14h_mg"] == 200  # of a: 80; of b alone: 40, and 80 an hour later


@pytest.mark.parametrize(("slots", "known"), [(12, True), (11, False)])
def test_the_room_needs_most_of_the_night(slots: int, known: bool, tmp_path: Path) -> None:
    made = person()
    for n in range(slots):
        minute = 30 * n
        start = f"2025-03-10T{minute // 60:02d}:{minute % 60:02d}"
        made.sample("room_temperature", start, 18 + n % 2, "Cel")
    first, _ = days(tmp_path, made)
    assert first["bedroom_temperature_cel"] == (18.5 if known else None)
