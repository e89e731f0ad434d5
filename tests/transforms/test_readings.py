"""Pace, readings told twice, two sensors at once, limits: on arrays, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from tests.lake import Person
from transforms.align import GLUCOSE
from transforms.arrays import MINUTE, SECOND, Micros
from transforms.glucose.apart import sensors_apart
from transforms.glucose.limits import flat
from transforms.glucose.pace import paces
from transforms.glucose.sensors import not_speaking
from transforms.glucose.told_twice import told_again, told_twice


def steps(*parts: tuple[float, int]) -> Micros:
    """Instants by minutes and how many such steps."""
    each = np.repeat([m for m, _ in parts], [n for _, n in parts])
    return np.append(0, np.cumsum(each) * MINUTE).astype(np.int64)


@pytest.mark.parametrize(
    "parts",
    [
        [(5, 100), (1, 300)],
        [(15, 96), (5, 100)],
        [(1, 300), (5, 100)],
        [(15, 96), (5, 288), (1, 1440), (15, 96)],
        [(5, 24), (15, 12), (5, 40), (1, 60), (5, 30)],
    ],
)
def test_the_pace_changes_with_the_sensor_to_the_reading(parts: list[tuple[float, int]]) -> None:
    expected = np.repeat([m for m, _ in parts], [n for _, n in parts])
    assert paces(steps(*parts)).tolist() == [*expected, expected[-1]]


def test_what_is_lost_makes_no_sensor_slower() -> None:
    every_second_hour = [(15.0, 700), *[(5.0, 11), (65.0, 1)] * 24]
    found = paces(steps(*every_second_hour))
    assert found[:700].tolist() == [15.0] * 700
    assert set(found[700:].tolist()) == {5.0}
    for lost in ([(10, 20)], [(15, 6)], [(180, 1)], [(10, 1), (5, 3), (20, 1)]):
        assert set(paces(steps((5, 50), *lost, (5, 50))).tolist()) == {5.0}


def test_a_pace_of_its_own_stays_and_none_is_longer_than_15() -> None:
    assert set(paces(steps((10, 50))).tolist()) == {10.0}
    assert set(paces(steps((60, 50))).tolist()) == {15.0}
    assert np.isnan(paces(np.zeros(1, np.int64))).all()
    assert len(paces(np.zeros(0, np.int64))) == 0


@pytest.mark.parametrize("late", [2, 3, 30, 60])
def test_readings_told_twice_are_the_later_ones(late: int) -> None:
    once = steps((5, 40))
    at = np.sort(np.concatenate([once, once[:20] + late * SECOND]))
    first = told_again(at)
    twice = told_twice(at, np.full(len(at), 100.0), first)
    assert twice.sum() == 20
    assert np.isin(at[~twice], once).all()


def test_a_sensor_of_one_a_minute_tells_nothing_twice() -> None:
    at = steps((1, 200), (9, 1), (1, 100))
    jitter = at + np.tile([0, -2 * SECOND], 151)[: len(at)]
    for instants in (at, jitter):
        assert (told_again(instants) == np.arange(len(at))).all()


def test_another_value_seconds_later_is_no_copy_but_at_one_instant_it_is() -> None:
    at = steps((5, 20))
    at[5] = at[4] + 3 * SECOND
    at[9] = at[8]
    value = np.arange(100.0, 121.0) * 1.0
    value[5] = 180.0
    assert np.flatnonzero(told_twice(at, value, told_again(at))).tolist() == [9]


def test_of_two_sensors_at_once_one_speaks_and_a_follower_is_no_second() -> None:
    one, other = steps((5, 48)), steps((5, 48)) + 2 * MINUTE
    at = np.concatenate([one, other[12:24]])
    sensor = np.repeat([0, 1], [len(one), 12])
    assert not_speaking(at, sensor).tolist() == [False] * len(one) + [True] * 12
    follows = np.concatenate([one, other + one[-1]])
    assert not not_speaking(follows, np.repeat([0, 1], len(one))).any()


def test_an_hour_at_one_value_is_flat() -> None:
    for pace, count in ((5.0, 12), (15.0, 4), (1.0, 60)):
        value = np.array([90.0, *[100.0] * count, 110.0])
        step = np.full(len(value) - 1, pace)
        found = flat(value, step, np.full(len(value), pace))
        assert found.tolist() == [False, *[True] * count, False]
        assert not flat(value[2:], step[2:], np.full(len(value) - 2, pace)).any()


def bounds(values: list[float], unit: str, **more: str) -> list[str | None]:
    person = Person().cgm("2025-03-10T08:00", values, unit=unit, **more)
    found: list[str | None] = person.tables()["sample"]["bound"].to_pylist()
    return found


def test_limits_are_those_of_the_product() -> None:
    libre = {"connector": "libreview", "device": "FreeStyle LibreLink"}
    assert bounds([40, 41, 400], "mg/dL", **libre) == ["<", None, ">"]
    assert bounds([40, 400, 450, 500], "mg/dL", **libre) == ["<", None, None, ">"]
    assert bounds([2.2, 2.3, 27.8], "mmol/L", **libre) == ["<", None, ">"]
    reader = {**libre, "device": "FreeStyle Libre"}
    assert bounds([400, 500], "mg/dL", **reader) == [None, ">"]
    assert bounds([400], "mg/dL", **reader) == [None]
    assert bounds([40, 400], "mg/dL", connector="dexcom_clarity") == [None, None]


def test_the_age_of_a_sensor_is_told_where_it_is_known() -> None:
    person = Person()
    for counter, device in ((1700, "iOS G7"), (50_000, "iOS G7"), (90_000, "iOS G7")):
        minute = f"2025-03-10T08:{counter % 60:02}"
        person.cgm(minute, [100], clock_id="8AAA11", clock_s=counter, device=device)
    person.cgm("2025-03-10T08:50", [100], clock_id="8BBB11", clock_s=1700, device="iPhone G6")
    rows = person.tables()["sample"].to_pylist()
    told = {(row["sensor"], row["sensor_day"], row["flag"]) for row in rows}
    assert told == {
        ("8AAA11", 0, "warm_up"),
        ("8AAA11", 0, None),
        ("8AAA11", 1, None),
        ("8BBB11", None, None),
    }


def apart(by: float, **more: object) -> list[str]:
    person = Person().cgm("2025-03-10T08:00", range(90, 120), clock_id="A", clock_s=1)
    person.cgm("2025-03-10T08:02", [value + by for value in range(90, 120)], **more)
    return [found.kind for found in sensors_apart(person.tables()["sample"], GLUCOSE)]


def test_two_sensors_far_apart_are_a_finding_and_near_ones_are_not() -> None:
    assert apart(100, clock_id="B", clock_s=1) == ["two_sensors_apart"]
    assert apart(20, clock_id="B", clock_s=1) == []
