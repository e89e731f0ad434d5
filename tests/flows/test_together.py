"""Small files that are read as one: what each of them comes to is what it would be alone."""

from __future__ import annotations

import json
from pathlib import Path
from zipfile import ZipFile

import duckdb
import pytest

from connectors.contract import BrokenFile, TooManyRejects
from flows.deriving import intake
from flows.deriving.pipeline import FileReceipt, Receipt, prepared, read_all
from flows.reading.manifest import is_batch, parts_of
from flows.reading.together import take_out, untangle
from tests.lake import PERSON, kept, pulse, put, tree
from warehouse.store import lake as store
from warehouse.store.lake import Lake

pytestmark = pytest.mark.whole

FILES: dict[str, bytes | str] = {f"pulse-{day}.json": pulse(day) for day in range(1, 13)}
# a spot of 0 in each of four records of a day is more than is borne
BAD = {"pulse-20.json": pulse(20, 0, 0, 0, 0), "pulse-21.json": pulse(21)[:-9]}
STREAM = "timestamp,rmssd,coverage,low_frequency,high_frequency\n"


@pytest.fixture(autouse=True)
def unflushed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk's own time proves nothing here."""
    monkeypatch.setattr(store, "flush", lambda _: None)


def zipped(folder: Path, files: dict[str, bytes | str]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    with ZipFile(folder / "takeout.zip", "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return folder / "takeout.zip"


def alone(tmp_path: Path, files: dict[str, bytes | str]) -> tuple[Lake, Receipt]:
    """The same files, each read by itself."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(intake, "FEWEST", 10_000)
        lake = Lake(tmp_path / "alone")
        receipt = kept(lake, [zipped(tmp_path / "alone-in", files)])
    assert not any(is_batch(folder) for folder in lake.part_folders(PERSON))
    return lake, receipt


def hrv(day: int, *rows: str) -> str:
    """A folder CSV of a Takeout, of which there is one for each night."""
    stamp = f"2023-11-{day:02}T03:0"
    told = rows or (f"{stamp}0:00,4{day % 10}.5,0.9,1,2", f"{stamp}5:00,NaN,0.9,1,2", "")
    return STREAM + "\n".join(told) + "\n"


def ageless(receipt: FileReceipt) -> dict[str, object]:
    """The manifest without when its archive was packed: that is of this run."""
    return {name: told for name, told in (receipt.manifest or {}).items() if name != "age"}


@pytest.mark.parametrize(
    "files",
    [FILES, {f"hrv-{day}.csv": hrv(day) for day in range(1, 12)}, {**FILES, **BAD}],
    ids=len,
)
def test_each_comes_to_what_it_would_be_alone(
    tmp_path: Path, files: dict[str, bytes | str]
) -> None:
    lake = Lake(tmp_path / "lake")
    receipt = kept(lake, [zipped(tmp_path / "in", files)])
    (folder,) = lake.part_folders(PERSON)
    assert is_batch(folder)
    other, told = alone(tmp_path, files)
    assert tree(lake.tables) == tree(other.tables)
    assert [(f.name, f.status, ageless(f), str(f.error)) for f in receipt.files] == [
        (f.name, f.status, ageless(f), str(f.error)) for f in told.files
    ]
    good = {f.name for f in receipt.files if f.manifest}
    assert good == {f"takeout.zip/{name}" for name in files if name not in BAD}


def test_a_bad_file_costs_no_other(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    receipt = kept(lake, put(tmp_path / "in", {**FILES, **BAD}))
    errors = {f.name: type(f.error) for f in receipt.files if f.error}
    assert errors == {"pulse-20.json": TooManyRejects, "pulse-21.json": BrokenFile}
    assert len(parts_of(lake, PERSON)) == len(FILES)


def test_what_may_be_of_one_or_another_is_read_one_by_one(tmp_path: Path) -> None:
    """A column that nobody knows is told of a file, and here of all of them at once."""
    told = {f"{day}.csv": hrv(day) for day in range(1, 12)}
    files: dict[str, bytes | str] = {
        name: text.replace("high_frequency", "high_frequency,mood").replace(",1,2", ",1,2,3")
        for name, text in told.items()
    }
    lake = Lake(tmp_path / "lake")
    receipt = kept(lake, put(tmp_path / "in", files))
    assert [f.manifest and f.manifest["drift"] for f in receipt.files] == [["column mood"]] * 11
    assert not any(is_batch(folder) for folder in lake.part_folders(PERSON))


def test_known_files_and_the_same_bytes_twice(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    twice = {**FILES, "copy.json": FILES["pulse-3.json"]}
    receipt = kept(lake, put(tmp_path / "in", twice))
    assert sorted(f.status for f in receipt.files) == ["known", *["read"] * len(FILES)]
    before = tree(lake.extracted)
    again = kept(lake, [zipped(tmp_path / "zip", FILES)])
    assert {f.status for f in again.files} == {"known"}
    assert tree(lake.extracted) == before


def test_one_of_them_is_withdrawn(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    kept(lake, put(tmp_path / "in", FILES))
    (folder,) = lake.part_folders(PERSON)
    take_out(p for p in parts_of(lake, PERSON) if p.manifest["name"] == "pulse-3.json")
    assert lake.part_folders(PERSON) == [folder]
    assert "pulse-3.json" not in (folder / "manifest.json").read_text()
    left = {name: data for name, data in FILES.items() if name != "pulse-3.json"}
    other = Lake(tmp_path / "other")
    kept(other, put(tmp_path / "left", left))
    kept(lake, [])
    assert tree(lake.tables) == tree(other.tables)
    assert {f.status for f in kept(lake, [tmp_path / "in"]).files} == {"known", "read"}
    take_out(parts_of(lake, PERSON))
    assert lake.part_folders(PERSON) == []


def of_another_version(lake: Lake) -> None:
    for folder in lake.part_folders(PERSON):
        told = (folder / "manifest.json").read_text()
        told = told.replace('"connector_version": "', '"connector_version": "old')
        (folder / "manifest.json").write_text(told)


@pytest.mark.parametrize("before", [12, 9, 3])
def test_another_version_reads_them_again_and_none_is_there_twice(
    tmp_path: Path, before: int
) -> None:
    """Whatever folders they were in: one with others, with fewer, each its own."""
    lake, every = Lake(tmp_path / "lake"), list(FILES.items())
    kept(lake, put(tmp_path / "some", dict(every[:before])))
    of_another_version(lake)
    receipt = kept(lake, put(tmp_path / "in", dict(every)))
    assert {f.status for f in receipt.files} == {"read"}
    (folder,) = lake.part_folders(PERSON)
    assert "old" not in (folder / "manifest.json").read_text()
    assert len(parts_of(lake, PERSON)) == len(FILES)


def test_of_a_file_in_two_folders_the_one_of_this_version_stays(tmp_path: Path) -> None:
    """As a run leaves it that was killed between writing the new and taking out the old."""
    lake, every = Lake(tmp_path / "lake"), list(FILES.items())
    kept(lake, put(tmp_path / "some", dict(every[:9])))
    of_another_version(lake)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(intake, "take_out", lambda _: None)
        read_all(lake, PERSON, put(tmp_path / "in", FILES), prepared(lake, PERSON, None))
    assert len(lake.part_folders(PERSON)) == 2
    untangle(lake, PERSON)
    (folder,) = lake.part_folders(PERSON)
    assert "old" not in (folder / "manifest.json").read_text()
    assert len(parts_of(lake, PERSON)) == len(FILES)


def test_every_row_leads_to_its_file_and_record(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    kept(lake, put(tmp_path / "in", FILES))
    path = lake.table_part("sample", PERSON)
    rows = f"read_parquet('{path}', hive_partitioning = false)"
    found = duckdb.sql(f"select file, record, value from {rows}").fetchall()
    for part in parts_of(lake, PERSON):
        values = json.loads(FILES[part.manifest["name"]])
        expected = {n: v["value"]["bpm"] for n, v in enumerate(values, 1) if v["value"]["bpm"]}
        assert {r: v for f, r, v in found if f == part.file} == expected
