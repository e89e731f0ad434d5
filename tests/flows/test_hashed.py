"""A file is read once, its digest is that of its bytes, and what is known is known by it."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import pytest

from connectors.contract import BrokenFile
from flows.deriving import intake, pipeline
from flows.reading import hashed
from flows.reading.hashed import Hashed
from flows.reading.manifest import parts_of
from flows.reading.walk import Found, walk
from flows.settings import Settings
from tests.golden_case import Case, cases
from tests.lake import BERLIN, PERSON, kept, put, tree
from warehouse.store.lake import Lake

pytestmark = pytest.mark.whole

DATA = bytes(range(256)) * 1000
DIGEST = hashlib.sha256(DATA).hexdigest()


def whole(stream: BinaryIO) -> None:
    stream.read()


def in_pieces(stream: BinaryIO) -> None:
    while stream.read(1000):
        pass


def in_lines(stream: BinaryIO) -> None:
    for _ in stream:
        pass


def head_then_rest(stream: BinaryIO) -> None:
    stream.read(10)
    stream.read()


def part(stream: BinaryIO) -> None:
    stream.read(100_000)


def last_first(stream: BinaryIO) -> None:
    stream.read(10)
    stream.seek(-10, 2)
    assert stream.read() == DATA[-10:]
    stream.seek(0)
    assert stream.read() == DATA


def back_and_forth(stream: BinaryIO) -> None:
    stream.read(150_000)
    assert stream.tell() == 150_000
    stream.seek(-100_000, 1)
    assert stream.read(10) == DATA[50_000:50_010]
    stream.seek(0)
    assert stream.read() == DATA


def nothing(stream: BinaryIO) -> None:
    pass


@pytest.mark.parametrize("ahead_from", [0, 1 << 30])
@pytest.mark.parametrize(
    ("read", "readings"),
    [
        (whole, 1),
        (in_pieces, 1),
        (in_lines, 1),
        (head_then_rest, 1),
        (part, 2),
        (last_first, 2),
        (back_and_forth, 2),
        (nothing, 2),
    ],
)
def test_the_digest_is_that_of_the_bytes_however_they_are_read(
    read: Callable[[BinaryIO], None],
    readings: int,
    ahead_from: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Also in pieces that are read ahead, of which there are many here."""
    monkeypatch.setattr(hashed, "AHEAD_FROM_BYTES", ahead_from)
    monkeypatch.setattr(hashed, "CHUNK_BYTES", 7000)
    (found,) = walk(put(tmp_path, {"a.bin": DATA}))
    assert isinstance(found, Found)
    opened: list[str] = []

    def counted(member: str) -> BinaryIO:
        opened.append(member)
        return found.source.open(member)

    file = Hashed(replace(found, source=replace(found.source, open=counted)))
    with file.source.stream() as stream:
        read(stream)
    assert file.sha256 == DIGEST
    assert file.file == DIGEST[:16]
    assert len(opened) == readings


def test_what_goes_wrong_ahead_is_told_in_its_turn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A member whose bytes are not those of its directory, found out at its end."""
    monkeypatch.setattr(hashed, "AHEAD_FROM_BYTES", 0)
    monkeypatch.setattr(hashed, "CHUNK_BYTES", 7000)
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as zipped:
        zipped.writestr("a.bin", DATA)
    data = bytearray(archive.read_bytes())
    data[200_000] ^= 1
    archive.write_bytes(data)
    (found,) = walk([archive])
    assert isinstance(found, Found)
    file = Hashed(found)
    with file.source.stream() as stream:
        assert stream.read(100_000) == DATA[:100_000]
        with pytest.raises(BrokenFile):
            stream.read()
    with pytest.raises(BrokenFile):
        _ = file.sha256


def test_no_thread_is_left_when_a_reader_gives_up(tmp_path: Path) -> None:
    (found,) = walk(put(tmp_path, {"a.bin": b"0" * (hashed.AHEAD_FROM_BYTES + 1)}))
    assert isinstance(found, Found)
    before = threading.active_count()
    with Hashed(found).source.stream() as stream:
        stream.read(10)
        assert threading.active_count() == before + 1
    assert threading.active_count() == before


def test_a_second_stream_starts_at_the_first_byte_and_changes_nothing(tmp_path: Path) -> None:
    (found,) = walk(put(tmp_path, {"a.bin": DATA}))
    assert isinstance(found, Found)
    file = Hashed(found)
    assert file.source.read() == DATA
    assert file.source.read() == DATA
    assert file.sha256 == DIGEST


@pytest.mark.parametrize("case", cases(), ids=lambda case: f"{case.connector}-{case.folder.name}")
def test_every_connector_reads_its_file_front_to_back_once(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is asked here is only that no file is read again for its digest."""
    monkeypatch.setattr(hashed, "sha256", lambda _: pytest.fail("read again"))
    paths = put(tmp_path, {"a.bin": case.data()})
    lake = Lake(tmp_path / "lake")
    for file in pipeline.read_all(lake, PERSON, paths, Settings()):
        if file.manifest:
            assert file.manifest["sha256"] == hashlib.sha256(paths[0].read_bytes()).hexdigest()


