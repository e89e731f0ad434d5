"""A single record is set aside by hand: every copy of it goes, and it can be taken back."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from flows import cli
from flows.deriving import exclude as excluding
from flows.deriving.pipeline import ingest, prepared, read_all
from flows.errors import UsageError
from flows.reading.manifest import parts_of
from tests.lake import BERLIN, PERSON, aged, clarity, kept, libreview, put, table, tolerant, tree
from warehouse.store.lake import Lake

pytestmark = pytest.mark.whole

EARLY = [("20-11-2025 08:00", 101), ("20-11-2025 08:15", 440), ("20-11-2025 08:15", 440)]
LATE = [*EARLY[1:], ("20-11-2025 08:30", 103)]


def values(lake: Lake) -> list[float]:
    return [r["value"] for r in table(lake, "sample")]


def file_of(lake: Lake, name: str) -> str:
    return next(p.file for p in parts_of(lake, PERSON) if p.manifest["name"] == name)


def filled(folder: Path) -> Lake:
    """Two exports that overlap in a reading that is told twice in each."""
    lake = Lake(folder / "lake")
    paths = put(folder / "in", {"a.csv": libreview(EARLY), "b.csv": libreview(LATE)})
    ingest(lake, paths, PERSON, BERLIN)
    return lake


def set_aside(lake: Lake, file: str, record: int, why: str = "a finger on the sensor") -> None:
    parts = [p for p in parts_of(lake, PERSON) if p.file == file]
    excluding.exclude(lake, parts, record, why)


def test_one_of_two_equal_rows_goes_from_every_export_and_comes_back(tmp_path: Path) -> None:
    lake = filled(tmp_path)
    before = tree(lake.tables)
    assert values(lake) == [101, 440, 440, 103]
    set_aside(lake, file_of(lake, "b.csv"), 4)
    assert values(lake) == [101, 440, 103]
    set_aside(lake, file_of(lake, "a.csv"), 4)
    assert values(lake) == [101, 103]
    for name in ("a.csv", "b.csv"):
        parts = [p for p in parts_of(lake, PERSON) if p.manifest["name"] == name]
        excluding.take_back(lake, parts, 4)
    assert tree(lake.tables) == before


def test_it_stays_aside_when_everything_is_read_and_derived_again(tmp_path: Path) -> None:
    lake = filled(tmp_path)
    set_aside(lake, file_of(lake, "a.csv"), 4)
    before = tree(lake.tables)
    read_all(lake, PERSON, [tmp_path / "in"], prepared(lake, PERSON, None), again=True)
    shutil.rmtree(lake.tables)
    kept(lake.create(), [])
    assert tree(lake.tables) == before


def test_a_version_that_the_vendor_made_since_is_not_set_aside(tmp_path: Path) -> None:
    """Of one key: the excluded version does not uncover an older one either."""

    def reading(value: int) -> str:
        return clarity([("2025-07-01T10:00:00", value, 1000, "8AB")])

    lake = Lake(tmp_path / "lake")
    paths = aged(put(tmp_path, {f"{v}.csv": reading(v) for v in (100, 250, 120)}))
    ingest(lake, paths[:2], PERSON, BERLIN)
    set_aside(lake, file_of(lake, "250.csv"), 2)
    assert values(lake) == []
    kept(lake, paths[2:])
    assert values(lake) == [120]


def test_a_record_in_a_batch_with_all_that_it_tells(tmp_path: Path) -> None:
    meals = [
        {"_id": f"t{n}", "eventType": "Meal Bolus", "created_at": f"2025-07-0{n}T12:00:00Z",
         "carbs": n, "insulin": 1, "enteredBy": "x"}
        for n in range(1, 10)
    ]  # fmt: skip
    lake = tolerant(Lake(tmp_path / "lake"))
    ingest(
        lake,
        put(tmp_path / "in", {f"{m['_id']}.json": json.dumps([m]) for m in meals}),
        PERSON,
        BERLIN,
    )
    set_aside(lake, file_of(lake, "t3.json"), 1)
    for name in ("sample", "episode"):
        assert {r["start_at"].day for r in table(lake, name)} == {1, 2, 4, 5, 6, 7, 8, 9}


def test_what_was_not_taken_cannot_be_set_aside(tmp_path: Path) -> None:
    lake = filled(tmp_path)
    with pytest.raises(UsageError, match="nothing was taken from record 99"):
        set_aside(lake, file_of(lake, "a.csv"), 99)
    with pytest.raises(UsageError, match="was not set aside"):
        excluding.take_back(lake, parts_of(lake, PERSON), 4)


def test_the_command_says_why_and_rejects_lists_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lake = filled(tmp_path)
    file = file_of(lake, "a.csv")

    def run(*words: str) -> tuple[int, str]:
        with pytest.raises(SystemExit) as left:
            cli.main([*words, "--lake", str(lake.root)])
        told = capsys.readouterr()
        return int(left.value.code or 0), told.out + told.err

    assert run("exclude", file[:8], "4")[0] == 2
    code, told = run("exclude", file[:8], "4", "--why", "a finger on the sensor")
    assert (code, "set aside for p1: record 4 of a.csv" in told) == (0, True)
    told = run("rejects")[1]
    assert "a finger on the sensor" in told
    assert file in told
    assert run("exclude", file[:8], "4", "--undo")[0] == 0
    assert "no record was rejected" in run("rejects")[1]
