"""RECIPES.md: every snippet runs on the demo."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

import pytest

from flows.cli import app
from tests.lake import asked, demo_lake
from tests.test_docs import ROOT, blocks, guide

pytestmark = pytest.mark.whole

SQL, PYTHON, R, SHELL = (
    blocks("RECIPES.md", language) for language in ("sql", "python", "r", "sh")
)


@pytest.fixture
def demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which `demo/lake` is the demo's."""
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "lake").symlink_to(demo_lake().root)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("query", SQL, ids=lambda query: query.split()[1])
def test_every_query_gives_rows(query: str) -> None:
    assert asked(demo_lake(), query)


@pytest.mark.filterwarnings("ignore:The inplace keyword")  # DuckDB's own use of pandas
@pytest.mark.usefixtures("demo")
def test_every_cell_of_python_runs() -> None:
    """In order, as a notebook runs them."""
    names: dict[str, object] = {}
    assert len(PYTHON) >= 5
    for cell in PYTHON:
        if "import polars" in cell and find_spec("polars") is None:
            continue  # the only one that dawnlake does not bring
        exec(cell, names)


@pytest.mark.parametrize("script", R, ids=("duckdb", "arrow"))
def test_every_script_of_r_runs(demo: Path, script: str) -> None:
    program = shutil.which("Rscript")
    if program is None:
        pytest.skip("no R here")
    library = re.findall(r"library\((\w+)\)", script)[0]
    has = subprocess.run([program, "-e", f"library({library})"], capture_output=True)
    if has.returncode:
        pytest.skip(f"R has no {library} here")
    subprocess.run([program, "-e", script], cwd=demo, check=True)


def test_every_command_is_one() -> None:
    lines = [shlex.split(line) for block in SHELL for line in block.splitlines()]
    assert len(lines) >= 4
    for words in lines:
        app.parse_args(words[1:], exit_on_error=False, print_error=False)


def test_the_settings_of_a_client_are_json() -> None:
    (text,) = blocks("RECIPES.md", "json")
    (server,) = json.loads(text)["mcpServers"].values()
    app.parse_args(server["args"], exit_on_error=False, print_error=False)


def test_the_files_that_are_named_are_there() -> None:
    root = demo_lake().root
    for path in re.findall(r"\"demo/lake/(marts/[^\"]+)\"", guide("RECIPES.md")):
        assert list(root.glob(path)), path
    assert (ROOT / "RECIPES.md").exists()
