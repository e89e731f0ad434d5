"""What files and names say is shown on a terminal, not obeyed: also when it goes to a pipe."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from rich.table import Table

from flows.cli import main
from flows.shown import Shown, shown
from tests.lake import put

pytestmark = pytest.mark.whole

# ESC and what else C0 has, C1, and marks that turn the direction of writing
OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
ESCAPE = "\x1b]0;T\x07\x1b[31mRED\x1b[2J"
CLARITY = (
    "Index,Timestamp (YYYY-MM-DDThh:mm:ss),Event Type,Event Subtype,Patient Info,Device Info,"
    "Source Device ID,Glucose Value (mg/dL),Insulin Value (u),Carb Value (grams),"
    "Duration (hh:mm:ss),Glucose Rate of Change (mg/dL/min),Transmitter Time (Long Integer),"
    "Transmitter ID,New{e}\n"
    "1,,FirstName,,Ada,,,,,,,,,,\n2,,Device,,,Dexcom G6 Mobile App,phone{e},,,,,,,,\n"
)
APPLE = (
    '<?xml version="1.0" encoding="UTF-8"?><HealthData locale="de_DE&#x202E;x">'
    '<ExportDate value="2025-11-20 08:00:00 +0100"/>'
    '<Record type="HKQuantityTypeIdentifierHeartRate" sourceName="Uhr &#x202E;RTL&#x9b;31m" '
    'unit="count/min" startDate="2025-07-01 08:00:00 +0200" endDate="2025-07-01 08:00:00 +0200" '
    'value="61"/></HealthData>'
)


def exports(folder: Path) -> Path:
    """A Clarity and an Apple export with escapes in names, columns and cells; odd file names."""
    rows = "".join(
        f"{n},2025-07-01T{n // 12:02}:{n % 12 * 5:02}:00,EGV,,,,phone{ESCAPE},{100 + n % 9},,,,,"
        f"{n * 300},8X,\n"
        for n in range(3, 203)
    )
    odd = f"203,2025-07-01T23:00:00,Odd{ESCAPE},,,,phone{ESCAPE},1,,,,,60900,8X,\n"
    text = CLARITY.format(e=ESCAPE) + rows + odd
    put(folder, {"clarity\x1b[31m\u202e.csv": text.encode(), "export.xml": APPLE.encode()})
    return folder


@pytest.mark.parametrize("is_terminal", [False, True])
def test_no_command_writes_what_a_terminal_obeys(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    is_terminal: bool,
) -> None:
    monkeypatch.setattr("flows.usage.is_terminal", lambda: is_terminal)
    folder = exports(tmp_path / "in")
    whose = ("--participant", "p", "--timezone", "Europe/Berlin")
    told = ""
    for words in (
        ("check", folder),
        ("ingest", folder, *whose),
        ("status",),
        ("rejects", "--raw"),
        ("zones",),
        ("files",),
        ("views", f"night{ESCAPE}"),
        ("sql", "select distinct device from sample"),
        ("sql", "select distinct device from sample", "--format", "lines"),
        ("sql", f"select {ESCAPE}"),
    ):
        with pytest.raises(SystemExit):
            main([*map(str, words), "--lake", str(tmp_path / "lake")])
        said = capsys.readouterr()
        assert OBEYED.findall(said.out + said.err) == [], words
        told += said.out
    assert "phone\u241b]0;T" in told  # it is shown
    assert "Uhr <U+202E>RTL<U+009B>31m" in told


def test_a_line_and_a_letter_stay() -> None:
    assert shown("Ünïcode 日本\tand\nlines") == "Ünïcode 日本\tand\nlines"


def test_cells_are_as_wide_as_they_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    table = Table("a", "b")
    table.add_row("x\x1b", "1")
    table.add_row("\u202e", "2")
    Shown(width=60).print(table)
    lines = capsys.readouterr().out.splitlines()
    assert len({len(line) for line in lines}) == 1
    assert any("<U+202E>" in line for line in lines)
