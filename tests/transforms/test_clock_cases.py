"""Clocks, case by case: tests/golden_clock/<case>/ has exports, a home zone and what comes of them.

expected.jsonl has one line per canonical sample, then the stays of the zone timeline, then what was
found out about clocks.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import tomllib
from pathlib import Path

import pytest

from tests.lake import kept, table
from warehouse.store.lake import Lake

pytestmark = pytest.mark.whole

CASES = sorted(
    path.parent for path in (Path(__file__).parents[1] / "golden_clock").glob("*/case.toml")
)
SAMPLE = ("connector", "record", "metric", "value", "start_at", "start_local", "time_basis", "flag")
STAY = ("zone", "basis", "from_at", "to_at", "device_clock_count")
FINDING = ("stream", "kind", "from_at", "to_at", "size_min", "explanation")


def lines(lake: Lake) -> list[str]:
    """The rows of a lake's tables that tell of time."""
    found = []
    for name, columns in (("sample", SAMPLE), ("zone_timeline", STAY), ("clock_finding", FINDING)):
        for row in table(lake, name):
            told = {column: plain(row[column]) for column in columns if row[column] is not None}
            found.append(json.dumps({"table": name, **told}))
    return found


def plain(value: object) -> object:
    if isinstance(value, dt.datetime):
        return value.replace(tzinfo=None).isoformat() + ("Z" if value.tzinfo else "")
    return value


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_clock_case(case: Path, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    about = tomllib.loads((case / "case.toml").read_text())
    lake = Lake(tmp_path / "lake")
    kept(lake, sorted(case.glob("*.csv")), zone=about["timezone"])
    found = "".join(line + "\n" for line in lines(lake))
    expected = case / "expected.jsonl"
    if request.config.getoption("--regenerate"):
        assert not os.environ.get("CI"), "golden files are written by people, not by CI"
        expected.write_text(found)
    assert found == expected.read_text()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_order_of_files_does_not_matter(case: Path, tmp_path: Path) -> None:
    about = tomllib.loads((case / "case.toml").read_text())
    paths = sorted(case.glob("*.csv"))
    told = []
    for number, order in enumerate((paths, paths[::-1])):
        lake = Lake(tmp_path / str(number))
        for path in order:
            kept(lake, [path], zone=about["timezone"])
        told.append(lines(lake))
    assert told[0] == told[1]
