"""A data set without names: what it has, what it has not, and that nobody's days are torn apart."""

from __future__ import annotations

import csv
import datetime as dt
import itertools
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from connectors import connectors
from flows.commands.export import run_export
from flows.commands.forget import forget, mentions
from flows.deriving.pipeline import ingest, read_all
from flows.errors import UsageError
from flows.settings import load
from tests.lake import at, demo_lake, demo_people, rows, tree
from tests.lake import opened as asked_lake
from warehouse.dataset import DATES
from warehouse.disguise import KEY, Disguise, add_disguises, forget_disguise
from warehouse.disguised import disguised_sql
from warehouse.harmless import TEXTS, given_columns, is_given
from warehouse.named import named
from warehouse.store.lake import Lake
from warehouse.store.lock import writing
from warehouse.view_files import View

pytestmark = pytest.mark.whole

# Where the clocks went back: of ada New York's, of ben Berlin's.
CHANGED = {"ada": dt.date(2025, 11, 2), "ben": dt.date(2025, 10, 26)}
GIVEN = sorted(view.name for view in named().values() if is_given(view) and not view.parameters)


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


def secrets_of(lake: Lake) -> set[str]:
    """Ids, devices, files, sessions, keys, sensors and texts of a lake; a finding about a whole
    format names that, which is no secret."""
    found = {"ada", "ben"}
    with asked_lake(lake) as connection:
        for table, view in named().items():
            for column in SECRET & view.columns.keys() if view.layer == "table" else ():
                told = connection.execute(f"select distinct {column} from {table}").fetchall()
                found |= {str(value) for (value,) in told if value not in (None, "")}
    return found - set(connectors())


SECRET = {
    *("file", "sha256", "device", "session", "key", "sensor", "raw", "explanation", "stream"),
    *("fingerprint", "facts"),
}
TRUE_DATES = re.compile(
    r"2025-1[01]|2025/1[01]|20251[01]\d\d|1[01][./-]\d\d?[./-]20?25|\bOct|\bNov"
)
# The same as seconds, milliseconds or microseconds since 1970.
SINCE_1970 = re.compile(r"(?<![\d.])17(59[2-9]|6[0-4]\d)\d{5}(\d{3}|\d{6})?(?!\d)")


def leaks(text: str, secrets: set[str]) -> list[str]:
    """What a text says that it should not."""
    parts = {*re.split(r"[^\w-]+", text), *re.split(r"[^\w :./+’-]+", text)}
    phrases = {secret for secret in secrets if " " in secret}  # devices, and few
    found = [*(secrets & parts), *(secret for secret in phrases if secret in text)]
    for pattern in (TRUE_DATES, SINCE_1970):
        found += [match.group() for match in itertools.islice(pattern.finditer(text), 3)]
    return found


def everything_in(path: Path) -> str:
    """The bytes of a file as text; of a packed one what it unpacks to, and whatever of its bytes
    can be read: a short word would be there by chance."""
    data = path.read_bytes()
    if path.suffix != ".parquet":
        return data.decode("utf-8")
    text = "\n".join(run.decode() for run in re.findall(rb"[ -~]{8,}", data))
    with duckdb.connect() as connection:
        shown = connection.execute(f"select v::varchar from '{path}' as v").fetchall()
    return text + "\n" + "\n".join(row for (row,) in shown)


