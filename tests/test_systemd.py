"""The units of systemd/ are units, where there is a systemd to say so, and run what there is."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path

import pytest

from flows.cli import app

pytestmark = pytest.mark.whole

BIN = Path(sys.executable).parent
UNITS = sorted((Path(__file__).parent.parent / "systemd").rglob("*.*"))
SERVICES = [unit for unit in UNITS if unit.suffix == ".service"]


def told(unit: Path) -> ConfigParser:
    found = ConfigParser(interpolation=None, strict=False)
    found.optionxform = str  # type: ignore[assignment,method-assign]
    found.read(unit)
    return found


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.stem)
def test_a_unit_runs_a_command_that_there_is(unit: Path) -> None:
    program, *words = told(unit)["Service"]["ExecStart"].split()
    options = {word for word in words if word.startswith("--")}
    if Path(program).name == "dawnlake":
        assert words[0] in list(app)
        assert "--lake" in options
        said = [word for word in words if not word.startswith("-")][:1]
        command = [str(BIN / "dawnlake"), *said, "--help"]
    else:
        said = [word for word in words if re.fullmatch("[a-z]+", word)]
        command = [str(BIN / Path(program).name), *said, "--help"]
        if not Path(command[0]).exists():
            pytest.skip("the extra `cluster` is not installed")
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert {option for option in options if option not in done.stdout} == set()


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.stem)
def test_a_unit_keeps_what_it_makes_to_itself(unit: Path) -> None:
    service = told(unit)["Service"]
    assert service["NoNewPrivileges"] == "yes"
    assert unit.stem == "dawnlake-metrics" or service["UMask"] == "0077"


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd here")
def test_systemd_takes_the_units(tmp_path: Path) -> None:
    for unit in UNITS:
        text = re.sub(r"(%h|/opt)\S+/bin/\w+", "/bin/true", unit.read_text())
        (tmp_path / unit.name).write_text(text.replace("User=dawnlake\n", ""))
    units = [str(tmp_path / unit.name) for unit in UNITS]
    words = ["systemd-analyze", "verify", "--man=no", *units]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
