"""The units of systemd/ are units, where there is a systemd to say so."""

from __future__ import annotations

import shutil
import subprocess
from configparser import ConfigParser
from pathlib import Path

import pytest

from flows.cli import app

UNITS = Path(__file__).parent.parent / "systemd"


def test_the_unit_runs_a_command_that_there_is() -> None:
    unit = ConfigParser(interpolation=None, strict=False)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(UNITS / "dawnlake.service")
    program, command, option, _ = unit["Service"]["ExecStart"].split()
    assert program.endswith("/dawnlake")
    assert command in list(app)
    assert option == "--lake"
    assert unit["Service"]["UMask"] == "0077"


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd here")
def test_systemd_takes_the_units(tmp_path: Path) -> None:
    text = (UNITS / "dawnlake.service").read_text().replace("%h/.local/bin/dawnlake", "/bin/true")
    (tmp_path / "dawnlake.service").write_text(text)
    shutil.copy(UNITS / "dawnlake.timer", tmp_path)
    units = [str(tmp_path / name) for name in ("dawnlake.service", "dawnlake.timer")]
    words = ["systemd-analyze", "verify", "--man=no", *units]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
