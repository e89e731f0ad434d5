"""The product's glucose: by hand where the numbers are few, by plain Python elsewhere."""

from __future__ import annotations

import datetime as dt
import json
import math
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from flows.settings import Settings
from tests import formulas
from tests.formulas import Night, Reading
from tests.lake import BERLIN, Person, Row, asked, assert_checked, at, lake_of, opened, rows
from transforms.units import GLUCOSE
from warehouse.store.lake import Lake

pytestmark = pytest.mark.whole

MARCH, OCTOBER = "2025-03-10T23:00:00+01:00", "2025-10-25T23:00:00+02:00"  # clocks go back at 03:00
VECTORS = json.loads((Path(__file__).parents[1] / "reference/iauc_vectors.json").read_text())


class Made:
    """A person with nights, readings and meals at minutes from the first onset."""

    def __init__(self, start: str = MARCH) -> None:
        self.start = at(start)
        self.person = Person(BERLIN)
        self.nights: list[tuple[float, float]] = []
        self.readings: list[Reading] = []
        self.meals: list[float] = []

    def moment(self, minute: float) -> str:
        """An instant, with its offset."""
        return (self.start + dt.timedelta(minutes=float(minute))).astimezone(dt.UTC).isoformat()

    def night(self, onset: float, wake: float) -> Made:
        self.nights.append((onset, wake))
        self.person.sleep(self.moment(onset), [("light", wake - onset)])
        return self

    def cgm(self, first: float, values: list[float], every: float = 5, **more: object) -> Made:
        self.person.cgm(self.moment(first), values, every, **more)
        is_mmol = more.get("unit") == "mmol/L"
        for n, value in enumerate(values):
            mgdl = value * GLUCOSE if is_mmol else value
            band = formulas.band_mmol(value) if is_mmol else formulas.band(value)
            self.readings.append(Reading(first + n * every, mgdl, band, min(every, 15)))
        return self

    def meal(self, minute: float) -> Made:
        self.meals.append(minute)
        self.person.episode("meal", "", self.moment(minute), None)
        return self

    def expected(self) -> list[dict[str, object]]:
        nights = [Night(a, b, self.midnight(b)) for a, b in self.nights]
        ordered = sorted(self.readings, key=lambda r: r.at)
        return [formulas.expected(nights, n, ordered, self.meals) for n in range(len(nights))]

    def midnight(self, wake: float) -> float:
        """Of the wake date, by the clock as it stands at the wake."""
        shown = (self.start + dt.timedelta(minutes=wake)).astimezone(ZoneInfo(BERLIN))
        return wake - (shown.hour * 60 + shown.minute)


def wave(count: int, mean: float = 110, size: float = 30, period: float = 37) -> list[float]:
    return [round(mean + size * math.sin(n / period * 2 * math.pi)) for n in range(count)]


def plain(start: str = MARCH) -> Made:
    """Two nights of eight hours, a day between, breakfast 40 minutes after waking."""
    made = Made(start).night(0, 480).night(1440, 1920).meal(520)
    return made.cgm(-60, wave(12 * 60))


def random_person(seed: int) -> Made:
    """Nights of any length and place, gaps, meals; now and then out of the sensor's sight."""
    rng = np.random.default_rng(seed)
    made = Made()
    for day in range(5):
        if day != 3 or seed % 2:
            onset = day * 1440 + int(rng.integers(-60, 120))
            made.night(onset, onset + int(rng.integers(170, 560)))
            made.meal(made.nights[-1][1] + int(rng.integers(0, 360)))
    every = 15 if seed % 3 == 0 else 5
    minutes = np.arange(-200, 6 * 1440, every) + int(rng.integers(0, every))
    kept = rng.random(len(minutes)) > 0.03
    for _ in range(5):
        hole = int(rng.integers(0, len(minutes)))
        kept[hole : hole + int(rng.integers(1, 60))] = False
    level = 120 + 60 * np.sin(minutes / 97) + rng.normal(0, 12, len(minutes))
    for minute, value in zip(minutes[kept], level[kept], strict=True):
        made.cgm(int(minute), [float(max(41, round(value)))], every=every)
    return made


