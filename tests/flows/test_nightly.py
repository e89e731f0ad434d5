"""The nightly flow with a real Prefect: what it reads, what it tells, what it starts and stops."""

from __future__ import annotations

import base64
import datetime as dt
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener
from zoneinfo import ZoneInfo

import pytest

from flows.deriving.pipeline import FileReceipt, Receipt
from flows.nightly.discretion import Fault, discreet
from flows.nightly.flow import nightly, run_nightly
from flows.nightly.journal import last_night
from flows.nightly.prefect_of import prefect_of
from flows.nightly.server import ServerError
from flows.nightly.serving import serve
from flows.reading.password import ENVIRONMENT, Passwords, handed, handed_on
from flows.settings import SettingsError
from tests.flows.test_telling import counted, saving, told_by
from tests.flows.test_walk import locked as locked_zip
from tests.lake import golden, put, tree, with_records
from warehouse.store.lake import Lake

pytestmark = pytest.mark.prefect

ROOT = Path(__file__).parents[2]
PACKAGES = ("connectors", "transforms", "warehouse", "services", "flows")
PASSWORD = "Xylophone-37"
MARKER = "Zebulonia"  # stands in files and in their names, and nowhere else
ZONES = """
participants.anna.timezone = "America/New_York"
participants.ben.timezone = "Europe/London"
"""
CLARITY = golden("dexcom_clarity", "italian").data()
SLEEP = golden("fitbit_takeout", "sleep_fall_back_night").data()
LIBRE = golden("libreview", "uk_mmoll_padded_cells").data()
DRIFT = golden("libreview", "a_missing_column_is_drift").data()

Rows = list[tuple[Any, ...]]


@dataclass
class Story:
    """Three nights of one lake, and who was let in to its server during them."""

    lake: Lake
    first: list[Receipt] = field(default_factory=list)
    second: list[Receipt] = field(default_factory=list)
    third: list[Receipt] = field(default_factory=list)
    door: dict[str, int] = field(default_factory=dict)

    def rows(self, query: str) -> Rows:
        database = f"file:{self.lake.root}/prefect/prefect.db?mode=ro"
        with closing(sqlite3.connect(database, uri=True)) as connection:
            return connection.execute(query).fetchall()

    def artifact(self, night: int) -> dict[str, dict[str, Any]]:
        """The table of a night, by participant."""
        stored = self.rows("select data from artifact where key = 'nightly' order by created")
        told = json.loads(json.loads(stored[night][0]))
        return {row["participant"]: row for row in told}


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    lake = Lake(tmp_path_factory.mktemp("nightly") / "lake").create()
    lake.settings.write_text(ZONES)
    told_by(lake, saving())
    clarity = CLARITY.replace(b"iPhone", MARKER.encode())
    put(lake.inbox / "anna", {f"Glucose {MARKER}.csv": clarity, "sleep-2025.json": SLEEP})
    put(lake.inbox / "ben", {f"{MARKER}/readings.csv": LIBRE.replace(b"Ada", MARKER.encode())})
    put(lake.inbox / "no participant", {"readings.csv": LIBRE})
    told = Story(lake)
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("PREFECT_API_URL", raising=False)
        told.first = run_nightly(lake.root)
        with prefect_of(lake, schedules=False):
            told.door = {who: _status(who) for who in ("a stranger", "the flow")}
            told.second = _night(lake)
            put(lake.inbox / "ben", {f"{MARKER} drift.csv": DRIFT, f"{MARKER}.csv": b"a,b\n1,2\n"})
            put(lake.inbox / "anna", {f"again {MARKER}.csv": clarity + b" "})
            put(lake.inbox / "cleo", {f"{MARKER}.csv": LIBRE})
            told.third = _night(lake)
    yield told


