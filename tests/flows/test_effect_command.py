"""dawnlake effect, from vendor files to the view and out again."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
from pathlib import Path

import duckdb
import numpy as np
import pyarrow.parquet as pq
import pytest

from flows.deriving.pipeline import ingest
from tests.lake import BERLIN, asked, clarity, put, rows, same_again
from tests.running import Run
from warehouse.store.lake import Lake

pytestmark = pytest.mark.whole

FIRST = dt.datetime(2026, 1, 5)
WHO = "zebulonia"  # stands nowhere but where this participant is meant


def exports(folder: Path, nights: int, slope: float, seed: int) -> list[Path]:
    """A Fitbit sleep log and a Clarity export: `slope` mg/dL of the whole day per hour of sleep."""
    rng = np.random.default_rng(seed)
    sleeps, readings = [], []
    for night in range(nights):
        hours = float(rng.uniform(5.5, 8.5))
        woke = FIRST + dt.timedelta(days=night, hours=6.5)  # who wakes at one time every day
        fell = woke - dt.timedelta(hours=hours)
        stages = (("light", 0.5), ("deep", float(rng.uniform(0.1, 0.25))), ("rem", 0.2))
        levels, at = [], fell
        for level, share in (*stages, ("light", 1 - sum(share for _, share in stages))):
            seconds = 30 * round(120 * hours * share)
            levels.append(
                {"dateTime": f"{at:%Y-%m-%dT%H:%M:%S.000}", "level": level, "seconds": seconds}
            )
            at += dt.timedelta(seconds=seconds)
        minutes = round((at - fell).total_seconds() / 60)
        sleeps.append(
            {
                "logId": night + 1,
                "dateOfSleep": f"{woke:%Y-%m-%d}",
                "startTime": f"{fell:%Y-%m-%dT%H:%M:%S.000}",
                "endTime": f"{at:%Y-%m-%dT%H:%M:%S.000}",
                "duration": minutes * 60_000,
                "minutesToFallAsleep": 0,
                "minutesAsleep": minutes,
                "minutesAwake": 0,
                "minutesAfterWakeup": 0,
                "timeInBed": minutes,
                "efficiency": 97,
                "type": "stages",
                "infoCode": 0,
                "levels": {"summary": {}, "data": levels, "shortData": []},
                "mainSleep": True,
            }
        )
        level = 110 + slope * (hours - 7) + float(rng.normal(0, 1))
        for step in range(288):
            moment = woke - dt.timedelta(hours=7) + dt.timedelta(minutes=5 * step)
            value = round(level + 8 * np.sin(step / 9) + float(rng.normal(0, 2)))
            counter = 86_400 * night + 300 * step
            readings.append((f"{moment:%Y-%m-%dT%H:%M:%S}", value, counter, "8AB"))
    return put(
        folder, {"sleep-2026-01-05.json": json.dumps(sleeps), "clarity.csv": clarity(readings)}
    )


def made(folder: Path) -> None:
    """The lake of two people with 40 nights, one of whom has an effect, and of one with a week."""
    for who, nights, slope in (("ada", 40, 6.0), (WHO, 40, 0.0), ("cleo", 8, 0.0)):
        paths = exports(folder.parent / who, nights, slope, len(who))
        assert ingest(Lake(folder), paths, who, BERLIN).is_clean


@pytest.fixture
def lake() -> Lake:
    """A lake to change."""
    return same_again("effect", made)


ONE = """
    select * from sleep_effect where participant_id = ? and exposure = 'total_sleep_min'
    and outcome = 'wake16h_mean_mgdl' and relation = 'same_night'