def people() -> dict[str, Made]:
    early = Made().night(0, 480).night(480 + 14 * 60, 480 + 22 * 60)
    return {
        "plain": plain(),
        "clocks_back": plain(OCTOBER),
        "bare": Made().night(0, 480),
        "short_day": early.cgm(-60, wave(12 * 40)),
        "mmol": mmol(),
        "slow": Made().night(0, 480).night(1440, 1900).cgm(-52, wave(200), every=15).meal(500),
        "late_meal": Made().night(0, 480).cgm(-60, wave(12 * 30)).meal(480 + 240),
        "meal_soon": plain().meal(520 + 59),
        "meal_in_an_hour": plain().meal(520 + 60),
        "meal_in_two_hours": plain().meal(520 + 120),
        "no_meal_seen": Made().night(0, 480).cgm(-60, wave(112)).meal(500),
        "late_gap": Made().night(0, 480).cgm(-60, wave(12 + 92)).cgm(485, wave(200)),
        "hour_gap": Made().night(0, 480).cgm(-60, wave(30)).cgm(145, wave(300)),
        "longer_gap": Made().night(0, 480).cgm(-60, wave(30)).cgm(150, wave(300)),
        "day_of_24_h": Made().night(0, 480).night(480 + 1440, 2400).cgm(-60, wave(800)),
        "day_of_25_h": Made().night(0, 480).night(480 + 1500, 2400).cgm(-60, wave(800)),
        **{f"random{seed}": random_person(seed) for seed in range(6)},
    }


def mmol() -> Made:
    """A night on the limits and a day above and below them, as the meter of a European says it."""
    limits = [2.9, 3.0, 3.8, 3.9, 7.8, 7.9, 10.0, 10.1, 13.9, 14.0]
    return Made().night(0, 480).cgm(0, limits * 20, unit="mmol/L")


@pytest.fixture(scope="module")
def made() -> dict[str, Made]:
    return people()


@pytest.fixture(scope="module")
def lake(made: dict[str, Made], tmp_path_factory: pytest.TempPathFactory) -> Lake:
    folder = tmp_path_factory.mktemp("nights")
    return lake_of(folder, {name: each.person for name, each in made.items()})


@pytest.fixture(scope="module")
def told(lake: Lake) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in asked(lake, "from night_to_day order by participant_id, sleep_date"):
        found.setdefault(row["participant_id"], []).append(row)
    return found


def is_near(found: object, right: object) -> bool:
    if isinstance(found, float) and isinstance(right, int | float):
        return math.isclose(found, right, rel_tol=1e-9, abs_tol=1e-7)
    return found == right


@pytest.mark.parametrize("name", people())
def test_glucose_of_the_night_and_the_day(
    name: str, made: dict[str, Made], told: dict[str, list[Row]]
) -> None:
    expected = made[name].expected()
    assert len(told[name]) == len(expected)
    for row, right in zip(told[name], expected, strict=True):
        if row["breakfast_basis"] == "detected_rise":  # of which formulas.py knows nothing
            right = {n: v for n, v in right.items() if "breakfast" not in n and "dawn" not in n}
        wrong = {n: (row[n], value) for n, value in right.items() if not is_near(row[n], value)}
        assert wrong == {}, row["sleep_date"]


def test_by_hand(told: dict[str, list[Row]]) -> None:
    """The few numbers that need no formula: the bands of ten limits, twenty times over."""
    (row,) = told["mmol"]
    assert row["overnight_reading_count"] == 96
    assert row["overnight_mean_mgdl"] == pytest.approx(
        18.0156 * (9 * 77.3 + 2.9 + 3.0 + 3.8 + 3.9 + 7.8 + 7.9) / 96
    )
    # of 9 times ten limits and six more: 27 + 3 below 3.9, 36 + 3 in range (3.9 7.8 7.9 10.0)
    assert row["overnight_tbr70_pct"] == pytest.approx(100 * 30 / 96)
    assert row["overnight_tir_pct"] == pytest.approx(100 * 39 / 96)
    assert row["overnight_titr_pct"] == pytest.approx(100 * 20 / 96)
    assert (row["fasting_mgdl"], row["overnight_min_mgdl"]) == pytest.approx(
        (18.0156 * (3.9 + 7.8 + 7.9) / 3, 18.0156 * 2.9)
    )