def clarity() -> bytes:
    return next(c for c in cases() if c.folder.name == "eu_mmoll_13_columns_cut_row").data()


def test_the_same_bytes_twice_in_one_run_are_read_once(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    receipt = kept(lake, put(tmp_path / "in", {"a.csv": clarity(), "b.csv": clarity()}))
    assert [file.status for file in receipt.files] == ["read", "known"]
    before = tree(lake.extracted)
    again = kept(lake, [tmp_path / "in"])
    assert [file.status for file in again.files] == ["known", "known"]
    assert tree(lake.extracted) == before


def test_other_bytes_of_the_same_size_are_another_file(tmp_path: Path) -> None:
    lake, other = Lake(tmp_path / "lake"), clarity().replace(b"2", b"3", 1)
    assert other != clarity()
    receipt = kept(lake, put(tmp_path / "in", {"a.csv": clarity(), "b.csv": other}))
    assert [file.status for file in receipt.files] == ["read", "read"]
    assert len(lake.part_folders(PERSON)) == 2


def test_only_a_file_of_a_known_size_is_digested_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = Lake(tmp_path / "lake")
    kept(lake, put(tmp_path / "in", {"a.csv": clarity()}))
    digested: list[int] = []

    def counted(found: Found) -> str:
        digested.append(found.size)
        return hashlib.sha256(found.source.read()).hexdigest()

    monkeypatch.setattr(intake, "sha256", counted)
    kept(lake, put(tmp_path / "in", {"a.csv": clarity(), "b.csv": clarity() + b"\n"}))
    assert digested == [len(clarity())]


def test_another_version_of_a_connector_reads_its_files_again(tmp_path: Path) -> None:
    lake, paths = Lake(tmp_path / "lake"), put(tmp_path / "in", {"a.csv": clarity()})
    kept(lake, paths)
    (folder,) = lake.part_folders(PERSON)
    told = folder / "manifest.json"
    told.write_text(told.read_text().replace('"connector_version": "', '"connector_version": "old'))
    assert [file.status for file in kept(lake, paths).files] == ["read"]
    (part,) = parts_of(lake, PERSON)
    assert "old" not in part.manifest["connector_version"]


def test_ingest_loads_neither_pandas_nor_prefect(tmp_path: Path) -> None:
    """pyarrow would load pandas at its first array; afterwards it can still be had."""
    (path,) = put(tmp_path, {"a.csv": clarity()})
    code = f"""
import sys
from flows.commands.ingest import run_ingest
from pathlib import Path
run_ingest(Path({str(tmp_path / "lake")!r}), [Path({str(path)!r})], "p", {BERLIN!r})
print(sorted({{"prefect", "pandas"}} & set(sys.modules)), file=sys.stderr)
import duckdb, pyarrow as pa
assert len(pa.table({{"a": [1]}}).to_pandas()) == len(duckdb.sql("select 1").df()) == 1
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.splitlines()[-1] == "[]"