@dataclass
class Locked:
    """Nights with a zip under a password in the inbox: at the command line with a password file
    (`said`), then with it, with it lost once something else has changed, and without it."""

    lake: Lake
    nights: list[list[Receipt]] = field(default_factory=list)
    said: str = ""


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Locked:
    folder = tmp_path_factory.mktemp("locked")
    told = Locked(with_records(Lake(folder / "lake").create()))
    told.lake.settings.write_text('participants.dora.timezone = "Europe/London"')
    inbox = told.lake.inbox / "dora"
    put(inbox, {"sleep-2025.json": SLEEP})
    locked_zip(inbox, {f"{MARKER}.csv": LIBRE, f"{MARKER}.txt": b"of nobody"}, PASSWORD, aes=True)
    (file,) = put(folder, {f"{MARKER} passwords": f"another\n{PASSWORD}\n"})
    words = ["nightly", "--lake", str(told.lake.root), "--password-file", str(file)]
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("PREFECT_API_URL", raising=False)
        run = subprocess.run(
            [sys.executable, "-m", "flows.cli", *words], capture_output=True, text=True, timeout=120
        )
        told.said = run.stdout + run.stderr
        assert run.returncode == 0, told.said
        with prefect_of(told.lake, schedules=False):
            with handed_on(file):
                told.nights.append(_night(told.lake))
                file.unlink()
                os.utime(inbox / "sleep-2025.json")  # else nothing is opened
                told.nights.append(_night(told.lake))
            told.nights.append(_night(told.lake))
    return told


def _night(lake: Lake) -> list[Receipt]:
    ended: Any = nightly(str(lake.root), return_state=True)
    receipts: list[Receipt] = ended.result().receipts
    return receipts


def _status(who: str) -> int:
    """The server's answer to somebody who has the password, or has not."""
    request = Request(os.environ["PREFECT_API_URL"] + "/admin/version")
    if who == "the flow":
        password = base64.b64encode(os.environ["PREFECT_API_AUTH_STRING"].encode()).decode()
        request.add_header("Authorization", f"Basic {password}")
    try:
        with build_opener(ProxyHandler({})).open(request, timeout=30) as answer:
            return int(answer.status)
    except HTTPError as error:
        return error.code


def fates(receipts: list[Receipt]) -> dict[str, Counter[str]]:
    return {r.participant: Counter(file.status for file in r.files) for r in receipts}


def errors(files: list[FileReceipt]) -> list[str]:
    return sorted(type(file.error).__name__ for file in files if file.error)


def test_the_first_night_reads_every_file_of_every_participant(story: Story) -> None:
    assert fates(story.first) == {"anna": {"read": 2}, "ben": {"read": 1}}
    assert story.first[0].nights_added == 1
    assert all(receipt.is_clean for receipt in story.first)
    assert story.lake.warehouse.exists()


def test_the_second_night_reads_nothing_new(story: Story) -> None:
    assert fates(story.second) == {"anna": {"known": 2}, "ben": {"known": 1}}
    assert (story.second[0].nights_added, story.second[0].nights_changed) == (0, 0)


def test_what_cannot_be_read_is_set_aside_and_the_rest_is_ingested(story: Story) -> None:
    anna, ben, cleo = story.third
    assert fates(story.third) == {
        "anna": {"read": 1, "known": 2},
        "ben": {"known": 1, "set aside": 1, "not used": 1},
        "cleo": {"read": 1},
    }
    assert "no known time zone" in cleo.problems[0]
    assert errors(ben.files) == ["FormatDrift"]
    (again,) = (file for file in anna.files if file.status == "read")
    assert (again.new, again.corrected) == (0, 0)
    assert again.already_known > 0


def test_the_state_of_a_run_says_whether_something_was_set_aside(story: Story) -> None:
    ended = story.rows("select state_type, state_name from flow_run order by start_time")
    assert ended == [("COMPLETED", "Set aside")] * 3  # what lies beside the inboxes is told, too
    messages = story.rows("select message from flow_run_state where type = 'COMPLETED'")
    told = (
        "3 participants; files: 3 known, 1 not used, 2 read, 1 set aside; "
        "1 misplaced in the inbox; see the artifact"
    )
    assert told in {text for (text,) in messages}


