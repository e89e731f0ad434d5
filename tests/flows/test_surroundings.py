"""Where a lake lies and who asks: odd folders, other alphabets, files that a disk has damaged."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

import pytest

from flows.cli import main
from tests.lake import BERLIN, demo_people

pytestmark = [pytest.mark.whole, pytest.mark.long]

# No UTF-8 anywhere: what a text is written and read in has to be said each time.
ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": ""}


def done(*words: object) -> tuple[int, str, str]:
    """A command: its exit code, stdout and stderr."""
    with redirect_stdout(StringIO()) as out, redirect_stderr(StringIO()) as err:
        try:
            main([str(word) for word in words])
        except SystemExit as left:
            code = int(left.code or 0)
    return code, out.getvalue(), err.getvalue()


def process(*words: object, **environment: str) -> tuple[int, str, str]:
    """The same in a process of its own, with an environment of its own."""
    command = [sys.executable, "-m", "flows.cli", *map(str, words)]
    ended = subprocess.run(
        command, capture_output=True, env={**os.environ, **environment}, check=False
    )
    return ended.returncode, ended.stdout.decode(), ended.stderr.decode()


def ben() -> Path:
    return next(path for path in demo_people()["ben"].paths if path.suffix == ".csv")


def given(lake: Path, export: Path | None = None) -> list[object]:
    who = ["--participant", "ben", "--timezone", BERLIN, "--lake", lake]
    return ["ingest", export or ben(), *who]


def test_a_machine_without_utf8_reads_and_writes_the_same(tmp_path: Path) -> None:
    export = tmp_path / "Zoë.csv"
    export.write_bytes(ben().read_bytes())
    lake = tmp_path / "lake"
    lake.mkdir(mode=0o700)
    (lake / "dawnlake.toml").write_text("# für Zoë\n", "utf-8")
    for words in (
        given(lake, export),
        ["files", "--lake", lake],
        ["status", "--lake", lake],
        ["export", "glucose", "-o", tmp_path / "set", "--deidentify", "--lake", lake],
        ["doctor", "--lake", lake],
    ):
        code, out, err = process(*words, **ASCII)
        assert (code, "Error" in out + err) == (0, False), (words, err)
    assert (lake / "dawnlake.toml").read_text("utf-8").startswith("# für Zoë\n")
    assert "\\xeb" in process("files", "--lake", lake, PYTHONIOENCODING="ascii")[1]


@pytest.mark.parametrize("name", ["a?b", "participant_id=ada", "File=x"])
def test_a_lake_where_duckdb_would_misread_its_path_is_refused(tmp_path: Path, name: str) -> None:
    lake = tmp_path / name / "lake"
    code, _, err = done(*given(lake))
    assert (code, f"cannot lie in a folder called {name}" in err) == (2, True)
    assert not lake.parent.exists()


@pytest.mark.parametrize("name", ['it\'s 100% "mine" ü*[x]{y};', "study=1"])
def test_a_lake_in_any_other_folder_answers(tmp_path: Path, name: str) -> None:
    lake = tmp_path / name
    assert done(*given(lake))[0] == 0
    query = "select distinct participant_id from glucose"
    assert done("sql", query, "--format", "csv", "--lake", lake)[1].split() == [
        "participant_id",
        "ben",
    ]


@pytest.mark.parametrize("kind", ["file", "below a file", "broken link"])
def test_what_is_in_the_way_of_a_lake_is_said(tmp_path: Path, kind: str) -> None:
    lake = tmp_path / "lake"
    if kind == "broken link":
        lake.symlink_to(tmp_path / "nowhere")
    else:
        lake.write_text("mine")
    code, _, err = done(*given(lake / "below" if kind == "below a file" else lake))
    assert (code, "is in the way of the lake" in err) == (2, True)


DAMAGE = {
    "warehouse.duckdb": "status",
    "extracted/*/*/*/manifest.json": "files",
    "tables/sample/*/part.parquet": "status",
    "extracted/*/*/*/sample.parquet": "rebuild",
}


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake to be copied, and damaged."""
    lake = tmp_path_factory.mktemp("sound") / "lake"
    assert done(*given(lake))[0] == 0
    return lake


@pytest.mark.parametrize("place", DAMAGE)
def test_a_damaged_lake_is_told_without_what_stands_in_it(
    tmp_path: Path, sound: Path, place: str
) -> None:
    lake = tmp_path / "lake"
    shutil.copytree(sound, lake)
    if place.startswith("tables"):
        assert done("rebuild", "--lake", lake)[0] == 0  # views hold full paths
    (file,) = lake.glob(place)
    file.write_bytes(b"{secret")
    code, out, err = done(DAMAGE[place], "--lake", lake)
    told = " ".join(err.split())
    assert (code, "Traceback" in err, "secret" in out + err) == (3, False, False)
    assert "stopped by a fault: " in told
    assert "`dawnlake doctor` tells whether the lake is damaged" in told
    code, out, _ = done("doctor", "--lake", lake)
    assert (code, "to mend" in out) == (1, True)


def test_a_lock_with_rubbish_in_it_stops_nobody(tmp_path: Path, sound: Path) -> None:
    lake = tmp_path / "lake"
    shutil.copytree(sound, lake)
    (lake / "writer.lock").write_bytes(b"\xff\xfe" * 9000)
    for words in (["doctor"], ["rebuild"]):
        code, _, err = done(*words, "--lake", lake)
        assert (code, "Traceback" in err) in ((0, False), (1, False))
    assert (lake / "writer.lock").read_bytes() == b""


def test_nobody_has_to_listen(sound: Path) -> None:
    """Started with stdout closed, as some schedulers do."""
    words = f"{sys.executable} -m flows.cli status --lake {sound} >&-"
    ended = subprocess.run(["sh", "-c", words], capture_output=True, text=True, check=False)
    assert (ended.returncode, "Traceback" in ended.stderr) == (0, False), ended.stderr
