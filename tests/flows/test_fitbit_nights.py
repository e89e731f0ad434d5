"""Fitbit nights from the file to the view: odd hours, two generations of clocks, two algorithms."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from flows.deriving.pipeline import ingest
from tests.lake import BERLIN, PERSON, Row, asked, golden, put
from warehouse.store.lake import Lake

pytestmark = [pytest.mark.whole, pytest.mark.long]

NIGHT = """select sleep_date::varchar as date, onset_at::varchar as onset, time_in_bed_min as bed,
    total_sleep_min as asleep, deep_min as deep from sleep_nightly"""


def nights(folder: Path, files: dict[str, bytes | str], zone: str) -> list[Row]:
    lake = Lake(folder / "lake")
    ingest(lake, put(folder / "in", files), PERSON, zone)
    return asked(lake, f"{NIGHT} order by 1")


def test_an_hour_that_never_was_and_an_hour_that_was_not_scored(tmp_path: Path) -> None:
    """The same last segment, on a spring night and on nights of May and of autumn."""
    spring = golden("fitbit_takeout", "sleep_spring_phantom_hour").data()
    (night,) = nights(tmp_path / "spring", {"sleep.json": spring}, "Europe/London")
    assert (night["bed"], night["asleep"]) == (651, 621)
    others = golden("fitbit_takeout", "sleep_odd_hour_on_an_ordinary_night").data()
    found = nights(tmp_path / "others", {"sleep.json": others}, BERLIN)
    assert {night["date"]: (night["bed"], night["asleep"]) for night in found} == {
        "2020-05-07": (494, 395),
        "2020-06-07": (440, 394),
        "2020-06-08": (440, 380),
        "2020-10-25": (540, 480),
    }


@pytest.mark.parametrize("zone, onset", [("America/Chicago", "05:10"), ("Asia/Kolkata", "17:40")])
def test_the_generation_of_2025_tells_the_wall_clock(tmp_path: Path, zone: str, onset: str) -> None:
    data = golden("fitbit_takeout", "google_sleeps_2025_wall_clock").data()
    rows = data.decode().splitlines()[:2]
    (night,) = nights(tmp_path, {"UserSleeps.csv": "\n".join(rows)}, zone)
    assert night["onset"][11:16] == onset


def test_stages_of_the_algorithm_that_is_skipped_are_in_no_night(tmp_path: Path) -> None:
    def stage(sleep: int, number: int, word: str, start: str, end: str, by: str) -> str:
        times = f"-04:00,2026-04-12 {start}+0000,-04:00,2026-04-12 {end}+0000"
        return f"{sleep},{number},{word},{times},DERIVED,{by},,"

    stages = [
        *golden("fitbit_takeout", "google_stages_words_of_their_own")
        .data()
        .decode()
        .split("\n")[:1],
        stage(11, 1, "LIGHT", "05:40:00", "07:00:00", "sleep_stages_v1"),
        stage(11, 2, "DEEP", "08:40:00", "12:20:00", "restlessness"),
        stage(22, 3, "LIGHT", "08:10:00", "10:00:00", "none"),
        stage(22, 4, "DEEP", "10:00:00", "11:00:00", "sleep_stages_v2"),
        stage(22, 5, "REM", "11:00:00", "12:30:00", "sleep_stages_v2"),
    ]
    sleeps = [
        *golden("fitbit_takeout", "google_sleeps_before_the_new_algorithm")
        .data()
        .decode()
        .split("\n")[:1],
        *(
            f"{number},STAGES,{minutes},0,0,{minutes},0,5,5,-04:00,2026-04-12 {start}+0000,-04:00,"
            f"2026-04-12 {end}+0000,DERIVED,sleep_session_{by},,"
            for number, minutes, start, end, by in (
                (11, 400, "05:40:00", "12:20:00", "v1"),
                (22, 260, "08:10:00", "12:30:00", "v2"),
            )
        ),
    ]
    files: dict[str, Any] = {"a.csv": "\n".join(stages), "b.csv": "\n".join(sleeps)}
    (night,) = nights(tmp_path, files, "America/New_York")
    assert (night["onset"], night["bed"]) == ("2026-04-12 08:10:00+00", 260)
    assert (night["asleep"], night["deep"]) == (260, 60)


def test_answers_of_the_web_api_in_every_wrapping_are_the_same_nights(tmp_path: Path) -> None:
    page = json.loads(golden("fitbit_takeout", "sleep_web_api_pagination_first").data())
    logs = page["sleep"]
    wrapped = {
        "list": json.dumps(logs),
        "page": json.dumps({"sleep": logs}),
        "summary": json.dumps({"summary": {"totalMinutesAsleep": 1}, "sleep": logs}, indent=1),
        "days": json.dumps([{"sleep": [log], "summary": {}} for log in logs]),
        "lines": "\n".join(json.dumps({"sleep": [log]}) for log in logs),
        "logs a line": "\n".join(json.dumps(log) for log in logs),
        "by date": json.dumps({log["dateOfSleep"]: {"sleep": [log]} for log in logs}),
    }
    told = [nights(tmp_path / name, {"x.json": text}, BERLIN) for name, text in wrapped.items()]
    assert [len(each) for each in told] == [2] * len(wrapped)
    assert all(each == told[0] for each in told)