def test_who_is_to_look_is_told_in_counts(story: Story) -> None:
    told = counted(story.lake.root / "told.json")
    assert told["DAWNLAKE_OUTCOME"] == "set_aside" and told["DAWNLAKE_EXIT"] == "1"
    assert told["DAWNLAKE_SET_ASIDE"] == told["DAWNLAKE_MISPLACED_IN_THE_INBOX"] == "1"
    assert MARKER not in (story.lake.root / "told.json").read_text()
    noted = last_night(story.lake)
    assert noted["outcome"] == "set_aside" and noted["counts"]["files read"] == 2


def test_a_task_per_file_to_extract_and_participant_to_align_and_one_for_marts(
    story: Story,
) -> None:
    """Every one is written down before the server is stopped."""
    runs = story.rows("select flow_run_id, name, state_type from task_run order by name")
    assert {state for _, _, state in runs} == {"COMPLETED"}
    nights = Counter(flow_run for flow_run, _, _ in runs)
    assert sorted(nights.values()) == [2, 7, 8], "nothing to do for anybody in the second"
    names = Counter(name.split(" ")[0] for _, name, _ in runs)
    assert names == {"extract": 6, "align": 5, "marts": 3, "views": 3}


def test_the_artifact_counts_what_came_in(story: Story) -> None:
    first, third = story.artifact(0), story.artifact(2)
    assert set(first) == {"anna", "ben"}
    anna = first["anna"]
    assert (anna["files"], anna["files_read"], anna["files_set_aside"]) == (2, 2, 0)
    assert anna["records"] == sum(
        anna[f"records_{fate}"] for fate in ("new", "known", "corrected", "skipped", "rejected")
    )
    assert (anna["records_new"] > 0, anna["nights_added"], anna["problems"]) == (True, 1, "")
    assert third["cleo"]["problems"] == "NoTimeZone 1"
    assert third["ben"]["errors"] == "FormatDrift 1"
    assert third["anna"]["records_known"] > third["anna"]["records_new"] == 0


def test_prefect_keeps_no_file_name_and_no_value(story: Story) -> None:
    home = story.lake.root / "prefect"
    kept = {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}
    assert any(path.name == "prefect.db" for path in kept)
    for path, data in kept.items():
        for secret in (MARKER, "sleep-2025", "readings.csv", "8XY1ZZ", "MEMB000", "Gyros"):
            assert secret.encode() not in data, path.name
    assert MARKER in str(story.third), "the receipts in memory do have the names"


@pytest.mark.long
def test_a_locked_zip_is_set_aside_and_says_what_to_do(locked: Locked) -> None:
    """The rest of the night is as any other, and the flow does not fail."""
    (night,) = locked.nights[2]
    assert fates([night]) == {"dora": {"known": 1, "set aside": 2}}
    assert errors(night.files) == ["UnsafeArchive", "UnsafeArchive"]
    told = {str(file.error) for file in night.files if file.error}
    assert len(told) == 1
    assert "give ingest, nightly, serve or rebuild --password-file FILE" in told.pop()


@pytest.mark.long
def test_nightly_opens_it_with_a_password_file(locked: Locked) -> None:
    assert "receipt for dora" in locked.said
    assert "nights: 1 added" in locked.said
    assert "1 file beside them not used" in locked.said
    assert fates(locked.nights[0]) == {"dora": {"known": 2, "not used": 1}}


@pytest.mark.long
def test_a_lost_password_file_costs_the_zip_alone(locked: Locked) -> None:
    assert fates(locked.nights[1]) == {"dora": {"known": 1, "set aside": 2}}
    said: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(ENVIRONMENT, f"/{MARKER}")
        assert handed(said.append) == Passwords()
    (sentence,) = said
    assert "cannot be read (No such file" in sentence
    assert MARKER not in sentence
    states = Story(locked.lake).rows("select state_type, state_name from flow_run order by 1, 2")
    assert Counter(states) == {("COMPLETED", "Completed"): 2, ("COMPLETED", "Set aside"): 2}


