"""The command line: exit codes, what goes to stdout, what a command leaves behind."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import pty
import shutil
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pyarrow.parquet as pq
import pytest

from connectors import connectors
from flows.cli import app
from flows.deriving.pipeline import ingest
from flows.settings import Settings
from tests.flows.test_walk import locked
from tests.lake import (
    BERLIN,
    PERSON,
    Person,
    demo_lake,
    demo_people,
    golden,
    lake_of,
    put,
    tolerant,
    tree,
    with_marts,
)
from tests.running import Run
from warehouse.store.lake import Lake

pytestmark = pytest.mark.whole

COMMANDS = sorted(name for name in app if not name.startswith("-"))
ZONE = "America/New_York"


@pytest.fixture
def clarity(tmp_path: Path) -> Path:
    """The first days of a made-up Clarity export: 10 lines of preamble, 589 readings and meals."""
    lines = demo_people()["ada"].paths[0].read_text().splitlines(keepends=True)[:600]
    path = tmp_path / "clarity.csv"
    path.write_text("".join(lines))
    return path


@pytest.fixture
def lake(clarity: Path, run: Run) -> Path:
    """A lake of one participant, to be changed."""
    folder = clarity.parent / "lake"
    code, _, _ = run(
        "ingest", clarity, "--participant", "ada", "--timezone", ZONE, "--lake", folder
    )
    assert code == 0
    return folder


def in_all(receipt: str) -> list[int]:
    """records, new, known, corrected, skipped, rejected."""
    (line,) = (line for line in receipt.splitlines() if line.startswith("in all"))
    return [int(word) for word in line.split()[2:]]


def process(*words: object, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """The same in a process of its own."""
    command = [sys.executable, "-m", "flows.cli", *map(str, words)]
    return subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)


# exit codes and help


def test_exit_codes_of_a_process(clarity: Path) -> None:
    lake = clarity.parent / "lake"
    (clarity.parent / "note.txt").write_text("nothing of interest\n")
    assert process("views", "glucose").returncode == 0
    told = ("--participant", "ada", "--timezone", ZONE, "--lake", lake)
    aside = process("ingest", clarity, clarity.parent / "note.txt", *told)
    assert aside.returncode == 1
    assert in_all(aside.stdout)[:2] == [599, 589]
    assert "set aside: note.txt: not a format dawnlake reads" in aside.stderr
    missing = process("status", "--lake", clarity.parent / "elsewhere")
    assert missing.returncode == 2
    assert "no lake at" in missing.stderr
    assert missing.stdout == ""


def test_help_needs_no_data_libraries() -> None:
    """Nobody waits for imports to read what a command does."""
    code = f"""
import sys
from flows.cli import main
for command in [None, *{COMMANDS}]:
    try:
        main([command, "--help"] if command else ["--help"])
    except SystemExit as left:
        assert left.code == 0, command