def test_a_night_without_glucose_has_none_and_is_not_complete(told: dict[str, list[Row]]) -> None:
    (row,) = told["bare"]
    glucose = [
        name for name in row if "mgdl" in name or name.startswith(("overnight_", "wake16h_"))
    ]
    assert len(glucose) > 20
    assert row["wake16h_asleep_min"] == 0
    glucose.remove("wake16h_asleep_min")
    assert {row[name] for name in [*glucose, "day_gri", "day_lbgi", "day_coverage_pct"]} == {None}
    assert (row["is_complete"], row["is_day_valid"], row["is_day_capped"]) == (False, False, True)
    assert row["quality_notes"].startswith("no overnight glucose; no daytime glucose")


def test_checks_find_nothing(lake: Lake) -> None:
    assert_checked(lake)


# What the sensors say, and which of them is listened to.
def night_of(person: Person) -> Person:
    return person.sleep("2025-03-10T23:00", [("light", 480)])


def scanned(*clock: str) -> Person:
    """Readings at 23:00, 23:15 and 23:30, and scans."""
    sensor: Row = {"connector": "libreview", "metric": "interstitial_glucose_scan"}
    person = night_of(Person()).cgm("2025-03-10T23:00", [100, 101, 102], 15, connector="libreview")
    for n, time in enumerate(clock):
        person.cgm(f"2025-03-10T{time}", [200 + n], **sensor)
    return person


SENSORS = {
    "words": night_of(Person()).cgm(
        "2025-03-10T23:00", ["<40", "<54", 54, 69, 70, 180, 181, ">400"]
    ),
    "scans": scanned("22:52", "22:51", "23:08", "23:22", "23:38", "23:39", "23:50"),
    "two_sensors": night_of(Person())
    .cgm("2025-03-10T23:00", [100.0 + n for n in range(6)])
    .cgm("2025-03-10T23:02", [200.0 + n for n in range(6)], every=15, connector="libreview")
    .cgm("2025-03-11T00:40", [104.0]),
    "by_name": night_of(Person())
    .cgm("2025-03-10T23:00", [100, 101], connector="zeta")
    .cgm("2025-03-10T23:01", [90, 91, 92], connector="alpha")
    .cgm("2025-03-10T23:02", [80, 81, 82], connector="beta"),
    "impossible": night_of(Person()).cgm("2025-03-10T23:00", [0, 100, -5, 102, 19, 601, 20, 1e9]),
    "fingers": Person()
    .sample("capillary_glucose", "2025-03-10T08:00:10", 101, "mg/dL", connector="libreview")
    .sample("capillary_glucose", "2025-03-10T08:00:50", 101.2, "mg/dL", connector="apple_health")
    .sample("capillary_glucose", "2025-03-10T08:00:50", 140, "mg/dL", connector="apple_health"),
    "unresolved": night_of(Person())
    .sleep("2025-10-25T23:00", [("light", 480)])
    .cgm("2025-10-26T01:50", [100, 101, 102, 103])
    .cgm("2025-10-26T03:00", [104, 105]),
}