"""


def test_what_is_found_is_shown_and_kept(lake: Lake, run: Run) -> None:
    assert asked(lake, "from sleep_effect") == []
    code, out, err = run("effect", "--lake", lake.root)
    assert code == 1
    assert "cleo: " in err and "nothing is told below 14" in err
    assert "does not say that the night caused the day" not in out
    assert "that does not say that the night caused the day" in err.replace("\n", " ")
    assert "higher after longer sleep" in out
    (ada,) = asked(lake, ONE, "ada")
    assert ada["verdict"] == "higher after longer sleep"
    assert ada["slope_low"] < 6 < ada["slope_high"]
    assert ada["slope_unit"] == "mg/dL per h"
    assert ada["is_current"] is True
    assert 28 <= ada["night_count"] <= 40
    (other,) = asked(lake, ONE, WHO)
    assert other["verdict"] == "no clear relation"
    assert other["slope_low"] < 0 < other["slope_high"]
    (few,) = asked(lake, ONE, "cleo")
    assert (few["verdict"], few["slope"], few["slope_low"]) == ("not enough nights", None, None)
    counts = asked(lake, "select participant_id, count(*) as n from sleep_effect group by all")
    assert {row["participant_id"]: row["n"] for row in counts} == {
        "ada": 180,
        WHO: 180,
        "cleo": 180,
    }
    assert "sleep of" in ada["contrast"] and ada["third_difference_low"] > 0
    assert ada["family"] == "sleep"
    habits = asked(
        lake, "select distinct relation, reverse_verdict from sleep_effect where family = 'habit'"
    )
    assert {row["relation"] for row in habits} == {"day_before", "same_night", "same_day"}
    assert {row["reverse_verdict"] for row in habits} == {None}


def test_a_screen_of_80_columns_is_enough(lake: Lake, run: Run) -> None:
    """A summary before the numbers, of each."""
    _, out, _ = run("effect", "--lake", lake.root)
    lines = [line.rstrip() for line in out.splitlines()]
    assert max(map(len, lines)) <= 80
    at = lines.index("ada")
    assert lines[at + 1].startswith("  sleep of")
    assert "  mean: higher after longer sleep" in lines[at : at + 10]
    assert lines.index(WHO) > at
    assert "everyone together, within people" in lines
    assert "  no interval below 5 people" in lines


def test_everyone_together_is_kept_without_a_name(lake: Lake, run: Run) -> None:
    run("effect", "--lake", lake.root)
    first = "where exposure = 'total_sleep_min' and outcome = 'wake16h_mean_mgdl'"
    (found,) = asked(lake, f"from sleep_effect_group {first}")
    assert (found["person_count"], found["is_current"]) == (2, True)
    assert 0 < found["slope"] < 6
    assert (found["slope_low"], found["correlation_low"]) == (None, None)
    assert 0 < found["correlation"] < 1
    assert found["correlation_p_value"] > 0.05
    assert found["note"] == "no interval below 5 people"
    assert WHO.encode() not in lake.part_of_all("effect_group").read_bytes()


def test_files_are_private_and_the_same_each_time(lake: Lake, run: Run) -> None:
    run("effect", "--lake", lake.root)
    paths = [lake.table_part("effect", WHO), lake.part_of_all("effect_group")]
    before = [path.read_bytes() for path in paths]
    run("effect", "--lake", lake.root)
    assert [path.read_bytes() for path in paths] == before
    assert [path.stat().st_mode & 0o777 for path in paths] == [0o600, 0o600]
    assert lake.leftovers() == []


def test_the_view_says_when_nights_have_changed(lake: Lake, run: Run, tmp_path: Path) -> None:
    run("effect", "--lake", lake.root)
    ingest(lake, exports(tmp_path / "more", 41, 6.0, 3), "ada", BERLIN)
    current = "select participant_id, bool_and(is_current) as so from sleep_effect group by all"
    assert {row["participant_id"]: row["so"] for row in asked(lake, current)} == {
        "ada": False,
        WHO: True,
        "cleo": True,
    }
    group = "select distinct is_current as so from sleep_effect_group"
    assert asked(lake, group) == [{"so": False}]
    run("effect", "--participant", "ada", "--lake", lake.root)
    assert all(row["so"] for row in asked(lake, current))
    assert asked(lake, group) == [{"so": False}]  # one person's run does not touch it
    run("effect", "--lake", lake.root)
    assert asked(lake, group) == [{"so": True}]


def test_any_client_reads_it(lake: Lake, run: Run) -> None:
    """Another process, DuckDB alone and another time zone and number of threads."""
    run("effect", "--lake", lake.root)
    code = (
        "import duckdb, sys; c = duckdb.connect(sys.argv[1], read_only=True); "
        "c.execute(\"set timezone = 'Asia/Tokyo'\"); c.execute('set threads = 1'); "
        "found = c.execute('select bool_and(is_current) from sleep_effect').fetchall(); "
        "sys.stdout.write(str(found))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(lake.warehouse)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "[(True,)]"


def test_nothing_of_who_is_forgotten_remains(lake: Lake, run: Run) -> None:
    run("effect", "--lake", lake.root)
    assert run("forget", WHO, "--yes", "--lake", lake.root)[0] == 0
    assert not lake.part_of_all("effect_group").exists()
    assert [path for path in lake.root.rglob("*") if WHO in str(path)] == []
    left = asked(lake, "select distinct participant_id as who from sleep_effect order by all")
    assert left == [{"who": "ada"}, {"who": "cleo"}]
    assert asked(lake, "from sleep_effect_group") == []


def test_nothing_of_what_is_withdrawn_remains(lake: Lake, run: Run) -> None:
    run("effect", "--lake", lake.root)
    file = asked(lake, "select file from source_file where participant_id = 'ada' limit 1")[0][
        "file"
    ]
    assert run("withdraw", file, "--lake", lake.root)[0] == 0
    left = asked(lake, "select distinct participant_id as who from sleep_effect order by all")
    assert left == [{"who": "cleo"}, {"who": WHO}]
    assert asked(lake, "from sleep_effect_group") == []
    with duckdb.connect() as connection:
        part = lake.table_part("effect", "ada")
        assert rows(connection, f"from read_parquet('{part}', hive_partitioning = false)") == []


def test_withdrawn_with_all_files_leaves_no_part(lake: Lake, run: Run) -> None:
    run("effect", "--lake", lake.root)
    files = asked(lake, "select file from source_file where participant_id = 'cleo'")
    assert run("withdraw", *(row["file"] for row in files), "--lake", lake.root)[0] == 0
    assert not list(lake.tables.glob("*/*cleo*"))
    assert asked(lake, "from sleep_effect where participant_id = 'cleo'") == []


def test_a_rebuild_keeps_it(lake: Lake, run: Run) -> None:
    run("effect", "--lake", lake.root)
    assert run("rebuild", "--lake", lake.root)[0] == 0
    assert asked(lake, "select bool_and(is_current) as so, count(*) as n from sleep_effect") == [
        {"so": True, "n": 540}
    ]


def test_results_of_another_version_go(lake: Lake, run: Run, tmp_path: Path) -> None:
    """Their columns fit no view of today."""
    run("effect", "--lake", lake.root)
    part = lake.table_part("effect", "ada")
    pq.write_table(pq.read_table(part).drop_columns(["family", "contrast"]), part)
    made = lake.marts / "made_from.json"
    made.write_text(json.dumps(json.loads(made.read_text()) | {"tables": "another"}))
    paths = exports(tmp_path / "more", 2, 0.0, 3)
    whose = ["--participant", "dora", "--timezone", BERLIN]
    code, _, err = run("ingest", *paths, *whose, "--lake", lake.root)
    assert code == 0, err
    assert "`dawnlake effect` found was of another version" in err.replace("\n", " ")
    left = asked(lake, "select distinct participant_id as who from sleep_effect order by all")
    assert left == [{"who": "cleo"}, {"who": WHO}]
    assert asked(lake, "from sleep_effect_group") == []


def test_a_data_set_has_it(lake: Lake, run: Run, tmp_path: Path) -> None:
    run("effect", "--lake", lake.root)
    code, _, err = run("export", "sleep_effect_group", "-o", tmp_path / "out", "--lake", lake.root)
    assert (code, (tmp_path / "out" / "sleep_effect_group.csv").exists()) == (0, True), err
    for option in (["--deidentify"], ["--participant", "ada"]):
        words = ["export", "sleep_effect_group", "-o", tmp_path / "no", "--lake", lake.root]
        code, _, err = run(*words, *option)
        assert code == 2
        assert "everyone together" in err
    hidden = tmp_path / "hidden"
    assert run("export", "sleep_effect", "-o", hidden, "--deidentify", "--lake", lake.root)[0] == 0
    text = (hidden / "sleep_effect.csv").read_text()
    assert "higher after longer sleep" in text
    assert WHO not in text and "fingerprint" not in text


def test_a_lake_without_nights_says_what_is_missing(tmp_path: Path, run: Run) -> None:
    lake = Lake(tmp_path / "lake")
    readings = [(f"2026-01-05T{h:02}:05:00", 90 + h, 3600 * h, "8AB") for h in range(24)]
    ingest(lake, put(tmp_path / "in", {"clarity.csv": clarity(readings)}), "ada", BERLIN)
    code, _, err = run("effect", "--lake", lake.root)
    assert code == 1
    assert "ada: no night of sleep" in err
    assert "ingest an export of a sleep tracker" in err.replace("\n", " ")
    (row,) = asked(lake, ONE, "ada")
    assert (row["verdict"], row["night_count"], row["is_current"]) == ("not enough nights", 0, True)


@pytest.mark.parametrize("words", [["--lake", "nowhere"], ["--participant", "nobody"]])
def test_who_or_what_is_not_there_is_usage(lake: Lake, run: Run, words: list[str]) -> None:
    words = words if "--lake" in words else [*words, "--lake", str(lake.root)]
    code, out, err = run("effect", *words)
    assert (code, out) == (2, "")
    assert err.startswith("dawnlake: no ")