@pytest.mark.long
def test_no_password_nor_its_file_is_kept_anywhere(locked: Locked) -> None:
    """Not by Prefect, and not by the lake; nor is it printed."""
    kept = tree(locked.lake.root)
    assert any(name.endswith("prefect.db") for name in kept)
    for name, data in kept.items():
        if not name.startswith("inbox/"):
            assert PASSWORD.encode() not in data, name
            assert f"{MARKER} passwords".encode() not in data, name
        if name.startswith("prefect/"):
            assert MARKER.encode() not in data, name
    assert PASSWORD not in locked.said
    assert not os.environ.get(ENVIRONMENT)


def test_a_password_file_that_is_not_there_is_told_at_once(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake").create()
    for begin in (
        lambda: run_nightly(lake.root, tmp_path / "none"),
        lambda: serve(lake.root, "5:30", "UTC", tmp_path / "none"),
    ):
        with pytest.raises(FileNotFoundError):
            begin()
    assert not (lake.root / "prefect").exists()


def test_prefects_home_is_the_lakes_and_private(story: Story) -> None:
    home = story.lake.root / "prefect"
    assert home.stat().st_mode & 0o777 == 0o700
    modes = {path.name: oct(path.stat().st_mode & 0o777) for path in home.iterdir()}
    assert "prefect.db" in modes
    assert {name: mode for name, mode in modes.items() if mode != "0o600"} == {}
    assert os.environ.get("PREFECT_API_AUTH_STRING") is None


def test_the_server_lets_nobody_else_in(story: Story) -> None:
    assert story.door == {"a stranger": 401, "the flow": 200}


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/api", "nowhere", "http://a b/api"])
def test_a_server_of_yours_that_does_not_answer_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("PREFECT_API_URL", url)
    with pytest.raises(ServerError, match="no Prefect server answers at PREFECT_API_URL"):
        run_nightly(tmp_path / "lake")


def test_a_fault_is_told_without_its_message() -> None:
    with pytest.raises(Fault, match=r"ValueError in test_nightly\.py, line") as fault, discreet():
        raise ValueError(MARKER)
    with pytest.raises(OSError, match="No space left on device") as full, discreet():
        raise OSError(28, MARKER, MARKER)
    assert MARKER not in f"{fault.value!r} {full.value!r}"
    assert fault.value.__suppress_context__ and full.value.__suppress_context__


@pytest.mark.parametrize("at, zone", [("25:00", None), ("5", None), ("05:30", "Mars/Olympus")])
def test_an_impossible_time_is_refused_at_once(tmp_path: Path, at: str, zone: str | None) -> None:
    with pytest.raises(SettingsError, match="such as"):
        serve(tmp_path, at, zone)


def test_broken_settings_are_told_before_anything_starts(tmp_path: Path) -> None:
    (tmp_path / "dawnlake.toml").write_text("rulez = 1")
    with pytest.raises(SettingsError, match="rules"):
        run_nightly(tmp_path)
    assert not (tmp_path / "prefect").exists()


def python(code: str, **environment: str) -> str:
    """What a fresh interpreter prints."""
    ours = {k: v for k, v in os.environ.items() if "PREFECT" not in k and k != "DO_NOT_TRACK"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=ours | environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout


def test_the_pipeline_does_without_prefect() -> None:
    code = "import flows.deriving.pipeline, flows.cli, sys; print('prefect' in sys.modules)"
    assert python(code).strip() == "False"


def test_telemetry_is_off_and_the_users_home_left_alone(tmp_path: Path) -> None:
    put(tmp_path / ".prefect", {"profiles.toml": 'active = "x"\n[profiles.x]\nPREFECT_API_URL="y"'})
    code = """
import json
import flows.nightly.flow
from prefect.analytics import is_telemetry_enabled
from prefect.settings import get_current_settings as now
print(json.dumps([is_telemetry_enabled(), now().server.analytics_enabled,
    now().cloud.enable_orchestration_telemetry, now().telemetry.enable_resource_metrics,
    now().api.url, now().logging.level, now().logging.to_api.enabled, now().logging.log_prints]))
"""
    theirs = {
        "DO_NOT_TRACK": "0",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "true",
        "PREFECT_LOGGING_LEVEL": "INFO",
    }
    told = json.loads(python(code, HOME=str(tmp_path), CI="", **theirs))
    assert told == [False, False, False, False, None, "INFO", False, False]
    assert [path.name for path in (tmp_path / ".prefect").iterdir()] == ["profiles.toml"]


def wait(until: Callable[[], bool], process: subprocess.Popen[str], log: Path) -> None:
    for _ in range(1200):
        if until():
            return
        assert process.poll() is None, log.read_text()
        time.sleep(0.1)
    raise AssertionError(log.read_text())


@pytest.fixture
def serving(story: Story, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """`serve` in a process of its own."""
    (file,) = put(tmp_path, {f"{MARKER} passwords": PASSWORD})
    (story.lake.root / "prefect/server.log").unlink()
    code = "import sys; from pathlib import Path; from flows.nightly.serving import serve;"
    code += "serve(Path(sys.argv[1]), '5:30', 'Asia/Kolkata', Path(sys.argv[2]))"
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(story.lake.root), str(file)],
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


PLANNED = "select 1 from flow_run where state_type = 'SCHEDULED'"


@pytest.mark.long
def test_serve_can_be_stopped_while_its_server_starts(
    story: Story, serving: subprocess.Popen[str]
) -> None:
    log = story.lake.root / "prefect/server.log"
    wait(log.exists, serving, log)
    serving.send_signal(signal.SIGTERM)
    _, words = serving.communicate(timeout=120)
    assert serving.returncode == 0, words
    assert words.startswith("every day at 5:30 (Asia/Kolkata), next "), words
    assert not any(each in words for each in ("Traceback", PASSWORD, MARKER)), words
    assert not story.rows(PLANNED)


@pytest.mark.long
def test_serve_plans_every_morning_and_leaves_nothing_behind(
    story: Story, serving: subprocess.Popen[str]
) -> None:
    """SIGTERM comes the moment a run is planned: the earliest at which something could be left."""
    wait(lambda: len(story.rows(PLANNED)) > 1, serving, story.lake.root / "prefect/server.log")
    ((schedule, parameters, entrypoint),) = story.rows(
        "select s.schedule, d.parameters, d.entrypoint "
        "from deployment d join deployment_schedule s on s.deployment_id = d.id"
    )
    told = json.loads(schedule)
    assert (told["cron"], told["timezone"]) == ("30 5 * * *", "Asia/Kolkata")
    assert json.loads(parameters) == {"lake": str(story.lake.root)}
    assert entrypoint == "flows.nightly.flow.nightly"
    planned = story.rows("select expected_start_time from flow_run where auto_scheduled")
    starts = [dt.datetime.fromisoformat(start).replace(tzinfo=dt.UTC) for (start,) in planned]
    here = {start.astimezone(ZoneInfo("Asia/Kolkata")).time() for start in starts}
    assert (len(starts) > 1, here) == (True, {dt.time(5, 30)})

    open_database = story.lake.root / "prefect/prefect.db-wal"  # gone once its last user closes it
    assert open_database.exists()
    serving.send_signal(signal.SIGTERM)
    _, words = serving.communicate(timeout=120)
    assert serving.returncode == 0, words
    assert words.startswith("every day at 5:30 (Asia/Kolkata), next "), words
    assert not any(each in words for each in ("Traceback", PASSWORD, MARKER)), words
    assert not open_database.exists()
    assert not story.rows(PLANNED)
    for name, data in tree(story.lake.root / "prefect").items():
        assert PASSWORD.encode() not in data and MARKER.encode() not in data, name
