"""Compression lows by hand: one that is, and for each criterion one that just is not."""

from __future__ import annotations

import functools
import statistics
from pathlib import Path

import pytest

from flows.settings import Settings
from tests.lake import Person, Row, asked, assert_checked, lake_of
from warehouse.store.lake import Lake

pytestmark = pytest.mark.whole

ONSET = "2025-03-10T23:00"
CALM = [100.0] * 24  # two hours
LOW = [84.0, 66, 60, 58, 60, 78, 96]  # falls by 34 in 15 minutes, is back after 35


def night(middle: list[float], before: list[float] = CALM, after: float = 100) -> Person:
    """Eight hours of 5-minute readings; `middle` begins after `before`."""
    rest = 96 - len(before) - len(middle)
    return asleep().cgm(ONSET, [*before, *middle, *[after] * rest])


def asleep() -> Person:
    return Person().sleep(ONSET, [("light", 480)])


def carbohydrate(clock: str) -> Person:
    return night(LOW).sample("dietary_carbohydrate", f"2025-03-11T{clock}", 15, "g")


def spaced(every: float, values: list[float]) -> Person:
    """The same night as a sensor of another interval sees it."""
    rest = int(480 / every) - len(values)
    return asleep().cgm(ONSET, [*values, *[100.0] * rest], every)


def missing(first: int, last: int, values: list[float] = LOW) -> Person:
    """The night without its readings from number `first` to `last`."""
    whole = [*CALM, *values, *[100.0] * (72 - len(values))]
    person = asleep().cgm(ONSET, whole[:first])
    hours, minutes = divmod(23 * 60 + (last + 1) * 5, 60)
    return person.cgm(f"2025-03-11T{hours - 24:02}:{minutes:02}", whole[last + 1 :])


def minute_by_minute() -> list[float]:
    falling = [100.0 - 2 * n for n in range(1, 21)]
    return [100.0] * 120 + falling + [60.0] * 20 + falling[::-1]


FOUND = {
    "plain": night(LOW),
    "by_its_share": night([110, 95, 89, 92, 118, 126], [130.0] * 24, 130),
    "every_15_minutes": spaced(15, [100.0] * 8 + [66, 60, 62, 98]),
    "every_minute": spaced(1, minute_by_minute()),
    "carbohydrates_before": carbohydrate("00:54"),
    "carbohydrates_after": carbohydrate("01:31"),
    "seen_in_a_night_with_a_gap": missing(60, 80),
    "a_reading_missing": missing(26, 26),
}
NOT_FOUND = {
    "flat": night([]),
    "slow_fall": night([95, 90, 85, 80, 75, 70, 65, 60, 60, 78, 96]),
    # the second fall only makes the night one that is looked at
    "steep_and_then_slow": night(
        [90, 88, 86, 84, 82, 80, 77, 74, 72, 70, 85, 98, *[100.0] * 6, 130, 130, 100]
    ),
    "no_steep_step": night([91, 82, 73, 64, 60, 60, 78, 96]),
    "restless_before": night(LOW, [114.0, 86, 100] * 8),
    "rising_before": night([105, 111, 117, *(n + 15 for n in LOW)], CALM, 117),
    "not_low_enough": night([116, 103, 96, 94, 98, 114, 128], [130.0] * 24, 130),
    "no_return": night([84, 66, 60], after=60),
    "slow_return": night([84, 66, 60, *range(62, 102, 2)]),
    "beyond_where_it_was": night([84, 66, 60, 58, 60, 120], after=120),
    "ten_minutes": night([70]),
    "more_than_two_hours": night([84, 66, *[60.0] * 21, 78, 96]),
    "meal": night(LOW).episode("meal", "", "2025-03-11T01:15", None),
    "carbohydrates": carbohydrate("01:15"),
    "its_fall_in_a_gap": missing(24, 26),
    "its_return_in_a_gap": missing(28, 32),
    "just_after_onset": night(LOW, [100.0, 100, 100]),
    "until_awake": asleep().cgm(ONSET, [*[100.0] * 91, *LOW[:5], 78, 96, 100]),
}
UNKNOWN = {
    "no_glucose": asleep(),
    "half_a_night": asleep().cgm(ONSET, [100.0] * 48),
    "long_gap": missing(40, 53, []),
}


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    return lake_of(tmp_path_factory.mktemp("compression"), {**FOUND, **NOT_FOUND, **UNKNOWN})


@functools.cache
def told(lake: Lake, relation: str) -> list[Row]:
    """Asked once for everybody: planning takes longer than the rows."""
    return asked(lake, f"from {relation}")


def of(lake: Lake, who: str, relation: str = "night_to_day") -> Row:
    (row,) = (row for row in told(lake, relation) if row["participant_id"] == who)
    return row


