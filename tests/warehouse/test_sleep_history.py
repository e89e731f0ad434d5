"""Regularity, jetlag and debt: equal to the reference vectors, and by hand where nights are few.

The vectors (fifteen days of one made-up person, minute by minute) and their values come from
sleepreg, pyActigraphy and plain numpy: tests/reference/sleep_regularity_*.
"""

from __future__ import annotations

import csv
import datetime as dt
import json
from pathlib import Path

import numpy as np
import pytest

from flows.settings import Rules, Settings
from tests.lake import Person, Row, asked, assert_checked, lake_of
from warehouse.store.lake import Lake

pytestmark = pytest.mark.whole

REFERENCE = Path(__file__).parents[1] / "reference"
EXPECTED = json.loads((REFERENCE / "sleep_regularity_expected.json").read_text())
NIGHTS = list(csv.DictReader((REFERENCE / "sleep_regularity_nights.csv").open(newline="")))


def reference_person() -> Person:
    """The person of the vectors: each run of minutes asleep is a stage, each night a session."""
    person = Person("UTC")
    with (REFERENCE / "sleep_regularity_epochs_1min.csv").open(newline="") as file:
        epochs = [(row["time"], row["sleep"] == "1") for row in csv.DictReader(file)]
    changes = [i for i, (_, s) in enumerate(epochs) if i == 0 or s != epochs[i - 1][1]]
    for first, end in zip(changes, [*changes[1:], len(epochs)], strict=True):
        begin = dt.datetime.fromisoformat(epochs[first][0])
        if epochs[first][1]:
            minutes = end - first
            person.sleep(f"{begin.isoformat()}+00:00", [("light", minutes)])
    return person


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> list[Row]:
    lake = lake_of(tmp_path_factory.mktemp("lake"), {"p1": reference_person()})
    assert_checked(lake)
    return regularity(lake)


def regularity(lake: Lake) -> list[Row]:
    return asked(lake, "select * from sleep_regularity order by sleep_date")


def test_the_nights_are_those_of_the_vectors(told: list[Row]) -> None:
    assert [str(row["sleep_date"]) for row in told] == [n["sleep_date_wake"] for n in NIGHTS]


def test_the_index_is_that_of_sleepreg(told: list[Row]) -> None:
    """Fourteen pairs of days, all of the vectors."""
    assert told[-1]["sleep_regularity_index_14d"] == pytest.approx(EXPECTED["sri_sleepreg"], 1e-9)


def test_social_jetlag_is_that_of_the_vectors(told: list[Row]) -> None:
    is_free = [dt.date.fromisoformat(n["sleep_date_wake"]).isoweekday() >= 6 for n in NIGHTS]
    assert is_free == [n["free_day"] == "1" for n in NIGHTS]
    expected = EXPECTED["social_jetlag_min"]
    assert told[-1]["social_jetlag_28d_min"] == pytest.approx(expected, 1e-9)


def test_spread_and_debt_of_the_last_nights(told: list[Row]) -> None:
    midpoint = np.array([float(n["midpoint_min_from_midnight"]) for n in NIGHTS])
    asleep = np.array([float(n["tst_min"]) for n in NIGHTS])
    assert told[-1]["midpoint_sd_7d_min"] == pytest.approx(midpoint[-7:].std(ddof=1), 1e-9)
    assert told[-1]["total_sleep_sd_7d_min"] == pytest.approx(asleep[-7:].std(ddof=1), 1e-9)
    missed = (480 - asleep).clip(0)
    for nights in (3, 4, 7):
        assert told[-1][f"sleep_debt_{nights}d_min"] == pytest.approx(missed[-nights:].sum())
    assert told[-1]["total_sleep_mean_4d_min"] == pytest.approx(asleep[-4:].mean())


def nights(*lengths: float | None, start: str = "2025-03-10", hour: float = 23) -> Person:
    """One night a date, of so many minutes; None is a night without a record."""
    person = Person("UTC")
    for day, minutes in enumerate(lengths):
        begin = dt.datetime.fromisoformat(start) + dt.timedelta(days=day, hours=hour)
        if minutes is not None:
            person.sleep(f"{begin.isoformat()}+00:00", [("light", minutes)])
    return person


def last(folder: Path, person: Person) -> Row:
    return regularity(lake_of(folder, {"p1": person}))[-1]


def test_a_missing_night_is_missing(tmp_path: Path) -> None:
    """No older night takes its place: what needs all of 3, 4 or 7 is not known."""
    row = last(tmp_path, nights(400, 400, 400, 400, None, 400, 400, 400))
    assert row["sleep_debt_3d_min"] == 240
    assert row["sleep_debt_4d_min"] is None
    assert row["sleep_debt_7d_min"] is None
    assert row["total_sleep_mean_4d_min"] is None
    assert row["is_restriction_run_4d"] is None
    assert row["midpoint_sd_7d_min"] == 0