heavy = {{"duckdb", "pyarrow", "prefect", "pandas", "numpy", "pydantic"}}
print(sorted(heavy & set(sys.modules)), file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == "[]\n"


def test_a_query_does_not_wait_for_arrow() -> None:
    code = """
import sys
from flows.cli import main
try:
    main(["sql", "select 1 as one", "--lake", sys.argv[1]])
except SystemExit as left:
    assert left.code == 0
print(sorted({"pyarrow", "pandas", "numpy", "pydantic", "prefect"} & set(sys.modules)))
"""
    command = [sys.executable, "-c", code, str(demo_lake().root)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_says_what_it_does(run: Run, command: str) -> None:
    code, out, _ = run(command, "--help")
    assert code == 0
    usage, _, about, *_ = out.splitlines()
    assert usage.startswith(f"Usage: dawnlake {command}")
    assert len(about.split()) > 3
    assert f" {command} " in run("--help")[1]


@pytest.mark.parametrize(
    "words",
    [
        ("frobnicate",),
        ("ingest", "x.csv"),
        ("ingest", "--participant", "ada"),
        ("check",),
        ("sql", "select 1", "--format", "yaml"),
        ("views", "nope"),
        ("export", "-o", "out"),
        ("export", "nope", "-o", "out"),
        ("status", "--lake", "nowhere"),
        ("files", "--lake", "nowhere"),
        ("sql", "select 1", "--lake", "nowhere"),
        ("sql", "--lake", "nowhere"),
        ("export", "glucose", "-o", "out", "--lake", "nowhere"),
        ("rebuild", "--lake", "nowhere"),
    ],
    ids=" ".join,
)
def test_what_cannot_be_done_is_usage(
    run: Run, words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = run(*words)
    assert (code, out) == (2, "")
    assert len(err) > 20
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"--participant": "../ada"}, "a participant id is 1 to 64 letters"),
        ({"--timezone": "Mars/Base"}, "Mars/Base is no IANA time zone, such as Europe/Berlin"),
        ({"--timezone": "EST"}, "--timezone: EST is no place"),
    ],
    ids=["participant", "timezone", "no place"],
)
def test_ingest_refuses_bad_words(
    run: Run, clarity: Path, changed: dict[str, str], told: str
) -> None:
    words = {"--participant": "ada", "--timezone": ZONE, "--lake": str(clarity.parent / "lake")}
    options = [word for pair in (words | changed).items() for word in pair]
    code, out, err = run("ingest", clarity, *options)
    assert (code, out) == (2, "")
    assert told in err
    assert "dawnlake.toml" not in err  # nobody wrote it there


def test_a_path_that_is_not_there_is_usage(run: Run, tmp_path: Path) -> None:
    missing = tmp_path / "missing.csv"
    told = ("--participant", "ada", "--lake", tmp_path / "lake")
    for code, out, err in (run("ingest", missing, *told), run("check", missing)):
        assert (code, out) == (2, "")
        assert f"no such file or folder: {missing}" in err


# ingest, check


def test_ingest_twice_knows_everything(run: Run, clarity: Path, lake: Path) -> None:
    before = tree(lake)
    code, out, err = run("ingest", clarity, "--participant", "ada", "--lake", lake)
    assert code == 0
    assert in_all(out) == [599, 0, 589, 0, 10, 0]
    assert "nights: 0 added, 0 changed" in err
    assert tree(lake) == before


def test_a_clock_without_a_zone_says_which_option_to_add(run: Run, clarity: Path) -> None:
    lake = clarity.parent / "lake"
    code, out, err = run("ingest", clarity, "--participant", "ada", "--lake", lake)
    assert code == 1
    assert in_all(out) == [599, 589, 0, 0, 10, 0]
    assert "rows of ada have a clock time and no known time zone" in err
    assert "--timezone Europe/Berlin" in err
    told = ("--participant", "ada", "--timezone", ZONE, "--lake", lake)
    code, out, _ = run("ingest", clarity, *told)
    assert code == 0
    assert in_all(out)[2] == 589


def test_an_unclaimed_member_of_a_zip_is_not_used(run: Run, clarity: Path) -> None:
    archive = clarity.parent / "export.zip"
    with ZipFile(archive, "w") as made:
        made.write(clarity, "a/clarity.csv")
        made.writestr("a/readme.html", "<p>thank you for using our service</p>\n")
    told = ("--participant", "ada", "--timezone", ZONE, "--lake", clarity.parent / "lake")
    code, _, err = run("ingest", archive, *told)
    assert code == 0
    assert "1 file beside them not used" in err
    code, _, err = run("check", archive, "--lake", clarity.parent / "lake")
    assert code == 0
    assert "would not be used: export.zip/a/readme.html" in err


def test_nothing_to_read_is_set_aside(run: Run, clarity: Path) -> None:
    note = clarity.parent / "note.txt"
    note.write_text("nothing of interest\n")
    told = ("--participant", "ada", "--lake", clarity.parent / "lake")
    code, out, err = run("ingest", note, *told)
    assert (code, out) == (1, "")
    assert "set aside: note.txt" in err
    assert "nothing in what was given is an export that dawnlake reads" in err


