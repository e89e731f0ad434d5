"""What a hypnogram comes to, against yasa's sleep statistics: tests/reference/yasa_*.

Three numbers are ours by definition. REM latency counts from sleep onset, not from the beginning
of the recording. The final awakening is not counted as fragmentation: most trackers cut it off. A
recording without any sleep is no sleep and has no row.
"""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest

from tests.lake import Person, Row, asked, assert_checked, at, lake_of
from warehouse.store.lake import Lake

pytestmark = pytest.mark.whole

REFERENCE = Path(__file__).parents[1] / "reference"
HYPNOGRAMS = json.loads((REFERENCE / "yasa_hypnograms_rle.json").read_text())
EXPECTED = json.loads((REFERENCE / "yasa_sleep_statistics_expected.json").read_text())
EPOCH_S = {"v1": 30, "v2": 60, "v3": 15, "v4": 30, "v5": 30, "v6": 30, "v7": 30}
STAGES = {
    **{"W": "awake", "WAKE": "awake", "N1": "light", "N2": "light", "LIGHT": "light"},
    **{"N3": "deep", "DEEP": "deep", "REM": "rem", "S": "asleep_unspecified", "ART": "unknown"},
}
START = "2025-03-10T23:00:00"


def recorded(name: str) -> Person:
    """The hypnogram as the stages of one session, and the recording as the time in bed."""
    stages = [(STAGES[s], n * EPOCH_S[name[:2]] / 60) for s, n in HYPNOGRAMS[name]]
    end = at(START) + dt.timedelta(minutes=sum(minutes for _, minutes in stages))
    return Person().sleep(START, stages, bed=(START, end.isoformat()))


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    people = {name: recorded(name) for name in HYPNOGRAMS}
    people["v5_all_wake"] = Person().sleep(START, [("awake", 10)])
    return lake_of(tmp_path_factory.mktemp("statistics"), people)


def episodes(lake: Lake, name: str) -> list[Row]:
    return asked(lake, "from sleep_episode where participant_id = ?", name)


@pytest.mark.parametrize("name", HYPNOGRAMS)
def test_a_night_is_what_yasa_says(name: str, lake: Lake) -> None:
    (row,) = episodes(lake, name)
    yasa = EXPECTED[name]
    ours = {
        "TIB": row["time_in_bed_min"],
        "SPT": row["sleep_period_min"],
        "TST": row["total_sleep_min"],
        "SOL": row["sleep_latency_min"],
        "WASO": row["wake_after_onset_min"],
        "SE": row["sleep_efficiency_pct"],
        "SME": row["sleep_maintenance_pct"],
    }
    assert ours == pytest.approx({key: yasa[key] for key in ours}, abs=1e-4)


@pytest.mark.parametrize("name", HYPNOGRAMS)
def test_its_stages_are_what_yasa_says(name: str, lake: Lake) -> None:
    (row,) = episodes(lake, name)
    yasa = EXPECTED[name]
    if not row["has_stages"]:
        assert (row["light_min"], row["deep_min"], row["rem_min"]) == (None, None, None)
        return
    light = yasa["LIGHT"] if "LIGHT" in yasa else yasa["N1"] + yasa["N2"]
    deep = yasa["DEEP"] if "DEEP" in yasa else yasa["N3"]
    assert (row["light_min"], row["deep_min"], row["rem_min"]) == (light, deep, yasa["REM"])
    latency = yasa["Lat_REM"]
    assert row["rem_latency_min"] == (None if latency is None else latency - yasa["SOL"])


@pytest.mark.parametrize("name", HYPNOGRAMS)
def test_fragmentation_is_yasas_without_the_final_awakening(name: str, lake: Lake) -> None:
    (row,) = episodes(lake, name)
    yasa, hours = EXPECTED[name], row["total_sleep_min"] / 60
    final = STAGES[HYPNOGRAMS[name][-1][0]] == "awake"
    assert row["sleep_fragmentation_per_h"] + final / hours == pytest.approx(yasa["SFI"], abs=1e-4)


def test_a_recording_without_sleep_is_no_sleep(lake: Lake) -> None:
    assert EXPECTED["v5_all_wake"]["TST"] == 0
    assert episodes(lake, "v5_all_wake") == []


def test_what_was_not_scored_is_no_wake_run(tmp_path: Path) -> None:
    """Ten minutes of which six were not scored are four minutes awake."""
    stages = [("light", 60), ("awake", 4), ("unknown", 6), ("light", 60), ("unknown", 9)]
    lake = lake_of(tmp_path, {"p": Person().sleep(START, [*stages, ("light", 60)])})
    (row,) = episodes(lake, "p")
    assert (row["awakening_count"], row["wake_after_onset_min"]) == (0, 4)
    assert row["sleep_fragmentation_per_h"] == pytest.approx(1 / 3)


def test_the_vendors_numbers_stand_beside_ours(tmp_path: Path) -> None:
    told = {"total_sleep_time": 415, "wake_after_sleep_onset": 25, "light_sleep_time": 300}
    told |= {"deep_sleep_time": 60, "rem_sleep_time": 55, "latency_to_sleep_onset": 7}
    people = {
        "staged": Person().sleep(START, [("light", 420)], session="s"),
        "bare": Person().sleep(START, end="2025-03-11T07:00", session="s"),
    }
    for person in people.values():
        for metric, value in told.items():
            person.sample(metric, START, value, "min", key="s", connector="fitbit_takeout")
        person.sample("sleep_efficiency", START, 91, "%", key="s", connector="fitbit_takeout")
    lake = lake_of(tmp_path, people)
    (staged,), (bare,) = episodes(lake, "staged"), episodes(lake, "bare")
    names = ("total_sleep", "wake", "light", "deep", "rem", "latency")
    for row in (staged, bare):
        assert [row[f"vendor_{name}_min"] for name in names] == [415, 25, 300, 60, 55, 7]
        assert row["vendor_efficiency_pct"] == 91
    assert (staged["total_sleep_min"], staged["vendor_total_difference_min"]) == (420, 5)
    # a sleep without stages has the vendor's total for its own: there is nothing to compare
    assert (bare["total_sleep_min"], bare["vendor_total_difference_min"]) == (415, None)


def test_checks_find_nothing(lake: Lake) -> None:
    assert_checked(lake)