@pytest.mark.parametrize("name", FOUND)
def test_a_compression_low_is_found(name: str, lake: Lake) -> None:
    assert of(lake, name)["has_compression_low"] is True


@pytest.mark.parametrize("name", NOT_FOUND)
def test_what_misses_one_criterion_is_none(name: str, lake: Lake) -> None:
    assert of(lake, name)["has_compression_low"] is False


@pytest.mark.parametrize("name", UNKNOWN)
def test_too_few_readings_do_not_tell(name: str, lake: Lake) -> None:
    assert of(lake, name)["has_compression_low"] is None
    for row in (row for row in told(lake, "glucose_nightly") if row["participant_id"] == name):
        found = [n for n in row if n.startswith(("clean_", "compression_")) and row[n] is not None]
        assert found == []


def clean(values: list[float], interval: float = 5) -> dict[str, object]:
    threes = zip(values, values[1:], values[2:], strict=False)
    lowest = min(map(statistics.fmean, threes)) if interval < 7.5 else min(values)
    return {
        "clean_mean_mgdl": pytest.approx(statistics.fmean(values)),
        "clean_sd_mgdl": pytest.approx(statistics.stdev(values), abs=1e-6),
        "clean_min_mgdl": min(values),
        "clean_nadir_mgdl": pytest.approx(lowest),
        "clean_tbr70_pct": pytest.approx(100 * sum(v < 70 for v in values) / len(values)),
    }


def test_the_night_without_it(lake: Lake) -> None:
    """Readings after the last calm one and before the first that is back: five of them."""
    row = of(lake, "plain", "glucose_nightly")
    counted = {"compression_low_count": 1, "compression_low_min": 30 + 5}
    assert row["tbr70_pct"] == pytest.approx(100 * 4 / 96)
    assert {n: row[n] for n in counted} == counted
    right = clean([*CALM, 96, *[100.0] * 65])
    assert {n: row[n] for n in right} == right


def test_without_one_the_clean_night_is_the_whole(lake: Lake) -> None:
    row = of(lake, "slow_fall", "glucose_nightly")
    assert (row["compression_low_count"], row["compression_low_min"]) == (0, 0)
    for name in ("mean_mgdl", "sd_mgdl", "min_mgdl", "nadir_mgdl", "tbr70_pct"):
        assert row[f"clean_{name}"] == row[name]


def test_a_true_low_stays_beside_a_compression_low(tmp_path: Path) -> None:
    slow = [95.0, 90, 85, 80, 75, 70, 65, 62, 62, 65, 70, 75, 80, 85, 90, 95]
    twice = [*LOW, *[100.0] * 12, *LOW, *[100.0] * 12, *slow]
    lake = lake_of(tmp_path, {"both": night(twice)})
    row = of(lake, "both", "glucose_nightly")
    assert (row["compression_low_count"], row["compression_low_min"]) == (2, 70)
    kept = [*CALM, 96, *[100.0] * 12, 96, *[100.0] * 12, *slow]
    right = clean([*kept, *[100.0] * (96 - 12 - len(kept))])
    assert {n: row[n] for n in right} == right


MOVED = {
    "compression_drop_mgdl": 45,
    "compression_fall_mgdl_min": 4,
    "compression_nadir_mgdl": 50,
    "compression_return_mgdl": 50,
    "compression_min_min": 40,
    "compression_max_min": 30,
}
LOOSER = {
    "compression_calm_sd_mgdl": (12, "restless_before"),
    "compression_calm_mgdl_min": (1.3, "rising_before"),
    "compression_drop_pct": (25, "not_low_enough"),
    "compression_fall_mgdl_min": (1.8, "no_steep_step"),
    "compression_nadir_mgdl": (95, "not_low_enough"),
    "compression_min_min": (10, "ten_minutes"),
    "compression_max_min": (130, "more_than_two_hours"),
    "compression_return_mgdl": (8, "slow_return"),
}


@pytest.mark.parametrize("rule", MOVED)
def test_a_stricter_rule_finds_none(rule: str, tmp_path: Path) -> None:
    more = {"compression_drop_pct": 60} if rule == "compression_nadir_mgdl" else {}
    chosen = Settings.model_validate({"rules": {rule: MOVED[rule], **more}})
    lake = lake_of(tmp_path, {"plain": FOUND["plain"]}, chosen)
    assert of(lake, "plain")["has_compression_low"] is False


@pytest.mark.parametrize("rule", LOOSER)
def test_a_looser_rule_finds_what_missed_one_criterion(rule: str, tmp_path: Path) -> None:
    value, name = LOOSER[rule]
    chosen = Settings.model_validate({"rules": {rule: value}})
    lake = lake_of(tmp_path, {name: NOT_FOUND[name]}, chosen)
    assert of(lake, name)["has_compression_low"] is True


def test_checks_find_nothing(lake: Lake) -> None:
    assert_checked(lake)