def test_a_name_with_brackets_is_printed_as_it_is(run: Run, clarity: Path) -> None:
    odd = clarity.with_name("export [bold] :smile:.csv")
    clarity.rename(odd)
    code, out, _ = run("check", odd)
    assert code == 0
    assert odd.name in out


def test_check_keeps_nothing(run: Run, clarity: Path, lake: Path) -> None:
    before = tree(lake)
    other = clarity.with_name("other.csv")
    other.write_text(clarity.read_text() + "\n")
    code, out, _ = run("check", clarity, other, "--lake", lake)
    assert code == 0
    assert "dexcom_clarity en, 2025-10-12 to 2025-10-14, times by wall clock" in out
    assert "language en, unit mg/dL" in out
    assert "already in the lake: ada" in out
    assert "not in the lake" in out
    assert tree(lake) == before


def test_check_makes_no_lake(run: Run, clarity: Path, tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("nothing of interest\n")
    code, _, err = run("check", clarity, tmp_path / "note.txt", "--lake", tmp_path / "none")
    assert code == 1
    assert "would be set aside: note.txt: not a format dawnlake reads" in err
    assert not (tmp_path / "none").exists()


def test_rebuild_gives_the_same_bytes(run: Run, lake: Path) -> None:
    before = tree(lake / "tables")
    (lake / "warehouse.duckdb").unlink()
    code, _, _ = run("rebuild", "--lake", lake)
    assert code == 0
    assert tree(lake / "tables") == before
    assert run("sql", "select count(*) from glucose", "--lake", lake)[0] == 0


def test_rebuild_from_files_reads_the_inbox(run: Run, lake: Path, clarity: Path) -> None:
    inbox = lake / "inbox" / "bob"
    inbox.mkdir()
    clarity.rename(inbox / "clarity.csv")
    (inbox / "note.txt").write_text("nothing of interest\n")
    (inbox / "cut.zip").write_bytes(b"PK\x03\x04 and no more")
    code, _, err = run("rebuild", "--from", "files", "--lake", lake)
    assert code == 1
    assert "set aside: bob/cut.zip" in err
    assert "note.txt" not in err
    assert "bob" in run("files", "--lake", lake)[1]


def test_rebuild_from_files_takes_passwords(run: Run, lake: Path, clarity: Path) -> None:
    inbox = lake / "inbox" / "bob"
    inbox.mkdir()
    locked(inbox, {"clarity.csv": clarity.read_bytes()}, "owl", aes=True)
    words = clarity.with_name("words.txt")
    words.write_text("owl\n")
    again = ("rebuild", "--from", "files", "--lake", lake)
    code, _, err = run(*again)
    assert code == 1
    assert "rebuild --password-file FILE" in " ".join(err.split())
    assert "bob" not in run("files", "--lake", lake)[1]
    run(*again, "--password-file", words)
    assert "bob" in run("files", "--lake", lake)[1]


# looking


def test_status_and_files(run: Run) -> None:
    root = demo_lake().root
    code, out, _ = run("status", "--lake", root)
    assert code == 0
    assert out.startswith("2 participants, 62 nights, ")
    assert "interstitial_glucose" not in out
    assert max(map(len, out.splitlines())) <= 100
    code, out, _ = run("status", "--details", "--lake", root)
    assert code == 0
    assert "ada: 31 nights, 2025-10-13 to 2025-11-12" in out
    assert "interstitial_glucose" in out
    assert "records set aside: none" in out
    assert "ben" not in run("status", "--participant", "ada", "--lake", root)[1]
    code, out, _ = run("files", "--participant", "ben", "--lake", root)
    assert code == 0
    assert "libreview en" in out
    assert "empty_record 16" in out
    assert "ada" not in out


def test_status_for_a_monitor(run: Run, tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    shutil.copytree(demo_lake().root, lake.root)
    code, out, _ = run("status", "--check", "--lake", lake.root)
    assert code == 1
    assert "look: ada: nothing from dexcom_clarity for " in out
    lake.settings.write_text("freshness_days = 0\n")
    assert run("status", "--check", "--lake", lake.root)[0] == 0
    (lake.inbox / "Anna M").mkdir()
    assert run("status", "--check", "--lake", lake.root)[0] == 1
    (lake.inbox / "Anna M").rmdir()
    lake.settings.write_text("[participants.ben]\nfreshness_days = 1\n")
    code, out, _ = run("status", "--format", "json", "--lake", lake.root)
    assert code == 0  # only --check makes it an exit code
    told = json.loads(out)
    ada, ben = told["participants"]
    assert (ada["nights"], ada["last_night"]) == (31, "2025-11-12")
    assert ben["newest"]["libreview"] == "2025-11-08"
    assert not told["is_fine"]
    assert any(problem.startswith("ben: nothing from libreview") for problem in told["problems"])


def test_status_says_what_is_new_in_exports(run: Run, tmp_path: Path) -> None:
    """Columns, keys and codes that no connector uses, of golden inputs."""
    cases = {
        f"{connector}-{name}": golden(connector, name).data()
        for connector, name in (
            ("oura", "api_sleep_spring_forward_night"),
            ("oura", "trends_misspelt_and_none"),
            ("nightscout", "entries_array_codes_and_offsets"),
            ("libreview", "year_first_and_new_columns"),
        )
    }
    # the same new key in a second, later file
    again = golden("oura", "api_sleep_spring_forward_night").data()
    cases["later"] = again.replace(b"2024-", b"2025-")
    lake = tolerant(Lake(tmp_path / "lake"))
    ingest(lake, put(tmp_path / "in", cases), PERSON, BERLIN)
    code, out, _ = run("status", "--lake", lake.root)
    assert code == 0
    _, _, told = out.partition("new in exports, not used yet: ")
    assert [line.strip() for line in told.splitlines() if line] == [
        "7",
        "libreview: column Historic Ketone mmol/L in 1 file, until 2026-08-12",
        "libreview: column Scan Ketone mmol/L in 1 file, until 2026-08-12",
        "nightscout: key moonPhase in 1 file, until 2024-03-01",
        "nightscout: unknown_code type in 1 file, until 2024-03-01, 1 set aside",
        "oura: column Mood in 1 file, until 2022-11-11",
        "oura: key moon_phase in 2 files, until 2025-03-31",
        "oura: sleep phase code 7 in 2 files, until 2025-03-31",
    ]


def test_status_of_what_is_known(run: Run) -> None:
    out = run("status", "--participant", "ada", "--lake", demo_lake().root)[1]
    assert "new in exports, not used yet: nothing" in out


def test_zones_shows_the_timeline_and_what_was_found_out(run: Run) -> None:
    root = demo_lake().root
    code, out, _ = run("zones", "--lake", root)
    assert code == 0
    assert "America/New_York" in out
    assert "Europe/Berlin" in out
    assert "clock change" in out
    assert "ben" not in run("zones", "ada", "--lake", root)[1]
    assert run("zones", "nobody", "--lake", root)[0] == 2


def test_zones_says_what_to_do_where_none_is_known(run: Run, clarity: Path) -> None:
    folder = clarity.parent / "lake"
    code, _, said = run("ingest", clarity, "--participant", "ada", "--lake", folder)
    assert code == 1
    assert "--timezone" in said
    code, _, said = run("zones", "ada", "--lake", folder)
    assert code == 0
    assert "--participant ada --timezone Europe/Berlin" in " ".join(said.split())


def test_a_home_that_the_exports_tell_is_said(run: Run, tmp_path: Path) -> None:
    (export,) = (p for p in demo_people()["ben"].paths if p.suffix == ".zip")
    folder = tmp_path / "lake"
    code, _, said = run("ingest", export, "--participant", "ben", "--lake", folder)
    assert code == 0
    assert "home is taken to be Europe/Berlin" in " ".join(said.split())
    assert "evidence" in run("zones", "--lake", folder)[1]


def test_a_home_that_the_exports_contradict_is_doubted(run: Run, tmp_path: Path) -> None:
    (export,) = (p for p in demo_people()["ben"].paths if p.suffix == ".zip")
    known = ("--participant", "ben", "--lake", tmp_path / "lake")
    code, _, said = run("ingest", export, *known, "--timezone", "Asia/Tokyo")
    assert code == 0
    assert "is the home zone of ben right?" in said
    assert "they fit Europe/Berlin" in " ".join(said.split())
    assert "is the home zone" in run("ingest", export, *known)[2]  # until something is done
    assert "is the home zone" not in run("ingest", export, *known, "--timezone", "Europe/Berlin")[2]


@pytest.mark.parametrize("command", ["status", "files"])
def test_nobody_of_that_name(run: Run, command: str) -> None:
    code, _, err = run(command, "--participant", "a_a", "--lake", demo_lake().root)
    assert code == 2
    assert "no participant a_a in this lake; there is ada, ben" in err


def test_views(run: Run) -> None:
    code, out, err = run("views")
    assert code == 0
    assert "night_to_day" in out
    assert "cgm_reading" not in out
    assert "source_file" in err
    assert "cgm_reading" in run("views", "--all")[1]
    code, out, err = run("views", "night_to_day")
    assert code == 0
    assert "fasting_mgdl" in out
    assert "One row per participant_id, sleep_date." in err
    out = run("views", "sleep_rhythm")[1]
    assert "needs: 7 valid nights" in out
    assert "elsewhere: pyActigraphy" in out
    assert "needs:" not in run("views", "glucose")[1]


def test_connectors(run: Run) -> None:
    code, out, _ = run("connectors")
    assert code == 0
    assert all(name in out for name in connectors())


# sql


QUERY = "select participant_id, count(*) as n from night_to_day group by all order by all"


def test_sql_to_stdout(run: Run) -> None:
    root = demo_lake().root
    code, out, err = run("sql", QUERY, "--lake", root)
    assert (code, err) == (0, "")
    assert "│ ada            │    31 │" in out
    assert run("sql", QUERY + ";", "--format", "csv", "--lake", root)[1] == (
        "participant_id,n\nada,31\nben,31\n"
    )
    assert json.loads(run("sql", QUERY, "--format", "json", "--lake", root)[1]) == [
        {"participant_id": "ada", "n": 31},
        {"participant_id": "ben", "n": 31},
    ]


@pytest.mark.parametrize(
    ("name", "form"),
    [("n.csv", "csv"), ("n.csv", "table"), ("n.txt", "table"), ("n.parquet", "table")],
)
def test_sql_to_a_file(run: Run, tmp_path: Path, name: str, form: str) -> None:
    path = tmp_path / name
    words = ("-o", path, "--format", form, "--lake", demo_lake().root)
    assert run("sql", QUERY, *words) == (0, "", "")
    if name.endswith("parquet"):
        assert pq.read_table(path)["n"].to_pylist() == [31, 31]
    else:
        assert path.read_text() == "participant_id,n\nada,31\nben,31\n"


def test_sql_parquet_and_json_files(run: Run, tmp_path: Path) -> None:
    root = demo_lake().root
    path = tmp_path / "it's here.parquet"
    assert run("sql", QUERY, "--format", "parquet", "-o", path, "--lake", root)[0] == 0
    assert pq.read_table(path)["participant_id"].to_pylist() == ["ada", "ben"]
    assert run("sql", QUERY, "-o", tmp_path / "n.json", "--lake", root)[0] == 0
    assert len(json.loads((tmp_path / "n.json").read_text())) == 2
    code, _, err = run("sql", QUERY, "--format", "parquet", "--lake", root)
    assert code == 2
    assert "add -o FILE" in err


@pytest.mark.parametrize("form", ["table", "csv"])
@pytest.mark.parametrize(
    ("query", "told"),
    [("select nope from glucose", "nope"), ("selec", "selec"), ("drop view glucose", "read-only")],
)
def test_sql_that_does_not_run(run: Run, query: str, told: str, form: str) -> None:
    code, out, err = run("sql", query, "--format", form, "--lake", demo_lake().root)
    assert (code, out) == (2, "")
    assert told in err if form == "table" else len(err) > 20
    assert "Traceback" not in err


def test_sql_adds_to_a_file_that_has_something_in_it(tmp_path: Path) -> None:
    path = tmp_path / "all.csv"
    path.write_text("before\n")
    command = [sys.executable, "-m", "flows.cli", "sql", "select 1 as one", "--format", "csv"]
    with path.open("a") as out:
        subprocess.run([*command, "--lake", demo_lake().root], stdout=out, check=True)
    assert path.read_text() == "before\none\n1\n"


def test_times_are_utc_whatever_the_machine_says(run: Run) -> None:
    query = "select start_at from glucose where participant_id = 'ben' order by all limit 1"
    out = run("sql", query, "--format", "csv", "--lake", demo_lake().root)[1]
    assert out.splitlines()[1] == "2025-10-08 09:18:00+00"


def shell(
    run: Run, monkeypatch: pytest.MonkeyPatch, lines: str, lake: Path
) -> tuple[int, str, str]:
    monkeypatch.setattr("sys.stdin", io.StringIO(lines))
    return run("sql", "--lake", lake)


def test_shell_reads_statements_from_stdin(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = ".help\n.views\nselect count(*) as nights\nfrom night_to_day;\nselect 40 + 2\n"
    code, out, err = shell(run, monkeypatch, lines, demo_lake().root)
    assert code == 0
    assert "glucose_nightly" in out
    assert "62" in out
    assert "42" in out  # the last statement needs no semicolon
    assert "dawnlake>" not in out
    assert ".quit leaves" in err


def test_shell_quits(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = "select 40 + 2;\n.quit\nselect 'not reached';\n"
    code, out, _ = shell(run, monkeypatch, lines, demo_lake().root)
    assert code == 0
    assert "42" in out
    assert "not reached" not in out


def test_shell_stops_at_the_first_error_of_a_script(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = "select nope;\nselect 'not reached';\n"
    code, out, err = shell(run, monkeypatch, lines, demo_lake().root)
    assert (code, out) == (2, "")
    assert "nope" in err


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminal")
def test_shell_of_a_person_goes_on_and_remembers_privately(lake: Path) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "flows.cli", "sql", "--lake", str(lake)]
    environment = {**os.environ, "TERM": "dumb"}
    with subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment
    ) as started:
        os.close(theirs)
        os.write(ours, b"select nope;\nselect 40 +\n2;\n.quit\n")
        seen = b""
        while chunk := _read(ours):
            seen += chunk
        assert started.wait(20) == 0
    os.close(ours)
    assert b"42" in seen
    assert b"...>" in seen
    history = lake / ".history"
    assert history.stat().st_mode & 0o777 == 0o600
    assert "select nope;" in history.read_text()


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65_536)
    except OSError:  # the other side has closed
        return b""


# export


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as lines:
        return list(csv.DictReader(lines))


def check_sums(folder: Path) -> None:
    listed = dict(
        reversed(line.split("  ")) for line in (folder / "SHA256SUMS").read_text().splitlines()
    )
    written = {path.name for path in folder.iterdir()} - {"SHA256SUMS"}
    assert listed.keys() == written
    for name, digest in listed.items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest


def test_export_csv_is_a_data_set(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "out" / "set"
    words = ("-o", folder, "--participant", "ben", "--since", "2025-11-01")
    code, out, _ = run("export", "night_to_day", "glucose", *words, "--lake", demo_lake().root)
    assert (code, out) == (0, "")
    assert folder.stat().st_mode & 0o777 == 0o700
    nights = rows_of(folder / "night_to_day.csv")
    assert [night["sleep_date"] for night in nights] == [f"2025-11-0{day}" for day in range(1, 9)]
    assert {night["participant_id"] for night in nights} == {"ben"}
    assert min(row["start_local"] for row in rows_of(folder / "glucose.csv")) >= "2025-11-01"
    book = rows_of(folder / "codebook.csv")
    assert [row["column"] for row in book if row["view"] == "night_to_day"] == list(nights[0])
    assert all(row["meaning"] for row in book)
    package = json.loads((folder / "datapackage.json").read_text())
    (first, _) = package["resources"]
    assert first["path"] == "night_to_day.csv"
    assert first["schema"]["primaryKey"] == ["participant_id", "sleep_date"]
    assert [field["name"] for field in first["schema"]["fields"]] == list(nights[0])
    check_sums(folder)


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@sum(a)", "\t=1", "\r=1", "=cmd|' /C calc'!A0"]
)
def test_a_spreadsheet_runs_nothing_of_an_export(run: Run, tmp_path: Path, text: str) -> None:
    person = (
        Person()
        .cgm("2025-07-01T08:00", [100, 101], device=text)
        .cgm("2025-07-02T08:00", [102], device="a=1-2")
    )
    lake = with_marts(lake_of(tmp_path / "lake", {"ada": person}), ["ada"], Settings())
    words = ("glucose", "--lake", lake.root, "-o", tmp_path / "out")
    assert run("export", *words)[0] == 0
    rows = rows_of(tmp_path / "out" / "glucose.csv")
    assert [row["device"] for row in rows] == ["'" + text] * 2 + ["a=1-2"]
    assert [row["glucose_mgdl"] for row in rows] == ["100.0", "101.0", "102.0"]
    assert run("export", *words, "--format", "parquet")[0] == 0
    whole = pq.read_table(tmp_path / "out" / "glucose.parquet")
    assert whole["device"].to_pylist() == [text, text, "a=1-2"]


def test_export_parquet(run: Run, tmp_path: Path) -> None:
    words = ("-o", tmp_path / "out", "--format", "parquet")
    assert run("export", "sleep_nightly", *words, "--lake", demo_lake().root)[0] == 0
    assert pq.read_table(tmp_path / "out" / "sleep_nightly.parquet").num_rows == 62
    check_sums(tmp_path / "out")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--since", "yesterday"), "--since takes a date such as 2025-10-26"),
        (("--participant", "zoe"), "no participant zoe"),
    ],
)
def test_export_refuses(run: Run, tmp_path: Path, words: tuple[str, str], told: str) -> None:
    output = tmp_path / "out"
    code, _, err = run("export", "glucose", "-o", output, *words, "--lake", demo_lake().root)
    assert code == 2
    assert told in err
    assert not output.exists()


# the lake


def test_the_lake_can_be_named_by_the_environment(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAWNLAKE_LAKE", str(demo_lake().root))
    code, out, _ = run("files", "--participant", "ben")
    assert code == 0
    assert "libreview en" in out


def test_everything_in_a_lake_is_private(lake: Path) -> None:
    modes = {path.stat().st_mode & 0o777 for path in lake.rglob("*") if path.is_file()}
    assert modes == {0o600}
    folders = {path.stat().st_mode & 0o777 for path in (lake, *lake.rglob("*")) if path.is_dir()}
    assert folders == {0o700}


def test_demo_shows_the_last_nights(run: Run, tmp_path: Path) -> None:
    code, out, err = run("demo", tmp_path / "demo")
    assert code == 0
    assert "receipt for ada" in out
    assert "ben  2025-11-07" in out
    assert f"--lake {tmp_path / 'demo' / 'lake'}" in err
