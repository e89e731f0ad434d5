"""`glucose_summary` against iglu, against vectors made by hand, and with too little data."""

from __future__ import annotations

import datetime as dt
import functools
import itertools
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

from flows.settings import Rules, Settings
from tests.lake import Person, Row, asked, assert_checked, lake_of
from tests.reference_series import COLUMNS, UNRULED, iglu, people, reference_lake

pytestmark = pytest.mark.whole

DAY = 288
SUBJECTS = sorted({subject for _, subject in iglu()})
# Where iglu is not followed; a test below says why.
ON_PURPOSE = {("active_percent", "libre_15min"), ("active_percent", "libre3_1min")}


@functools.cache
def summaries(*, ruled: bool = False) -> dict[str, Row]:
    lake = reference_lake(ruled=ruled)
    return {row["participant_id"]: row for row in asked(lake, "from glucose_summary")}


def summary(folder: Path, person: Person, settings: Settings = UNRULED) -> Row:
    (row,) = asked(lake_of(folder, {"p1": person}, settings), "from glucose_summary")
    return row


def cgm(values: Iterable[float | str], start: str = "2025-07-01T00:00", **more: object) -> Person:
    return Person("Europe/Berlin").cgm(start, values, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("metric", COLUMNS)
def test_every_metric_is_that_of_iglu(metric: str) -> None:
    compared = 0
    for subject in SUBJECTS:
        theirs, ours = iglu()[metric, subject], summaries()[subject][COLUMNS[metric]]
        if (metric, subject) in ON_PURPOSE:
            continue
        if metric.endswith("_avg_ep_duration") and theirs == 0:
            assert ours is None, "the mean length of no events is unknown, not 0"
            continue
        assert ours == pytest.approx(theirs, rel=1e-9, abs=1e-12), subject
        compared += 1
    # nobody of the six has an event of these kinds
    assert compared or metric.startswith(("episode_hypo_lv2", "episode_hypo_extended"))


def test_bgri_and_zone_are_what_they_are_made_of() -> None:
    zones = {s: row["gri_zone"] for s, row in summaries().items()}
    assert zones == {
        "healthy_5min": "A",
        "prediabetes_5min": "A",
        "libre_15min": "A",
        "libre3_1min": "A",
        "t1d_5min": "B",
        "t2d_5min": "C",
    }
    for row in summaries().values():
        assert row["bgri"] == row["lbgi"] + row["hbgi"]


def present(subject: str, step: float) -> float:
    """iglu's active percent at a pace: rounded expectations from the first to the last reading."""
    walls: list[dt.datetime] = [f["start_wall"] for f in people()[subject].facts["sample"]]
    minutes = [(wall - walls[0]) / dt.timedelta(minutes=1) for wall in walls]
    expected = round((minutes[-1] - minutes[0]) / step) + 1
    gaps = [b - a for a, b in itertools.pairwise(minutes)]
    missing = sum(round((gap - step) / step) for gap in gaps if gap > step)
    return 100 * (expected - missing) / expected


@pytest.mark.parametrize(("subject", "pace"), [("libre_15min", 15), ("libre3_1min", 1)])
def test_coverage_is_by_the_pace_of_the_sensor(subject: str, pace: float) -> None:
    """iglu counts every sensor per five minutes: one of 15 without a gap would cover a third."""
    assert present(subject, 5) == pytest.approx(iglu()["active_percent", subject], rel=1e-9)
    assert summaries()[subject]["coverage_pct"] == pytest.approx(present(subject, pace), rel=1e-12)


def test_a_period_is_told_by_its_own_readings_alone(tmp_path: Path) -> None:
    """Equal to a lake that has no others; both dates belong to it, and NULL leaves it open."""
    cut = Person("UTC")
    cut.facts["sample"] = [
        f
        for f in people()["t1d_5min"].facts["sample"]
        if dt.date(2026, 4, 4) <= f["start_wall"].date() <= dt.date(2026, 4, 9)
    ]
    alone = summary(tmp_path, cut)
    sql = "from glucose_summary_between({}) where participant_id = 't1d_5min'"
    (within,) = asked(reference_lake(), sql.format("'2026-04-04', date '2026-04-09'"))
    mage = {column for column in alone if column.startswith("mage_")}  # of all data alone
    assert {within[column] for column in mage} == {None}
    for column in alone.keys() - {"participant_id"} - mage:
        is_number = isinstance(alone[column], float)
        expected = pytest.approx(alone[column], rel=1e-12) if is_number else alone[column]
        assert within[column] == expected, column
    assert (within["first_date"], within["day_count"]) == (dt.date(2026, 4, 4), 6)
    (left,) = asked(reference_lake(), sql.format("null, '2026-04-03'"))
    (right,) = asked(reference_lake(), sql.format("'2026-04-10', null"))
    parts = (left, within, right)
    assert sum(part["reading_count"] for part in parts) == 3992
    assert asked(reference_lake(), sql.format("'2030-01-01', null")) == []


# By hand: metrics of known series.


def test_the_limits_belong_to_the_range(tmp_path: Path) -> None:
    row = summary(tmp_path, cgm([70, 180] * 12))
    assert (row["tir_pct"], row["tbr70_pct"], row["tar180_pct"]) == (100, 0, 0)
    assert (row["hypo_l1_count"], row["hyper_l1_count"]) == (0, 0)


def test_the_middle_of_the_risk_scale(tmp_path: Path) -> None:
    row = summary(tmp_path, cgm([112.5] * 12))
    assert 0 <= row["lbgi"] < 1e-5
    assert 0 <= row["hbgi"] < 1e-5


def test_a_constant_varies_in_nothing(tmp_path: Path) -> None:
    row = summary(tmp_path, cgm([100] * 3 * DAY))
    assert row["gmi_pct"] == pytest.approx(5.702)
    assert row["j_index"] == pytest.approx(10)
    varying = [c for c in row if c.startswith(("sd_", "conga_", "cv_", "mag_", "gvp_", "modd_"))]
    assert len(varying) == 18
    assert {row[column] for column in [*varying, "iqr_mgdl", "mad_mgdl"]} == {0}


def test_a_ramp(tmp_path: Path) -> None:
    row = summary(tmp_path, cgm(range(60, 360, 5)))
    assert row["mag_mgdl_h"] == pytest.approx(60)
    assert row["gvp_pct"] == pytest.approx(100 * (2**0.5 - 1))
    assert row["sd_roc_mgdl_min"] == 0
    assert row["conga_1h_mgdl"] == 0
    assert row["modd_mgdl"] is None


def test_limits_are_compared_in_the_reported_unit(tmp_path: Path) -> None:
    """10.0 mmol/L is 180.156 mg/dL, and in range; so is 3.9, which is 70.26."""
    edge = [3.9, 10.0] * 12
    row = summary(tmp_path / "at", cgm(edge, unit="mmol/L"))
    assert (row["tir_pct"], row["tbr70_pct"], row["tar180_pct"]) == (100, 0, 0)
    row = summary(tmp_path / "steady", cgm([10.0] * 12 + [3.9] * 12, unit="mmol/L"))
    assert (row["hyper_l1_count"], row["hypo_l1_count"]) == (0, 0)
    row = summary(tmp_path / "beyond", cgm([10.1] * 12 + [3.8] * 12, unit="mmol/L"))
    assert (row["hyper_l1_count"], row["hypo_l1_count"]) == (1, 1)


# Too little data: NULL, never 0.


def test_default_rules_give_the_values_of_iglu_or_nothing() -> None:
    nothing = set()
    for column in COLUMNS.values():
        for subject in SUBJECTS:
            ruled, plain = summaries(ruled=True)[subject][column], summaries()[subject][column]
            if ruled is None and plain is not None:
                nothing.add((subject, column))
            elif subject == "libre_15min" and column.startswith(("hypo_l", "hyper_l")):
                continue  # of a slow sensor one reading is an event to iglu, and none by default
            else:
                assert ruled == plain, column
    assert nothing == {
        ("libre3_1min", column)  # three days
        for column in ("gmi_pct", "ea1c_pct", "adrr", "cogi", "conga_24h_mgdl")
    }


@pytest.mark.parametrize(
    ("days", "columns", "known"),
    [
        (6, ["adrr", "cogi", "conga_24h_mgdl"], False),
        (7, ["adrr", "cogi", "conga_24h_mgdl"], True),
        (9, ["gmi_pct", "ea1c_pct"], False),
        (10, ["gmi_pct", "ea1c_pct"], True),
    ],
)
def test_valid_days_that_are_needed(
    days: int, columns: Sequence[str], known: bool, tmp_path: Path
) -> None:
    wave = [100 + n % 40 for n in range(days * DAY)]
    row = summary(tmp_path, cgm(wave), Settings())
    assert row["valid_day_count"] == days
    assert {row[column] is not None for column in columns} == {known}


def test_a_day_with_a_long_gap_or_few_readings_is_not_valid(tmp_path: Path) -> None:
    full, gap = [100] * DAY, [100] * (DAY - 37)
    person = cgm(full).cgm("2025-07-02T03:05", gap).cgm("2025-07-03T00:00", full[: DAY // 2])
    row = summary(tmp_path, person.cgm("2025-07-04T03:00", gap), Settings())
    assert (row["day_count"], row["valid_day_count"]) == (4, 2)


@pytest.mark.parametrize(("count", "known"), [(DAY - 1, False), (DAY, True)])
def test_variability_needs_a_day_of_observation(count: int, known: bool, tmp_path: Path) -> None:
    row = summary(
        tmp_path, cgm([100 + n % 7 for n in range(1, count + 1)], "2025-07-01T00:05"), Settings()
    )
    for column in ("mag_mgdl_h", "gvp_pct", "sd_roc_mgdl_min", "conga_1h_mgdl", "hypo_l1_per_day"):
        assert (row[column] is not None) == known, column
    assert row["hypo_l1_count"] == 0
    assert row["mean_mgdl"] is not None


def test_one_reading(tmp_path: Path) -> None:
    row = summary(tmp_path, cgm([100]))
    assert (row["reading_count"], row["mean_mgdl"], row["tir_pct"]) == (1, 100, 100)
    for column in ("sd_mgdl", "cv_pct", "coverage_pct", "mag_mgdl_h", "hypo_l1_count", "cogi"):
        assert row[column] is None, column


def test_the_checks_find_nothing() -> None:
    assert_checked(reference_lake())


def test_rules_move_events(tmp_path: Path) -> None:
    rules = Rules(hypo_l1_mgdl=80, variability_min_h=0)
    low = [100] * 6 + [75] * 6 + [100] * 6
    assert summary(tmp_path / "a", cgm(low), Settings(rules=rules))["hypo_l1_count"] == 1
    assert summary(tmp_path / "b", cgm(low))["hypo_l1_count"] == 0
