"""`dawnlake sql`: every option is obeyed or refused, in a shell, from a pipe and on Ctrl-C."""

from __future__ import annotations

import io
import json
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from flows.cli import main
from tests.lake import demo_lake

pytestmark = pytest.mark.whole

ENDLESS = "select count(*) from range(900000000000) t(i) where hash(i) % 7 = 3"


def asked(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    capsys.readouterr()
    with pytest.raises(SystemExit) as left:
        main(["sql", *map(str, words), "--lake", str(demo_lake().root)])
    said = capsys.readouterr()
    assert isinstance(left.value.code, int)
    return left.value.code, said.out, said.err


@pytest.mark.parametrize("query", ["select 42 as a -- note", "select 42 as a; /* x; */ -- note\n;"])
@pytest.mark.parametrize(("form", "told"), [("csv", "a\n42\n"), ("json", '"a"')])
def test_a_comment_or_semicolon_at_the_end(
    capsys: pytest.CaptureFixture[str], query: str, form: str, told: str
) -> None:
    code, out, err = asked(capsys, query, "--format", form)
    assert (code, err) == (0, "")
    assert told in out
    if form == "json":
        assert json.loads(out) == [{"a": 42}]


def test_a_pipe_is_asked_as_a_query(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("select 42\n  as a -- note\n"))
    assert asked(capsys, "--format", "csv", "-o", tmp_path / "y.csv") == (0, "", "")
    assert (tmp_path / "y.csv").read_text() == "a\n42\n"
    monkeypatch.setattr("sys.stdin", io.StringIO("select 1 as a; select 2 as b\n"))
    assert asked(capsys, "--format", "csv") == (0, "a\n1\nb\n2\n", "")


def test_a_pipe_may_ask_what_there_is(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = "select 41 + 1 as a;\n.tables\n.describe meal\n.help\n.quit\nselect 'not reached'"
    monkeypatch.setattr("sys.stdin", io.StringIO(lines))
    code, out, err = asked(capsys)
    assert code == 0
    assert out.index("42") < out.index("source_file") < out.index("carbohydrate_g")
    assert ".describe NAME" in err
    assert "not reached" not in out


def test_every_statement_is_run(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, out, _ = asked(capsys, "create temp table t as select 7 as n; from t; select 8 as m")
    assert code == 0
    assert out.index("7") < out.index("8")
    assert "Count" not in out
    code, _, err = asked(capsys, "select 1; select 2", "-o", tmp_path / "x.csv")
    assert code == 2
    assert "one file takes the rows of one statement; there are 2" in err
    assert not (tmp_path / "x.csv").exists()


@pytest.mark.parametrize(
    ("name", "form", "told"),
    [
        ("x.xlsx", "table", "ends in .xlsx"),
        ("x.json", "csv", "ends in .json, and --format says csv"),
    ],
)
def test_a_file_is_what_its_name_says(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, name: str, form: str, told: str
) -> None:
    code, _, err = asked(capsys, "select 1", "-o", tmp_path / name, "--format", form)
    assert code == 2
    assert told in err
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_its_owners_alone(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "b.parquet").write_text("before")
    (tmp_path / "b.parquet").chmod(0o666)
    before = os.umask(0)
    try:
        for name in ("a.csv", "b.parquet"):
            assert asked(capsys, "select 1 as a", "-o", tmp_path / name)[0] == 0
            assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
    finally:
        os.umask(before)
    assert pq.read_table(tmp_path / "b.parquet")["a"].to_pylist() == [1]


def test_a_failed_query_leaves_the_file(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("before")
    assert asked(capsys, "select nope", "-o", tmp_path / "a.csv")[0] == 2
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("a.csv", "before")]


def test_rows_with_a_line_for_each_column(capsys: pytest.CaptureFixture[str]) -> None:
    query = "select 'x' as short, null as longer_name, chr(27) || '[2J' as escape"
    code, out, _ = asked(capsys, query, "--format", "lines")
    assert code == 0
    assert out == "row 1\n  short        x\n  longer_name  NULL\n  escape       \u241b[2J\n"


@pytest.mark.parametrize("place", ["https://example.org/x.csv", "s3://bucket/x.parquet"])
def test_an_address_is_not_reached_for(capsys: pytest.CaptureFixture[str], place: str) -> None:
    code, _, err = asked(capsys, f"from '{place}'")
    assert code == 2
    assert "dawnlake uses no network and fetches no extension: download the file" in err
    assert "INSTALL" not in err
    assert asked(capsys, "install httpfs")[0] == 2


@pytest.mark.parametrize("words", [("--format", "table"), ("-o", "z.csv")])
def test_ctrl_c_ends_a_query(tmp_path: Path, words: tuple[str, ...]) -> None:
    """Twice, as a terminal and `timeout` send it."""
    command = [sys.executable, "-m", "flows.cli", "sql", ENDLESS, *words]
    root = str(Path(__file__).parents[2])
    with subprocess.Popen(
        [*command, "--lake", str(demo_lake().root)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": root},
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as run:
        try:
            _until_busy(run.pid)
            run.send_signal(signal.SIGINT)
            run.send_signal(signal.SIGINT)
            out, err = run.communicate(timeout=60)
        finally:
            run.kill()
    assert (run.returncode, out, err) == (130, "", "dawnlake: stopped\n")
    assert list(tmp_path.iterdir()) == []


def _until_busy(pid: int) -> None:
    """Wait until a process has worked for longer than a start takes: its query runs."""
    while True:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        if (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK") > 3:
            return
