"""What is given to a lake in folders: idle files, empty exports, odd names, many people at once."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path

import pytest

from connectors.contract import NoRecords
from flows.commands.forget import forget
from flows.deriving.pipeline import Receipt, ingest
from flows.nightly.daily import next_run
from flows.nightly.journal import KEPT, LOG, counts, log_of, note, summary
from flows.reading.inbox import ids, misplaced, twin
from flows.settings import load
from tests.lake import BERLIN, golden, put
from tests.running import said_by
from transforms.account import account
from warehouse.store.lake import Lake
from warehouse.store.lock import writing

pytestmark = pytest.mark.whole


def night() -> bytes:
    return golden("fitbit_takeout", "sleep_fall_back_night").data()


def takeout(folder: Path) -> Path:
    """An unpacked export with what lies beside the data in one."""
    put(folder / "Fitbit", {"sleep-2025-11-01.json": night(), "README.txt": b"thank you\n" * 9})
    put(folder / "Photos", {"me.png": b"\x89PNG\r\n\x1a\n" + b"\0" * 99, "x.json": b'{"a": 1}'})
    put(folder, {"next.zip.part": b"PK\x03\x04", "archive_browser.html": b"<html></html>"})
    return folder


def test_what_lies_beside_an_export_is_not_used(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    folder, lake = takeout(tmp_path / "in"), tmp_path / "lake"
    whose = ("--participant", "p", "--timezone", BERLIN, "--lake", lake)
    code, _, err = said_by(capsys, "ingest", folder, *whose)
    assert code == 0
    assert "5 files beside them not used: nothing dawnlake reads; `dawnlake check` names" in err
    assert "set aside" not in err
    code, _, err = said_by(capsys, "check", folder, "--lake", lake)
    assert code == 0
    assert err.count("would not be used") == 5
    # by its own name a file was meant to be read
    code, _, err = said_by(capsys, "ingest", folder / "Photos" / "me.png", *whose)
    assert code == 1
    assert "a picture or a film" in err


def test_damage_is_set_aside_wherever_it_lies(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    folder = takeout(tmp_path / "in")
    put(folder / "Fitbit", {"sleep-2025-12-01.json": night()[:900]})
    whose = ("--participant", "p", "--timezone", BERLIN, "--lake", tmp_path / "lake")
    code, _, err = said_by(capsys, "ingest", folder, *whose)
    assert code == 1
    assert err.count("set aside: in/Fitbit/sleep-2025-12-01.json: ") == 1


def test_a_known_format_without_a_record_is_an_error(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    with pytest.raises(NoRecords, match="its format is known, and there is no record in it"):
        account([], 100)
    header = b"[\n]\n"
    case = golden("libreview", "us_am_pm_all_record_types").data().splitlines(keepends=True)
    put(tmp_path, {"empty.csv": b"".join(case[:2]), "none.json": header})
    whose = ("--participant", "p", "--timezone", BERLIN, "--lake", tmp_path / "lake")
    code, _, err = said_by(capsys, "ingest", tmp_path / "empty.csv", *whose)
    assert code == 1
    assert "set aside: empty.csv: " in err


# Names that differ in capitals alone, and what no nightly run reads.
def test_anna_beside_anna_is_asked_for(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    put(tmp_path, {"sleep.json": night()})
    lake = Lake(tmp_path / "lake")
    ingest(lake, [tmp_path / "sleep.json"], "anna", BERLIN)
    words = ("ingest", tmp_path / "sleep.json", "--lake", lake.root, "--timezone", BERLIN)
    code, _, err = said_by(capsys, *words, "-p", "Anna")
    assert code == 2
    assert "there is anna in this lake: --participant anna, or" in err
    assert lake.participants() == ["anna"]
    assert said_by(capsys, *words, "-p", "annabel")[0] == 0
    with lake.settings.open("a") as settings:
        settings.write("\n[participants.Anna]\n")
    assert twin("Anna", ids(lake)) == ""
    assert said_by(capsys, *words, "-p", "Anna")[0] == 0


def test_what_is_misplaced_in_the_inbox_is_named(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake").create()
    put(tmp_path, {"sleep.json": night()})
    ingest(lake, [tmp_path / "sleep.json"], "anna", BERLIN)
    for name in ("Anna M", "Anna", "ben", ".Trash"):
        (lake.inbox / name).mkdir()
    (lake.inbox / "x.csv").write_text("x")
    (lake.inbox / ".DS_Store").write_text("x")
    odd = misplaced(lake)
    assert set(odd) == {"Anna M", "Anna", "x.csv"}
    assert "differs from anna only in capitals" in odd["Anna"]
    assert "put it into inbox/PARTICIPANT/" in odd["x.csv"]


# Many people, and a lake to begin with.
def test_a_folder_for_each_participant(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    people, lake = tmp_path / "people", tmp_path / "lake"
    put(people / "p01", {"sleep.json": night()})
    put(people / "p02", {"sleep.json": night(), "notes.txt": b"nothing of interest\n"})
    words = ("ingest", "--participant-from-folder", people, "--timezone", BERLIN, "--lake", lake)
    code, out, err = said_by(capsys, *words)
    assert code == 0
    assert "receipt for p01" in out
    assert "participants: 2" in err
    assert Lake(lake).participants() == ["p01", "p02"]
    assert load(Lake(lake).settings).participant("p02").timezone == BERLIN
    put(people / "no name", {"sleep.json": night()})
    put(people, {"astray.json": night()})
    put(people / "p03", {"nothing.txt": b"nothing of interest\n"})
    code, _, err = said_by(capsys, *words)
    assert code == 1
    assert "set aside: no name: no participant id" in err
    assert "set aside: astray.json: not in the folder of a participant" in err
    assert "nothing of p03 is an export" in err
    assert said_by(capsys, *words, people)[0] == 2
    assert said_by(capsys, *words, "-p", "x")[0] == 2


def test_init_makes_a_lake_to_fill_in(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    folder = tmp_path / "lake"
    words = ("init", folder, "-p", "anna", "-p", "ben", "--timezone", BERLIN)
    code, _, err = said_by(capsys, *words)
    assert code == 0
    assert f"dawnlake nightly --lake {folder}" in err
    assert {path.name for path in (folder / "inbox").iterdir()} == {"anna", "ben"}
    text = (folder / "dawnlake.toml").read_text()
    settings = load(folder / "dawnlake.toml")
    assert settings.participant("ben").timezone == BERLIN
    (folder / "dawnlake.toml").write_text(text + "\n# mine\n")
    assert said_by(capsys, "init", folder, "-p", "carl")[0] == 0
    assert "# mine" in (folder / "dawnlake.toml").read_text()
    assert said_by(capsys, "init", folder, "-p", "no name")[0] == 2


def test_every_setting_of_init_is_one(tmp_path: Path) -> None:
    """With its marks of a comment taken away the file is read as it stands."""
    from flows.commands.init import SETTINGS

    lines = [line[2:] if line.startswith("# ") else line for line in SETTINGS.splitlines()]
    kept = [line for line in lines if "=" in line or line.startswith("[")]
    (tmp_path / "dawnlake.toml").write_text("\n".join(kept))
    settings = load(tmp_path / "dawnlake.toml")
    assert (settings.freshness_of("anna"), settings.freshness_of("ben")) == (3, 7)


# A lake whose inbox is a link, copies, and the log of nightly runs.
def test_forget_says_what_a_link_led_to(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake").create()
    put(tmp_path / "elsewhere", {"sleep.json": night()})
    ingest(lake, [tmp_path / "elsewhere"], "anna", BERLIN)
    (lake.inbox / "anna").symlink_to(tmp_path / "elsewhere")
    with writing(lake, "test"):
        assert forget(lake, "anna") == [(tmp_path / "elsewhere").resolve()]
    assert not (lake.inbox / "anna").is_symlink()
    assert (tmp_path / "elsewhere" / "sleep.json").exists()


def test_a_backup_is_a_copy_and_answers_by_itself(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """As flows/README.md says: the small backup is settings, mappings, inbox, extracted."""
    lake = Lake(tmp_path / "lake")
    put(tmp_path, {"sleep.json": night()})
    ingest(lake, [tmp_path / "sleep.json"], "anna", BERLIN)
    asked = "select sleep_date, total_sleep_min from night_to_day"
    told = said_by(capsys, "sql", asked, "--format", "csv", "--lake", lake.root)[1]
    small = tmp_path / "small"
    small.mkdir()
    for name in ("dawnlake.toml", "extracted", "inbox"):
        copy = shutil.copytree if (lake.root / name).is_dir() else shutil.copy
        copy(lake.root / name, small / name)
    shutil.copytree(lake.root, tmp_path / "whole")
    shutil.rmtree(lake.root)
    assert said_by(capsys, "init", small)[0] == 0
    assert said_by(capsys, "rebuild", "--lake", small)[0] == 0
    for copied in (small, tmp_path / "whole"):
        assert said_by(capsys, "sql", asked, "--format", "csv", "--lake", copied)[1] == told


def test_a_run_leaves_one_line_without_names(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    lake = Lake(tmp_path / "lake").create()
    receipt = Receipt("anna", problems=["a problem of anna"])
    note(lake, summary(counts([receipt], 2)))
    said = capsys.readouterr().err
    assert "1 participants, 0 files read, 0 set aside, 1 problems, 2 misplaced" in said
    assert "anna" not in log_of(lake).read_text()
    assert log_of(lake).stat().st_mode & 0o777 == 0o600
    for number in range(6):
        log_of(lake).write_text(f"{number}" * 300_000)
        note(lake, "again")
    assert {path.name for path in log_of(lake).parent.iterdir()} == {
        LOG,
        *(f"{LOG}.{number}" for number in range(1, KEPT + 1)),
    }
    assert log_of(lake).with_name(f"{LOG}.1").read_text().startswith("5")


@pytest.mark.parametrize(
    ("now", "told"),
    [
        ("2026-03-28T23:00:00+00:00", "2026-03-29T05:30:00+02:00"),  # a night an hour shorter
        ("2026-01-10T04:29:00+00:00", "2026-01-10T05:30:00+01:00"),
        ("2026-01-10T04:30:00+00:00", "2026-01-11T05:30:00+01:00"),
    ],
)
def test_the_next_run(now: str, told: str) -> None:
    moment = dt.datetime.fromisoformat(now)
    assert next_run(5, 30, BERLIN, moment).isoformat() == told
