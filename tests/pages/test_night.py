"""dawnlake night: in a terminal and as an image."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from flows.cli import main
from tests.lake import asked, demo_lake
from tests.running import said_by

pytestmark = pytest.mark.whole


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    """A command in this process: its exit code, stdout and stderr."""
    return said_by(capsys, "night", *words, "--lake", demo_lake().root)


def test_a_terminal_has_the_numbers_of_the_night(capsys: pytest.CaptureFixture[str]) -> None:
    sql = "from night_to_day where participant_id = 'ada' and sleep_date = '2025-11-08'"
    (night,) = asked(demo_lake(), sql)
    code, out, _ = run(capsys, "ada", "2025-11-08")
    assert code == 0
    assert f"fasting, 15 minutes before wake: {night['fasting_mgdl']:.0f} mg/dL" in out
    assert f"deep sleep: {night['deep_min']:.0f} min" in out
    assert "█ deep" in out and "06:00" in out and out.count("●") >= 3
    code, out, _ = run(capsys, "ada", "2025-11-08", "--unit", "mmol/L")
    assert f"{night['fasting_mgdl'] / 18.0156:.1f} mmol/L" in out


def test_an_image_stands_alone(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "night.svg"
    code, out, err = run(capsys, "ben", "2025-10-26", "-o", path)
    assert (code, out) == (0, "") and str(path) in err
    svg = ElementTree.parse(path).getroot()
    assert svg.tag == "{http://www.w3.org/2000/svg}svg"
    assert svg.find("{http://www.w3.org/2000/svg}style") is not None
    assert path.stat().st_size < 30_000 and path.stat().st_mode & 0o777 == 0o600


def test_a_night_without_names(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    from shutil import copytree

    copytree(demo_lake().root, tmp_path / "lake")
    path = tmp_path / "night.svg"
    words = ["night", "ben", "2025-10-26", "-o", str(path), "--deidentify"]
    with pytest.raises(SystemExit) as left:
        main([*words, "--lake", str(tmp_path / "lake")])
    assert left.value.code == 0
    text = path.read_text("utf-8")
    assert "2025-10" not in text and "ben" not in text.replace("currentcolor", "")
    assert "Night to Sun" in text


def test_what_is_not_there_is_said(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, _, err = run(capsys, "ada", "2031-01-01")
    assert code == 2 and "the nearest are 2025-11-10, 2025-11-11, 2025-11-12" in err
    for words, told in (
        (("ada", "yesterday"), "by the date of its wake"),
        (("nobody", "2025-11-08"), "no participant nobody"),
        (("ada", "2025-11-08", "-o", tmp_path / "a.png"), "ends in .svg"),
    ):
        code, out, err = run(capsys, *words)
        assert (code, out) == (2, "") and told in err
