"""Monitors and people hear of a night in counts: no name and no value."""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import sys
import time
from pathlib import Path

import pytest

from connectors.errors import UnknownFormat
from flows.commands.status_metrics import exposed
from flows.deriving.pipeline import FileReceipt, Receipt
from flows.nightly.discretion import Fault
from flows.nightly.journal import last_night, noted
from tests.lake import demo_lake
from tests.running import Run
from warehouse.store.lake import Lake

NAME = "ada-of-the-study"
SAVE = "import os, json, sys; json.dump(dict(os.environ), open(sys.argv[1], 'w'))"


def told_by(lake: Lake, command: str, timeout_s: float = 30) -> Path:
    """A lake whose nights run a command; where `SAVE` puts its environment."""
    lake.create()
    words = json.dumps(command.replace("OUT", str(lake.root / "told.json")))
    before = lake.settings.read_text() if lake.settings.exists() else ""
    lake.settings.write_text(f"{before}[notify]\ncommand = {words}\ntimeout_s = {timeout_s}\n")
    return lake.root / "told.json"


def saving() -> str:
    return f'{sys.executable} -c "{SAVE}" OUT'


def counted(path: Path) -> dict[str, str]:
    every = json.loads(path.read_text())
    return {k: v for k, v in every.items() if k.startswith("DAWNLAKE_") and k not in os.environ}


def night(lake: Lake, *files: FileReceipt) -> None:
    with noted(lake) as run:
        run.ended([Receipt(NAME, list(files))], 0, 0)


def test_who_is_to_look_is_told_in_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_API_AUTH_STRING", "of-the-day")
    lake = Lake(tmp_path / "lake")
    place = told_by(lake, saving())
    night(lake, FileReceipt(f"{NAME}.csv", "known"))
    assert not place.exists()  # all is well
    assert last_night(lake)["outcome"] == "done"
    error = UnknownFormat(f"{NAME}.csv is nothing that is known")
    night(lake, FileReceipt(f"{NAME}.csv", "set aside", error=error))
    told = counted(place)
    assert told["DAWNLAKE_OUTCOME"] == "set_aside" and told["DAWNLAKE_EXIT"] == "1"
    assert told["DAWNLAKE_SET_ASIDE"] == "1" and told["DAWNLAKE_FILES_READ"] == "0"
    words = place.read_text() + json.dumps(last_night(lake))
    assert NAME not in words and "of-the-day" not in words
    assert last_night(lake)["counts"]["set aside"] == 1


@pytest.mark.parametrize(("error", "exit_class"), [(Fault("x"), "2"), (OSError(5, "x"), "3")])
def test_a_night_that_fails_is_told(tmp_path: Path, error: Exception, exit_class: str) -> None:
    lake = Lake(tmp_path / "lake")
    place = told_by(lake, saving())
    with pytest.raises(type(error)), noted(lake):
        raise error
    told = counted(place)
    assert told == {"DAWNLAKE_OUTCOME": "failed", "DAWNLAKE_EXIT": exit_class}
    assert last_night(lake)["outcome"] == "failed"


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (f'{sys.executable} -c "raise SystemExit(7)"', "ended with 7"),
        ("/nowhere/at-all", "does not start"),
        ("'an open quote", "does not start"),
        (f'{sys.executable} -c "import time; time.sleep(60)"', "was stopped after 0.5 s"),
    ],
)
def test_a_command_that_fails_costs_the_night_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str, said: str
) -> None:
    lake = Lake(tmp_path / "lake")
    told_by(lake, command, 0.5 if "sleep" in command else 30)
    began = time.monotonic()
    night(lake, FileReceipt("a", "set aside"))
    assert said in capsys.readouterr().err
    assert time.monotonic() - began < 30
    assert last_night(lake)["outcome"] == "set_aside"


def parsed(text: str) -> dict[str, float]:
    """Prometheus' text format, each line by its name and labels."""
    for line in text.splitlines():
        assert re.fullmatch(r"# (HELP|TYPE) dawnlake_[a-z_]+ .+", line) or re.fullmatch(
            r'dawnlake_[a-z_]+(\{([a-z_]+="[^"]*",?)+\})? [0-9.e+-]+', line
        ), line
    pairs = (line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, value in pairs}


@pytest.mark.whole
def test_metrics_are_counts_and_ages(run: Run, tmp_path: Path) -> None:
    place = tmp_path / "dawnlake.prom"
    code, out, _ = run("status", "--metrics", place, "--lake", demo_lake().root)
    assert (code, out) == (0, "")
    found = parsed(place.read_text())
    assert found["dawnlake_participants"] == 2 and found["dawnlake_nights"] == 62
    assert found["dawnlake_nights_complete"] == 54 and found["dawnlake_disk_free_bytes"] > 0
    assert found['dawnlake_sources_stale{connector="libreview"}'] == 1
    age = (dt.datetime.now(dt.UTC).date() - dt.date(2025, 11, 8)).days
    assert found['dawnlake_oldest_age_days{connector="libreview"}'] == age
    assert found["dawnlake_problems"] == 4 and found["dawnlake_run_unfinished"] == 0
    assert not re.search("ada|ben", place.read_text()) and place.stat().st_mode & 0o777 == 0o644
    assert [path.name for path in tmp_path.iterdir()] == ["dawnlake.prom"]

    assert run("status", "--metrics", place, "--details", "--lake", demo_lake().root)[0] == 0
    assert parsed(place.read_text())['dawnlake_participant_nights{participant="ada"}'] == 31
    assert place.stat().st_mode & 0o777 == 0o640
    assert run("status", "--metrics", place, "--check", "--lake", demo_lake().root)[0] == 1
    for wrong in (tmp_path / "x.txt", tmp_path / "no" / "x.prom"):
        code, _, said = run("status", "--metrics", wrong, "--lake", demo_lake().root)
        assert code == 2 and ".prom" in said


def test_the_last_night_is_among_the_metrics(tmp_path: Path) -> None:
    from flows.commands.status_metrics import _night

    lake = Lake(tmp_path / "lake").create()
    assert [*_night(lake)] == []
    night(lake, FileReceipt("a", "set aside"))
    found = parsed(exposed([*_night(lake)]))
    assert found['dawnlake_night_count{what="set_aside"}'] == 1
    assert found["dawnlake_night_failed"] == 0 and found["dawnlake_night_timestamp_seconds"] > 1e9
    (lake.root / "log" / "last_night.json").write_text("{")
    assert [*_night(lake)] == []


def test_labels_are_escaped() -> None:
    assert exposed([("a", "A.", {"b": 'c"\\\n'}, 1)]).splitlines()[-1] == (
        'dawnlake_a{b="c\\"\\\\\\n"} 1'
    )
