"""What is installed is what is tracked: code, SQL and the tables of metrics; and it answers."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.lake import golden
from tests.test_layers import LAYERS, ROOT

pytestmark = pytest.mark.whole

INSTALLED = {".py", ".sql", ".csv", ".html", ".css"}
GUIDES = {".md", ".svg"}  # for who reads the source
MADE = {"__pycache__", "dawnlake.egg-info"}
BUILD = "import sys, setuptools.build_meta as b; print(b.build_wheel(sys.argv[1]))"
RUN = """
import sys
sys.path.insert(0, sys.argv.pop(1))
import warehouse
assert warehouse.__file__.startswith(sys.path[0])
from flows.cli import run
run()
"""


def git(*words: str) -> list[str]:
    done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.split("\0")[:-1]


@pytest.fixture(scope="module")
def tracked() -> list[str]:
    """Every file that somebody who clones gets, once all that is new is added."""
    if not (ROOT / ".git").exists() and "CI" not in os.environ:
        pytest.skip("not a clone: nothing tells which files are ours")
    listed = git("ls-files", "-z", "--cached", "--others", "--exclude-standard")
    return [name for name in listed if (ROOT / name).exists()]


@pytest.fixture(scope="module")
def wheel(tracked: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of a fresh clone, unpacked."""
    clone, site = tmp_path_factory.mktemp("clone"), tmp_path_factory.mktemp("site")
    for name in tracked:
        if name.startswith(LAYERS) or "/" not in name:
            (clone / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, clone / name)
    done = subprocess.run(
        [sys.executable, "-c", BUILD, str(clone)],
        cwd=clone,
        capture_output=True,
        text=True,
        check=True,
    )
    with ZipFile(clone / done.stdout.splitlines()[-1]) as packed:
        packed.extractall(site)
    return site


def test_the_wheel_holds_what_runs_and_nothing_else(tracked: list[str], wheel: Path) -> None:
    ours = [name for name in tracked if name.startswith(tuple(f"{layer}/" for layer in LAYERS))]
    assert {Path(name).suffix for name in ours} <= INSTALLED | GUIDES
    packed = {str(path.relative_to(wheel)) for path in wheel.rglob("*") if path.is_file()}
    assert {name for name in packed if ".dist-info/" not in name} == {
        name for name in ours if Path(name).suffix in INSTALLED
    }


def test_the_wheel_answers(wheel: Path, tmp_path: Path) -> None:
    export = golden("dexcom_clarity", "italian").data()
    (tmp_path / "export.csv").write_bytes(export)
    words = "ingest export.csv --participant anna --timezone Europe/Rome --lake lake"
    done = subprocess.run(
        [sys.executable, "-I", "-c", RUN, str(wheel), *words.split()],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "lake" / "warehouse.duckdb").exists()


def test_nothing_that_is_ours_is_ignored(tracked: list[str]) -> None:
    """A file that .gitignore hides is on one machine alone, and missing on every other."""
    assert git("ls-files", "-z", "--cached", "--ignored", "--exclude-standard") == []
    hidden = git("ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--", *LAYERS)
    hidden += git("ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--", "tests")
    assert [name for name in hidden if not MADE & set(Path(name).parts)] == []