def test_five_nights_make_a_spread_and_four_do_not(tmp_path: Path) -> None:
    assert last(tmp_path / "a", nights(400, 420, 400, 420))["total_sleep_sd_7d_min"] is None
    row = last(tmp_path / "b", nights(400, 420, 400, 420, 400))
    assert row["total_sleep_sd_7d_min"] == pytest.approx(np.std([400, 420] * 2 + [400], ddof=1))


@pytest.mark.parametrize(
    ("lengths", "is_run"),
    [((300, 300, 300, 300), True), ((300, 300, 301, 300), False), ((300, 300, 300), None)],
)
def test_four_short_nights_are_a_run(
    lengths: tuple[int, ...], is_run: bool | None, tmp_path: Path
) -> None:
    row = last(tmp_path, nights(*lengths))
    assert row["is_restriction_run_4d"] is is_run
    assert row["is_short_6h"] is True


@pytest.mark.parametrize(("minutes", "is_short"), [(270, True), (271, False)])
def test_four_and_a_half_hours_are_very_short(minutes: int, is_short: bool, tmp_path: Path) -> None:
    assert last(tmp_path, nights(minutes))["is_short_4h30"] is is_short


def test_six_hours_are_not_short(tmp_path: Path) -> None:
    assert last(tmp_path, nights(360))["is_short_6h"] is False


def test_the_same_night_every_night_is_an_index_of_a_hundred(tmp_path: Path) -> None:
    row = last(tmp_path / "a", nights(*[480] * 6))
    assert (row["sleep_regularity_index_7d"], row["pair_count_7d"]) == (100, 5)
    assert last(tmp_path / "b", nights(*[480] * 5))["sleep_regularity_index_7d"] is None
    # one night of no record takes two pairs with it
    row = last(tmp_path / "c", nights(480, 480, 480, None, 480, 480, 480))
    assert row["pair_count_7d"] == 4


def test_midpoints_about_midnight_are_close_to_each_other(tmp_path: Path) -> None:
    person = Person("UTC")
    for day in range(6):
        late = 10 if day % 2 else -10
        begin = dt.datetime(2025, 3, 10 + day, 20) + dt.timedelta(minutes=late)
        person.sleep(f"{begin.isoformat()}+00:00", [("light", 480)])
    row = last(tmp_path, person)
    assert row["midpoint_sd_7d_min"] == pytest.approx(np.std([10, -10] * 3, ddof=1))


def test_a_day_of_25_hours_is_a_day(tmp_path: Path) -> None:
    """The same times on the wall every night, across the end of summer time: nothing irregular."""
    person = Person("Europe/Berlin")
    for day in range(22, 29):
        begin = f"2025-10-{day}T22:30:00"
        end = f"2025-10-{day + 1}T06:30:00"
        person.episode("sleep_stage", "light", begin, end, connector="oura", session=begin)
        person.episode("sleep", "sleep", begin, end, connector="oura", session=begin, key=begin)
    row = last(tmp_path, person)
    # the repeated hour was slept through: the wall clock shows it once more than the day before
    assert row["sleep_regularity_index_7d"] > 98
    assert row["midpoint_sd_7d_min"] < 15


def test_debt_is_counted_against_a_rule(tmp_path: Path) -> None:

    lake = lake_of(
        tmp_path, {"p1": nights(400, 400, 400)}, Settings(rules=Rules(sleep_need_min=420))
    )
    assert regularity(lake)[-1]["sleep_debt_3d_min"] == 60


def test_night_to_day_has_the_same_history(tmp_path: Path) -> None:
    person = nights(*[400, 290, 480, 300] * 3).cgm("2025-03-10T20:00:00+00:00", [100.0] * 288)
    lake = lake_of(tmp_path, {"p1": person})
    names = [
        "sleep_debt_3d_min",
        "sleep_debt_7d_min",
        "total_sleep_mean_4d_min",
        "midpoint_sd_7d_min",
        "social_jetlag_28d_min",
        "is_short_6h",
        "is_restriction_run_4d",
    ]
    columns = ", ".join(names)
    found = asked(lake, f"select sleep_date, {columns} from night_to_day order by 1")
    told = asked(lake, f"select sleep_date, {columns} from sleep_regularity order by 1")
    assert found == told
    assert all(found[-1][name] is not None for name in names)


def test_night_to_day_has_the_index(told: list[Row], tmp_path: Path) -> None:
    lake = lake_of(tmp_path, {"p1": reference_person()})
    found = asked(lake, "from night_to_day order by sleep_date")
    for name in ("sleep_regularity_index_7d", "midpoint_sd_7d_min", "social_jetlag_28d_min"):
        assert [row[name] for row in found] == [row[name] for row in told]
    assert found[-1]["sleep_regularity_index_7d"] is not None


def agreement(sleeps: list[list[tuple[int, int]]]) -> float:
    """The index of days of stretches asleep, minute by minute."""
    state = np.zeros((len(sleeps), 1440), bool)
    for day, stretches in enumerate(sleeps):
        for begin, end in stretches:
            state[day, begin:end] = True
    return -100 + 200 * float(np.mean(state[1:] == state[:-1]))