@pytest.fixture(scope="module")
def sensors(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    return lake_of(tmp_path_factory.mktemp("sensors"), SENSORS)


def readings(lake: Lake, who: str, *columns: str) -> list[object]:
    """mg/dL of each reading in time, or a tuple of other columns."""
    found = asked(lake, "from glucose where participant_id = ? order by start_at", who)
    if not columns:
        return [row["glucose_mgdl"] for row in found]
    return [tuple(row[column] for column in columns) for row in found]


def test_a_limit_of_the_sensor_is_below_or_above_it(sensors: Lake) -> None:
    found = readings(sensors, "words", "bound", "range_band")
    assert found == [
        *(("<", 0), ("<", 0), (None, 1), (None, 1), (None, 2), (None, 3), (None, 4), (">", 5))
    ]
    (row,) = asked(sensors, "from night_to_day where participant_id = 'words'")
    assert row["overnight_tbr70_pct"] == 50
    assert row["overnight_tir_pct"] == 25
    assert "overnight mean includes sensor limits" in row["quality_notes"]


def test_scans_fill_holes_of_more_than_eight_minutes(sensors: Lake) -> None:
    """22:52 is 8 before the first of the sensor's own, 23:38 is 8 after the last."""
    assert readings(sensors, "scans") == [201, 100, 101, 102, 205, 206]


def test_of_two_sensors_the_better_one_speaks_in_each_half_hour(sensors: Lake) -> None:
    """Clarity to 23:25, then the other; at 00:40 Clarity again. Nothing is averaged."""
    assert readings(sensors, "two_sensors") == [*range(100, 106), 202, 203, 204, 205, 104]
    slots = [("dexcom_clarity", 5.0)] * 6 + [("libreview", 15.0)] * 4 + [("dexcom_clarity", 5.0)]
    assert readings(sensors, "two_sensors", "connector", "interval_min") == slots


def test_sensors_nobody_ranked_go_by_their_readings(sensors: Lake) -> None:
    assert readings(sensors, "by_name") == [90, 91, 92]


def test_the_order_of_sensors_is_a_setting(tmp_path: Path) -> None:
    chosen = Settings.model_validate({"priority": {"glucose": ["libreview"]}})
    lake = lake_of(tmp_path, {"p": SENSORS["two_sensors"]}, chosen)
    assert readings(lake, "p")[:2] == [200, 201]


def test_a_fingerstick_by_two_routes_stands_once(sensors: Lake) -> None:
    sql = "from glucose_fingerstick where participant_id = 'fingers' order by glucose_mgdl"
    assert [row["glucose_mgdl"] for row in asked(sensors, sql)] == [101.2, 140]
    assert readings(sensors, "fingers") == []


def test_what_nobody_can_have_is_not_counted(sensors: Lake) -> None:
    """Outside 20 to 600 mg/dL: kept and flagged in `sample`."""
    assert readings(sensors, "impossible") == [100, 102, 20]
    kept = asked(sensors, "from sample where participant_id = 'impossible' and flag is not null")
    assert sorted(row["value"] for row in kept if "implausible" in row["flag"]) == [
        -5,
        0,
        19,
        601,
        1e9,
    ]


def test_what_is_not_placed_is_not_counted(sensors: Lake) -> None:
    assert readings(sensors, "unresolved") == [100, 101, 104, 105]
    (row,) = asked(
        sensors,
        "from night_to_day where participant_id = 'unresolved' and sleep_date > '2025-10-01'",
    )
    assert (row["overnight_reading_count"], row["timezone_changed"]) == (4, True)


def test_checks_find_nothing_with_many_sensors(sensors: Lake) -> None:
    assert_checked(sensors)


@pytest.mark.parametrize("name", ["potato", "glucose", "always_below", "cross_twice"])
def test_the_area_above_the_base_of_published_meals(name: str, lake: Lake) -> None:
    given = VECTORS["inputs"]
    times, values = given[name] if isinstance(given[name][0], list) else (given["t"], given[name])
    right = VECTORS["expected"][name]["iauc_pos"]
    assert formulas.iauc([*zip(times, values, strict=True)], values[0]) == pytest.approx(right)
    line = "area_above(t - lag(t) over near, lag(g) over near - $3, g - $3)"
    sql = f"""select sum(area) as area from (
        select {line} as area from (select unnest($1) as t, unnest($2) as g)
        window near as (order by t))"""
    floats = [float(t) for t in times], [float(g) for g in values], float(values[0])
    (row,) = asked(lake, sql, *floats)
    assert row["area"] == pytest.approx(right)


def test_rules_move_the_numbers_they_name(tmp_path: Path) -> None:
    rules = {"day_cap_h": 10, "dawn_min_mgdl": 1, "night_max_h": 5, "day_coverage_min_pct": 0}
    chosen = Settings.model_validate({"rules": rules})
    lake = lake_of(tmp_path, {"p": plain().person}, chosen)
    first, second = asked(lake, "from night_to_day order by sleep_date")
    assert (first["day_hours"], second["day_hours"]) == (16, 10)
    assert {first["is_night_valid"], second["is_night_valid"]} == {False}
    assert first["has_dawn_phenomenon"] is (first["dawn_delta_mgdl"] >= 1)


def test_the_columns_are_read_in_any_session_zone(lake: Lake) -> None:
    with opened(lake) as connection:
        before = rows(connection, "from night_to_day order by all")
        for zone in ("Pacific/Apia", "America/New_York"):
            connection.execute(f"set timezone = '{zone}'")
            assert rows(connection, "from night_to_day order by all") == before