@pytest.fixture(scope="module")
def everything(lake: Lake, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every relation that can be exported without names, as CSV."""
    return exported(lake, tmp_path_factory.mktemp("everything") / "out", *GIVEN)


def test_no_relation_gives_a_name_a_device_a_file_or_a_true_date(
    lake: Lake, everything: Path, tmp_path: Path
) -> None:
    """Every relation that can be named, each byte of what comes of it."""
    secrets = {s for s in secrets_of(lake) if len(s) > 2}
    assert len(secrets) > 50
    for name in sorted(named().keys() - set(GIVEN)):
        with pytest.raises(UsageError):
            run_export(lake.root, [name], tmp_path / "no", "csv", None, None, deidentify=True)
    packed = ["night_to_day", "sleep_episode", "glucose", "agp_profile"]
    run_export(lake.root, packed, tmp_path / "out", "parquet", None, None, deidentify=True)
    for path in [*everything.iterdir(), *(tmp_path / "out").iterdir()]:
        assert leaks(everything_in(path), secrets) == [], path.name
    assert {path.name for path in tmp_path.iterdir()} == {"out"}
    assert {"night_to_day", "glucose", "meal", "sample", "episode", "agp_profile"} <= set(GIVEN)


def test_the_search_finds_what_is_there(lake: Lake, tmp_path: Path) -> None:
    """An export as it is has all of it: the search above is not blind."""
    secrets = secrets_of(lake)
    run_export(lake.root, ["sleep_stage"], tmp_path / "a", "csv", None, None)
    found = leaks(everything_in(tmp_path / "a" / "sleep_stage.csv"), secrets)
    assert {"ada", "ben", "2025-10"} <= set(found)
    assert any(len(each) == 16 for each in found)  # a file
    run_export(lake.root, ["night_window"], tmp_path / "b", "parquet", None, None)
    found = leaks(everything_in(tmp_path / "b" / "night_window.parquet"), secrets)
    assert any(each.startswith("176") for each in found)


def test_weekdays_times_and_intervals_stay(lake: Lake, tmp_path: Path) -> None:
    output = exported(lake, tmp_path / "out", "night_to_day")
    key = json.loads((lake.root / KEY).read_text())
    told = {
        (row["participant_id"], row["sleep_date"]): row
        for row in lines(output / "night_to_day.csv")
    }
    with asked_lake(lake) as connection:
        nights = rows(connection, "select * from night_to_day")
    true = [night for night in nights if night["sleep_date"] != CHANGED[night["participant_id"]]]
    assert len(true) == len(told)
    for night in true:
        moved = key[night["participant_id"]]
        shift = dt.timedelta(weeks=moved["weeks"])
        row = told[moved["id"], str(night["sleep_date"] - shift)]
        onset, wake = (moment(row[f"{name}_local"]) for name in ("onset", "wake"))
        assert (onset, wake) == (night["onset_local"] - shift, night["wake_local"] - shift)
        assert wake - onset == night["wake_at"] - night["onset_at"]
        assert float(row["total_sleep_min"]) == night["total_sleep_min"]


def moment(text: str) -> dt.datetime:
    """A moment of a data set, on its wall clock."""
    return dt.datetime.fromisoformat(text).replace(tzinfo=None)


def test_the_change_of_the_clock_is_in_no_relation(lake: Lake, everything: Path) -> None:
    key = json.loads((lake.root / KEY).read_text())
    gone = {
        who["id"]: CHANGED[name] - dt.timedelta(weeks=who["weeks"]) for name, who in key.items()
    }
    told = 0
    for name in GIVEN:
        for row in lines(everything / f"{name}.csv"):
            pairs = [c for c in row if c.endswith("_local") and c.replace("_local", "_at") in row]
            for local in pairs:
                at = row[local.replace("_local", "_at")]
                assert not at or moment(at) == moment(row[local]), (name, local)
                told += bool(at)
            day = next((row[c] for c in DATES if row.get(c)), "")
            assert day[:10] != str(gone.get(row["participant_id"])), name
    assert told > 1000
    report = json.loads((everything / KEY).read_text())
    assert report["days_left_out"].startswith("2, all participants together")


def test_a_night_abroad_lasts_as_long_as_it_did() -> None:
    """The distance of a row's moments is that of its instants, whatever its wall clocks say."""
    columns = [(f"{name}_{end}", kind, "") for name in ("onset", "wake") for end, kind in ENDS]
    view = View("night", "marts", "", "", dict.fromkeys(["participant_id"]), "", "")  # type: ignore[arg-type]
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        connection.execute(
            "create table disguise as select 'a' participant_id, 'x' id, -70 as days"
        )
        connection.execute(
            "create table change_day as select 'a' participant_id, date '2000-1-1' as day"
        )
        connection.execute(
            "create table night as select 'a' participant_id, timestamptz '2025-03-30 22:00+00' "
            "onset_at, timestamp '2025-03-30 23:00' onset_local, timestamptz '2025-03-31 05:00+00' "
            "wake_at, timestamp '2025-03-31 07:00' wake_local"
        )
        told = connection.execute(disguised_sql(view, columns, None, [])).fetchall()
    ((onset_at, onset_local, wake_at, wake_local),) = told
    assert (onset_local, wake_local) == (at("2025-01-20T00:00"), at("2025-01-20T07:00"))
    assert (onset_at, wake_at) == (at("2025-01-20T00:00Z"), at("2025-01-20T07:00Z"))


ENDS = (("at", "TIMESTAMP WITH TIME ZONE"), ("local", "TIMESTAMP"))


def test_a_mapping_of_ones_own_is_not_named(lake: Lake) -> None:
    view = named()["meal"]
    sql = disguised_sql(view, [("connector", "VARCHAR", "")], None, ["libreview"])
    with asked_lake(lake) as connection:
        Disguise({"ada": "x", "ben": "y"}, {"ada": 9, "ben": 9}).register(connection)
        connection.execute("create temp table change_day (participant_id text, day date)")
        told = {row[0] for row in connection.execute(sql).fetchall()}
    assert told == {"libreview", "other"}


# A folder has one kind of data set, and nothing else.
def test_a_folder_with_names_takes_no_data_set_without(lake: Lake, tmp_path: Path) -> None:
    run_export(lake.root, ["glucose_daily", "meal"], tmp_path / "ds", "csv", None, None)
    before = tree(tmp_path)
    with pytest.raises(UsageError, match="which no earlier export of a de-identified"):
        exported(lake, tmp_path / "ds", "meal")
    assert tree(tmp_path) == before
    exported(lake, tmp_path / "two", "meal")
    with pytest.raises(UsageError, match="name a new or empty folder"):
        run_export(lake.root, ["meal"], tmp_path / "two", "csv", None, None)


def test_a_data_set_takes_the_place_of_the_one_before(lake: Lake, tmp_path: Path) -> None:
    exported(lake, tmp_path / "ds", "glucose_daily", "meal")
    (tmp_path / "ds" / ".partial-999999999-x").write_text("left")
    (tmp_path / "ds" / "SHA256SUMS").unlink()  # as after a run that was killed
    exported(lake, tmp_path / "ds", "meal")
    assert {p.name for p in (tmp_path / "ds").iterdir()} == {
        *("SHA256SUMS", "codebook.csv", "datapackage.json", KEY, "meal.csv"),
    }
    (tmp_path / "ds" / "notes.txt").write_text("Ada is p3")
    with pytest.raises(UsageError, match=r"holds notes\.txt"):
        exported(lake, tmp_path / "ds", "meal")
    assert (tmp_path / "ds" / "meal.csv").exists()


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
        nights = rows(connection, "select * from night_to_day where sleep_date >= '2025-11-01'")
    true = [night for night in nights if night["sleep_date"] != CHANGED[night["participant_id"]]]
    assert len(lines(output / "night_to_day.csv")) == len(true) > 0


def test_the_report_says_what_was_left_out_and_what_is_small(lake: Lake, tmp_path: Path) -> None:
    output = exported(lake, tmp_path / "out", "glucose")
    report = json.loads((output / KEY).read_text())
    assert report["left_out"] == {"glucose": ["device", "reported_as", "file", "record"]}
    assert "glucose: 2 participants; fewer than 5 can be told apart" in report["warnings"]
    (resource,) = json.loads((output / "datapackage.json").read_text())["resources"]
    assert "device" not in {field["name"] for field in resource["schema"]["fields"]}


def test_a_text_that_nobody_called_harmless_is_left_out() -> None:
    """A new column of text is not exported by chance."""
    told = [
        *(("participant_id", "VARCHAR"), ("diary", "VARCHAR"), ("mean_mgdl", "DOUBLE")),
        *(("start_us", "BIGINT"), ("night", "STRUCT(onset_at TIMESTAMP)"), ("seen", "DATE")),
        *(("note_at", "TIMESTAMP WITH TIME ZONE"), ("minutes", "HUGEINT"), ("tags", "VARCHAR[]")),
    ]
    given = given_columns([(name, kind, "") for name, kind in told])
    assert [name for name, _, _ in given] == ["participant_id", "mean_mgdl"]
    assert not {"device", "file", "session", "key", "raw", "explanation", "label"} & TEXTS


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