def test_naps_of_half_an_hour_count(tmp_path: Path) -> None:
    """Noon is the edge of a day: the nap of one date is in the day of the next night."""
    person = nights(*[480] * 7, start="2025-03-10")
    person.sleep("2025-03-12T14:00+00:00", [("light", 30)])
    person.sleep("2025-03-14T14:00+00:00", [("light", 29)])
    usual = (660, 1140)
    days = [[usual], [usual], [usual, (120, 150)], [usual], [usual], [usual], [usual]]
    row = last(tmp_path, person)
    assert row["sleep_regularity_index_14d"] == pytest.approx(agreement(days))


def test_a_sleep_that_crosses_noon_is_in_both_days(tmp_path: Path) -> None:
    """Every other day from 08:00 to 16:00, else from 07:00 to 15:00."""
    person = Person("UTC")
    for day in range(6):
        hour = 8 if day % 2 else 7
        person.sleep(f"2025-03-{11 + day}T0{hour}:00+00:00", [("light", 240), ("light", 240)])
    row = last(tmp_path, person)
    first, second = [(1140, 1440)], [(0, 180), (1200, 1440)]
    third = [(0, 240), (1140, 1440)]
    days = [first, second, third, [(0, 180), (1200, 1440)], third, [(0, 180), (1200, 1440)]]
    assert row["sleep_regularity_index_7d"] == pytest.approx(agreement(days))


@pytest.mark.parametrize(
    ("date", "pieces"),
    [
        # 01:50 to 03:20 is half an hour, or two and a half
        ("2025-03-30", [("00:00", "01:50"), ("01:50", "03:20"), ("03:20", "06:30")]),
        ("2025-10-26", [("00:00", "01:50"), ("01:50", "03:20"), ("03:20", "06:30")]),
        # and with five minutes awake after it: in autumn they are lost to the sleep before
        ("2025-03-30", [("00:00", "03:20"), ("03:25", "06:30")]),
        ("2025-10-26", [("00:00", "03:20"), ("03:25", "06:30")]),
        ("2025-03-30", [("00:00", "06:30")]),
        ("2025-10-26", [("00:00", "06:30")]),
    ],
)
def test_the_same_hours_by_the_wall_are_regular(
    date: str, pieces: list[tuple[str, str]], tmp_path: Path
) -> None:
    """Also in the nights that lack an hour or have one twice."""
    person = Person("Europe/Berlin")
    for off in range(-4, 3):
        day = dt.date.fromisoformat(date) + dt.timedelta(days=off)
        for begin, end in pieces:
            times = (f"{day}T{begin}", f"{day}T{end}")
            person.episode("sleep_stage", "light", *times, connector="oura", session=str(day))
    row = last(tmp_path, person)
    lost = 5 if date == "2025-10-26" and len(pieces) == 2 else 0
    same = 1 - 2 * lost / (6 * 1440)  # against the day before and the day after
    assert row["sleep_regularity_index_7d"] == pytest.approx(-100 + 200 * same)
    assert row["pair_count_7d"] == 6
    assert (row["midpoint_sd_7d_min"] or 0) < 15


def test_free_days_are_a_setting(tmp_path: Path) -> None:
    """Late on the nights before Wednesday and Thursday, by two hours."""
    person = Person("UTC")
    for day in range(14):
        late = dt.date(2025, 3, 11) + dt.timedelta(days=day)
        hour = 1 if late.isoweekday() in (3, 4) else 23
        begin = dt.datetime.combine(late, dt.time(hour)) - dt.timedelta(days=hour // 23)
        person.sleep(f"{begin.isoformat()}+00:00", [("light", 420)])
    settings = {"participants": {"p1": {"free_days": ["wednesday", "thursday"]}, "p2": {}}}
    lake = lake_of(tmp_path, {"p1": person, "p2": person}, Settings.model_validate(settings))
    sql = (
        "select social_jetlag_28d_min as jetlag from sleep_regularity "
        "where sleep_date = '2025-03-24' order by participant_id"
    )
    found = asked(lake, sql)
    assert found[0]["jetlag"] == pytest.approx(120)
    assert found[1]["jetlag"] == pytest.approx(120 * 4 / 10)


def test_jetlag_needs_two_free_and_five_other_nights(tmp_path: Path) -> None:
    """2025-03-14 is a Friday: with the first night's date on, Saturday, Sunday, Monday ..."""
    week = nights(*[480] * 7, start="2025-03-14")
    assert last(tmp_path / "a", week)["social_jetlag_28d_min"] == 0
    assert (
        last(tmp_path / "b", nights(*[480] * 6, start="2025-03-14"))["social_jetlag_28d_min"]
        is None
    )
    assert (
        last(tmp_path / "c", nights(*[480] * 6, start="2025-03-15"))["social_jetlag_28d_min"]
        is None
    )
