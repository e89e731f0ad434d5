"""A data set without names: what it has, what it has not, and that nobody's days are torn apart."""

from __future__ import annotations

import csv
import datetime as dt
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from flows.commands.export import run_export
from flows.commands.forget import forget, mentions
from flows.deriving.pipeline import ingest, read_all
from flows.settings import load
from tests.lake import demo_lake, demo_people, rows
from tests.lake import opened as asked_lake
from warehouse.disguise import (
    HARMLESS,
    KEY,
    Disguise,
    add_disguises,
    forget_disguise,
    kept_columns,
)
from warehouse.store.lake import Lake
from warehouse.store.lock import writing
from warehouse.view_files import views

pytestmark = pytest.mark.whole

EVERY_VIEW = sorted(
    view.name
    for view in views().values()
    if view.layer == "marts" and "participant_id" in view.columns
)


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """The demo's lake, to be written to: its views lie over the tables of the original."""
    folder = tmp_path_factory.mktemp("lake")
    shutil.copytree(demo_lake().root, folder, dirs_exist_ok=True)
    return Lake(folder)


def exported(lake: Lake, output: Path, *names: str, since: str | None = None) -> Path:
    assert run_export(lake.root, names, output, "csv", None, since, deidentify=True) == 0
    return output


def lines(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_no_name_device_or_file_is_in_any_byte(lake: Lake, tmp_path: Path) -> None:
    output = exported(lake, tmp_path / "out", *EVERY_VIEW)
    with asked_lake(lake) as connection:
        files = rows(connection, "select file, sha256 from source_file")
        devices = rows(connection, "select distinct device from sample where device is not null")
    secrets = {"ada", "ben", *(f["file"] for f in files), *(f["sha256"] for f in files)}
    secrets |= {d["device"] for d in devices} | {"2025-10", "2025-11"}
    assert len(secrets) > 10
    for path in output.iterdir():
        data = path.read_bytes()
        words = set(path.read_text().replace(",", " ").replace('"', " ").split())
        for secret in secrets:
            found = secret in words if len(secret) < 5 else secret.encode() in data
            assert not found, (path.name, secret)


def test_weekdays_times_and_intervals_stay(lake: Lake, tmp_path: Path) -> None:
    output = exported(lake, tmp_path / "out", "night_to_day")
    key = json.loads((lake.root / KEY).read_text())
    told = {
        (row["participant_id"], row["sleep_date"]): row
        for row in lines(output / "night_to_day.csv")
    }
    with asked_lake(lake) as connection:
        true = rows(connection, "select * from night_to_day")
    assert len(true) == len(told)
    for night in true:
        moved = key[night["participant_id"]]
        shift = dt.timedelta(weeks=moved["weeks"])
        row = told[moved["id"], str(night["sleep_date"] - shift)]
        assert dt.datetime.fromisoformat(row["onset_local"]) == night["onset_local"] - shift
        assert dt.datetime.fromisoformat(row["onset_at"]) == night["onset_at"] - shift
        assert float(row["total_sleep_min"]) == night["total_sleep_min"]


def test_two_exports_fit_together_and_the_key_stays(lake: Lake, tmp_path: Path) -> None:
    first = exported(lake, tmp_path / "one", "night_to_day")
    again = exported(lake, tmp_path / "two", "night_to_day", "glucose_daily")
    assert (first / "night_to_day.csv").read_bytes() == (again / "night_to_day.csv").read_bytes()
    assert (lake.root / KEY).stat().st_mode & 0o777 == 0o600
    assert KEY in {path.name for path in first.iterdir()}  # the report, which has no key
    report = json.loads((first / KEY).read_text())
    ids = json.loads((lake.root / KEY).read_text())
    assert not any(who["id"] in json.dumps(report) for who in ids.values())


def test_who_is_forgotten_is_nobody(lake: Lake, tmp_path: Path) -> None:
    exported(lake, tmp_path / "out", "night_to_day")
    ids = json.loads((lake.root / KEY).read_text())
    (lake.extracted / "participant_id=somebody").mkdir()
    add_disguises(lake, ["ada", "somebody"])
    assert set(Disguise.of(lake, ["ada", "somebody"]).ids) == {"ada", "somebody"}
    assert "somebody" in json.loads((lake.root / KEY).read_text())
    forget_disguise(lake, "somebody")
    (lake.extracted / "participant_id=somebody").rmdir()
    assert json.loads((lake.root / KEY).read_text()) == ids


def test_since_is_asked_of_the_true_dates(lake: Lake, tmp_path: Path) -> None:
    output = exported(lake, tmp_path / "out", "night_to_day", since="2025-11-01")
    with asked_lake(lake) as connection:
        (count,) = rows(
            connection, "select count(*) as n from night_to_day where sleep_date >= '2025-11-01'"
        )
    assert len(lines(output / "night_to_day.csv")) == count["n"] > 0


def test_the_report_says_what_was_left_out_and_what_is_small(lake: Lake, tmp_path: Path) -> None:
    output = exported(lake, tmp_path / "out", "glucose")
    report = json.loads((output / KEY).read_text())
    assert report["left_out"] == {"glucose": ["device", "reported_as", "file", "record"]}
    assert "glucose: 2 participants; fewer than 5 can be told apart" in report["warnings"]
    (resource,) = json.loads((output / "datapackage.json").read_text())["resources"]
    assert "device" not in {field["name"] for field in resource["schema"]["fields"]}


def test_a_text_that_nobody_called_harmless_is_left_out() -> None:
    """A new column of text is not exported by chance."""
    told = [("participant_id", "VARCHAR", ""), ("diary", "VARCHAR", ""), ("mean", "DOUBLE", "")]
    assert [name for name, _, _ in kept_columns(told)] == ["participant_id", "mean"]
    assert not {"device", "file", "session", "key", "raw", "explanation"} & HARMLESS


# One key, whoever writes at the same time.
@pytest.fixture
def new(tmp_path: Path) -> Lake:
    """A lake of two people of which nobody has made a data set."""
    lake = Lake(tmp_path / "lake")
    for person in demo_people().values():
        ingest(lake, person.paths[:1], person.participant, person.timezone)
    return lake


def export_to(lake: Lake, output: Path) -> list[str]:
    """The command of a de-identified export."""
    words = [sys.executable, "-m", "flows.cli", "export", "glucose_daily", "--deidentify"]
    return [*words, "--lake", str(lake.root), "-o", str(output)]


def exported_after(lake: Lake, during: Callable[[], object], *outputs: Path) -> None:
    """De-identified exports, each in a process of its own, that begin while somebody writes and
    go on together when `during` is done."""
    runs: list[subprocess.Popen[str]] = []
    try:
        with writing(lake, "somebody"):
            for output in outputs:
                words = export_to(lake, output)
                runs.append(subprocess.Popen(words, stderr=subprocess.PIPE, text=True))
            for run in runs:
                assert run.stderr is not None
                said = run.stderr.readline()
                assert said.startswith("waiting for another run that writes to this lake: somebody")
            during()
        assert [run.wait(60) for run in runs] == [0] * len(outputs)
    finally:
        for run in runs:
            run.kill()
            run.communicate()


def days_in(output: Path) -> set[tuple[str, str]]:
    return {(row["participant_id"], row["date"]) for row in lines(output / "glucose_daily.csv")}


def ids_in(output: Path) -> set[str]:
    return {who for who, _ in days_in(output)}


def test_two_exports_at_once_end_with_one_key(new: Lake, tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    exported_after(new, lambda: None, one, two)
    key = json.loads((new.root / KEY).read_text())
    assert set(key) == {"ada", "ben"}
    assert ids_in(one) == {who["id"] for who in key.values()}
    assert days_in(one) == days_in(two)


def test_who_is_forgotten_meanwhile_comes_into_no_key(new: Lake, tmp_path: Path) -> None:
    exported_after(new, lambda: forget(new, "ben"), tmp_path / "out")
    key = json.loads((new.root / KEY).read_text())
    assert set(key) == {"ada"}
    assert ids_in(tmp_path / "out") == {key["ada"]["id"]}
    assert mentions(new, "ben") == []


def test_whoever_has_an_id_is_exported_while_another_run_writes(new: Lake, tmp_path: Path) -> None:
    exported(new, tmp_path / "one", "glucose_daily")
    with writing(new, "dawnlake ingest"):
        run = subprocess.Popen(export_to(new, tmp_path / "two"), stderr=subprocess.PIPE, text=True)
        try:
            _, said = run.communicate(timeout=60)
        finally:
            run.kill()
    assert (run.returncode, "waiting" in said) == (0, False)
    assert days_in(tmp_path / "one") == days_in(tmp_path / "two")


def test_a_run_that_died_is_completed_by_who_takes_its_lock(new: Lake, tmp_path: Path) -> None:
    (person,) = (who for who in demo_people().values() if who.participant == "ada")
    read_all(new, "ada", person.paths[1:], load(new.settings))
    (new.root / "writer.lock").write_text("{}")
    before = new.table_part("source_file", "ada").read_bytes()
    exported(new, tmp_path / "out", "glucose_daily")
    assert new.table_part("source_file", "ada").read_bytes() != before
    assert (new.root / "writer.lock").read_text() == ""
    assert len(ids_in(tmp_path / "out")) == 2
