"""The grid, its days, its events and its profile over the day."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

from flows.settings import Rules, Settings
from tests.formulas import iauc
from tests.lake import Person, Row, asked, at, lake_of
from tests.reference_series import UNRULED, iglu, reference_lake

pytestmark = pytest.mark.whole

DAY = 288
HOUR = dt.timedelta(hours=1)
MIDNIGHT = "2025-07-01T00:05"


def cgm(values: Iterable[float | str], start: str = MIDNIGHT, every: float = 5) -> Person:
    return Person("Europe/Berlin").cgm(start, values, every)


def grid(folder: Path, person: Person, settings: Settings | None = None) -> list[Row]:
    lake = lake_of(folder, {"p1": person}, settings)
    return asked(lake, "from glucose_5min order by start_at")


def daily(folder: Path, person: Person) -> list[Row]:
    lake = lake_of(folder, {"p1": person})
    return asked(lake, "from glucose_daily order by date")


def episodes(folder: Path, person: Person, settings: Settings = UNRULED) -> list[Row]:
    lake = lake_of(folder, {"p1": person}, settings)
    return asked(lake, "from glucose_episode order by start_at, kind, level")


# The grid.


def test_points_lie_between_the_first_and_the_last_reading(tmp_path: Path) -> None:
    found = grid(tmp_path, cgm([100, 110, 120], "2025-07-01T10:02"))
    assert [(row["start_local"].minute, row["glucose_mgdl"]) for row in found] == [
        (5, pytest.approx(106)),
        (10, pytest.approx(116)),
    ]
    assert all(row["is_observed"] and not row["is_interpolated"] for row in found)


def test_a_reading_on_a_point_is_the_point(tmp_path: Path) -> None:
    found = grid(tmp_path, cgm([100, 110.5, 95], "2025-07-01T10:05"))
    assert [row["glucose_mgdl"] for row in found] == [100, 110.5, 95]


@pytest.mark.parametrize(
    ("gap", "longest", "bridged"), [(45, 45, True), (50, 45, False), (35, 30, False)]
)
def test_gaps_are_bridged_up_to_a_limit(
    gap: int, longest: float, bridged: bool, tmp_path: Path
) -> None:
    """Points inside are marked: interpolated, or without a value."""
    after = at("2025-07-01T00:10") + dt.timedelta(minutes=gap)
    person = cgm([100, 100]).cgm(after.isoformat(), [100, 100])
    settings = Settings(rules=Rules(grid_gap_max_min=longest))
    found = grid(tmp_path, person, settings)
    inside = found[2:-2]
    assert len(inside) == gap // 5 - 1
    assert {row["glucose_mgdl"] for row in inside} == {100 if bridged else None}
    assert {row["is_interpolated"] for row in inside} == {bridged}
    assert not any(row["is_observed"] for row in inside)
    assert all(row["is_observed"] for row in (*found[:2], *found[-2:]))


def test_a_sensor_of_fifteen_minutes_is_interpolated_between(tmp_path: Path) -> None:
    found = grid(tmp_path, cgm([100, 130, 100], "2025-07-01T00:15", 15))
    assert [row["glucose_mgdl"] for row in found] == pytest.approx(
        [100, 110, 120, 130, 120, 110, 100]
    )
    assert [row["is_observed"] for row in found] == [True, False, False] * 2 + [True]


@pytest.mark.parametrize(
    ("midnight", "hours", "change"),
    [
        ("2025-10-25T22:00+00:00", 25, "2025-10-26T01:00+00:00"),
        ("2026-03-28T23:00+00:00", 23, "2026-03-29T01:00+00:00"),
    ],
)
@pytest.mark.parametrize("phase_s", [0, 149, 151])
def test_a_day_of_a_clock_change(
    midnight: str, hours: int, change: str, phase_s: int, tmp_path: Path
) -> None:
    """Elapsed time goes on evenly, and the clock moves at the full hour and not at a reading."""
    start = at(midnight) + dt.timedelta(seconds=phase_s)
    count = hours * 12
    lake = lake_of(
        tmp_path,
        {"p1": Person("Europe/Berlin").cgm(start.isoformat(), range(60, 60 + count))},
        Settings(rules=Rules(variability_min_h=0)),
    )
    found = asked(lake, "from glucose_5min order by start_at")
    steps = {b["start_at"] - a["start_at"] for a, b in itertools.pairwise(found)}
    assert steps == {dt.timedelta(minutes=5)}
    before, after = (2, 1) if hours == 25 else (1, 2)
    for row in found:
        offset = row["start_local"] - row["start_at"].replace(tzinfo=None)
        assert offset == HOUR * (after if row["start_at"] >= at(change) else before)
    (day,) = asked(lake, "from glucose_daily")
    assert day["reading_count"] == count
    assert day["coverage_pct"] == pytest.approx(100)
    assert day["largest_gap_min"] < 6
    assert day["is_valid"]
    # one more every five minutes: no step of the grid is an hour long, or none at all
    assert day["mag_mgdl_h"] == pytest.approx(12)
    assert day["sd_roc_mgdl_min"] == pytest.approx(0, abs=1e-9)
    (summary,) = asked(lake, "from glucose_summary")
    assert summary["conga_1h_mgdl"] == pytest.approx(0, abs=1e-9)


# Days.


def test_days_add_up_to_the_summary() -> None:
    events = ("hypo_l1", "hypo_l2", "hyper_l1", "hyper_l2")
    sums = ", ".join(f"sum({each}_count) as {each}_count" for each in events)
    days = asked(
        reference_lake(),
        f"""select participant_id, sum(reading_count) as reading_count, avg(risk_range) as adrr,
            count(*) as day_count, count(*) filter (is_valid) as valid_day_count, {sums}
        from glucose_daily group by participant_id order by participant_id""",
    )
    whole = asked(reference_lake(), "from glucose_summary order by participant_id")
    for day, row in zip(days, whole, strict=True):
        for column in day:
            expected = row[column]
            is_number = isinstance(expected, float)
            assert day[column] == (pytest.approx(expected) if is_number else expected), column


def test_the_area_above_140(tmp_path: Path) -> None:
    """Of a crossing only the triangle above; of a day that is not valid nothing."""
    values = [100 + (n * 37) % 90 for n in range(DAY)]
    first, second = daily(tmp_path, cgm(values).cgm("2025-07-02T00:05", values[:100]))
    points = [(5.0 * n, float(value)) for n, value in enumerate(values)]
    assert first["auc_above_140_mgdl_min"] == pytest.approx(iauc(points, 140))
    assert second["auc_above_140_mgdl_min"] is None


@pytest.mark.parametrize(("count", "known"), [(203, True), (201, False)])
def test_modd_of_a_day_needs_most_of_its_pairs(count: int, known: bool, tmp_path: Path) -> None:
    person = cgm([100] * DAY).cgm("2025-07-02T00:05", [110] * count)
    first, second, *_ = daily(tmp_path, person)
    assert first["modd_mgdl"] is None
    assert second["modd_mgdl"] == (pytest.approx(10) if known else None)


@pytest.mark.parametrize(("count", "known"), [(240, True), (239, False)])
def test_mage_of_a_day_needs_twenty_hours(count: int, known: bool, tmp_path: Path) -> None:
    wave = [80 + 80 * (n % 96 >= 48) for n in range(count)]
    (day,) = daily(tmp_path, cgm(wave))
    assert (day["mage_service_mgdl"] == pytest.approx(80)) == known
    assert (day["mage_avg_mgdl"] is not None) == known


def test_an_event_belongs_to_the_day_on_which_it_begins(tmp_path: Path) -> None:
    before = [100] * (DAY - 4) + [60] * 3
    first, second = daily(tmp_path, cgm(before).cgm("2025-07-02T00:00", [60] * 9 + [100] * 50))
    assert (first["hypo_l1_count"], first["hypo_l1_min"]) == (1, 60)
    assert (second["hypo_l1_count"], second["hypo_l1_min"]) == (0, 0)


def test_one_reading_is_a_day_of_little(tmp_path: Path) -> None:
    (day,) = daily(tmp_path, cgm([100]))
    assert (day["mean_mgdl"], day["is_valid"]) == (100, False)
    for column in ("sd_mgdl", "mag_mgdl_h", "modd_mgdl", "hypo_l1_count", "mage_avg_mgdl"):
        assert day[column] is None, column


# Events.

LOW = (65, 100, "hypo", "l1")
HIGH = (200, 100, "hyper", "l1")


@pytest.mark.parametrize(("beyond", "back", "kind", "level"), [LOW, HIGH])
@pytest.mark.parametrize(
    ("runs", "minutes"),
    [
        ([-4, 2, -4], []),
        ([-4, 3, -4], [15]),
        ([-4, 3, -2, 3, -3], [40]),
        ([-4, 3, -3, 3, -4], [15, 15]),
        ([-4, 2, -1, 3, -4], [15]),
        ([-4, 3, -2, 2, -2, 2, -3], [55]),
        ([3, -3], [15]),
        ([-3, 3], [15]),
    ],
)
def test_how_events_begin_and_end(
    beyond: float,
    back: float,
    kind: str,
    level: str,
    runs: Sequence[int],
    minutes: Sequence[float],
    tmp_path: Path,
) -> None:
    """Runs of points: positive beyond the limit, negative back."""
    values = [v for run in runs for v in [beyond if run > 0 else back] * abs(run)]
    found = episodes(tmp_path, cgm(values))
    assert [(e["kind"], e["level"], e["duration_min"]) for e in found] == [
        (kind, level, each) for each in minutes
    ]


@pytest.mark.parametrize(("points", "extended"), [(24, 0), (25, 1)])
def test_more_than_two_hours_are_extended(points: int, extended: int, tmp_path: Path) -> None:
    found = episodes(tmp_path, cgm([100] * 4 + [65] * points + [100] * 4))
    assert [e["level"] for e in found] == ["extended"] * extended + ["l1"]
    assert {e["duration_min"] for e in found} == {5 * points}


def test_a_gap_ends_an_event_and_says_so(tmp_path: Path) -> None:
    person = cgm([100] * 4 + [65] * 4).cgm("2025-07-01T01:40", [65] * 3 + [100] * 3)
    first, second = episodes(tmp_path, person)
    assert (first["duration_min"], first["is_right_censored"]) == (20, True)
    assert (second["duration_min"], second["is_right_censored"]) == (15, False)
    assert first["end_at"] - first["start_at"] == dt.timedelta(minutes=20)


def test_an_event_tells_its_glucose_and_time(tmp_path: Path) -> None:
    first, second = episodes(tmp_path, cgm([100] * 3 + [65, 50, 45, 40, 60] + [100] * 3))
    assert (first["level"], first["has_l2"], first["extreme_mgdl"]) == ("l1", True, 40)
    assert first["mean_mgdl"] == pytest.approx(52)
    assert (second["level"], second["has_l2"], second["duration_min"]) == ("l2", None, 15)
    assert first["start_local"] == dt.datetime(2025, 7, 1, 0, 20)
    assert second["start_local"] == dt.datetime(2025, 7, 1, 0, 25)


def test_a_rule_says_what_ends_level_two(tmp_path: Path) -> None:
    values = [100] * 3 + [50] * 3 + [60] * 6 + [50] * 3 + [100] * 3
    assert [e["level"] for e in episodes(tmp_path / "a", cgm(values))] == ["l1", "l2", "l2"]
    rules = Rules(hypo_l2_end_mgdl=70, variability_min_h=0)
    found = episodes(tmp_path / "b", cgm(values), Settings(rules=rules))
    assert [(e["level"], e["duration_min"]) for e in found] == [("l1", 60), ("l2", 60)]


@pytest.mark.parametrize(("low", "needed", "minutes"), [(1, 1, [15]), (1, 2, []), (2, 2, [30])])
def test_readings_of_a_slow_sensor_that_begin_an_event(
    low: int, needed: int, minutes: list[int], tmp_path: Path
) -> None:
    person = cgm([100, 100, *[65] * low, 100, 100], "2025-07-01T00:15", 15)
    found = episodes(tmp_path, person, Settings(rules=Rules(slow_event_readings=needed)))
    assert [e["duration_min"] for e in found if e["level"] == "l1"] == minutes


@pytest.mark.parametrize("kind", ["hypo", "hyper"])
def test_events_without_level_two_are_those_of_iglu(kind: str) -> None:
    """Counts, mean lengths and mean glucose of every kind that iglu tells."""
    rows = asked(
        reference_lake(),
        """select participant_id, kind, level || case when has_l2 is false then '_excl' else '' end
            as level, count(*) as n, avg(duration_min) as minutes, avg(mean_mgdl) as mgdl
        from (
            select * replace (case when level = 'l1' then false end as has_l2)
            from glucose_episode where level <> 'l1' or not has_l2
            union all
            select * replace (null as has_l2) from glucose_episode where level = 'l1'
        ) group by all""",
    )
    found = {(r["participant_id"], r["kind"], r["level"]): r for r in rows}
    levels = {"lv1": "l1", "lv2": "l2", "lv1_excl": "l1_excl"}
    for (metric, subject), theirs in iglu().items():
        for name, level in levels.items():
            if metric == f"episode_{kind}_{name}_total_episodes":
                row = found.get((subject, kind, level))
                assert (row["n"] if row else 0) == theirs
                if row:
                    about = f"episode_{kind}_{name}_avg_ep"
                    assert row["minutes"] == pytest.approx(iglu()[f"{about}_duration", subject])
                    assert row["mgdl"] == pytest.approx(iglu()[f"{about}_gl", subject])


# The profile.


def profile(folder: Path, days: Sequence[Sequence[float]]) -> list[Row]:
    values = [value for day in days for value in day]
    lake = lake_of(folder, {"p1": cgm(values, "2025-07-01T00:00")})
    return asked(lake, "from agp_profile order by minute_of_day")


def test_the_profile_is_percentiles_over_days(tmp_path: Path) -> None:
    found = profile(tmp_path, [[100 + 10 * day] * DAY for day in range(11)])
    assert [row["minute_of_day"] for row in found] == list(range(0, 1440, 5))
    for row in found[1:]:
        assert row["day_count"] == 11
    for row in found[7:-6]:  # the first midnight has no point, so that its slot has a day less
        told = [row[f"p{percent}_mgdl"] for percent in ("05", "25", "50", "75", "95")]
        assert told == pytest.approx([105, 125, 150, 175, 195])


def test_the_profile_goes_around(tmp_path: Path) -> None:
    """A peak at midnight is smoothed over both sides of it."""
    day = [100.0] * DAY
    day[0] = 230
    found = {row["minute_of_day"]: row["p50_mgdl"] for row in profile(tmp_path, [day] * 9)}
    raised = {minute for minute, mgdl in found.items() if mgdl > 100}
    assert raised == {*range(0, 31, 5), *range(1410, 1440, 5)}
    assert {round(found[minute], 9) for minute in raised} == {110}


@pytest.mark.parametrize(("days", "known"), [(7, True), (6, False)])
def test_the_profile_needs_days(days: int, known: bool, tmp_path: Path) -> None:
    found = profile(tmp_path, [[100] * DAY] * days)
    assert {row["p50_mgdl"] is not None for row in found[1:]} == {known}


def test_of_two_sensors_at_once_the_same_one_speaks_all_day(tmp_path: Path) -> None:
    """Every quarter of an hour each, not quite together: in some half hours one has three
    readings and the other one or two."""
    made = Person()
    for device, start, value, every in (("a", "00:00", 100, 15), ("b", "00:07", 120, 14.5)):
        count = int(24 * 60 / every) - 2
        made.cgm(f"2025-03-10T{start}", [value] * count, every, device=device)
    lake = lake_of(tmp_path, {"p1": made})
    told = asked(lake, "select distinct device, glucose_mgdl from glucose")
    assert told == [{"device": "b", "glucose_mgdl": 120}]
