"""What is written is on the disk before it takes its place, and its folder after."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from warehouse.store import lake as store
from warehouse.store.lake import written, written_folder

Log = list[tuple[str, str]]


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Log:
    """Every flush and renaming, in order, by the name of what it is done to."""
    found: Log = []
    real_fsync, real_replace = os.fsync, Path.replace

    def fsync(handle: int) -> None:
        found.append(("flush", Path(f"/proc/self/fd/{handle}").readlink().name))
        real_fsync(handle)

    def replace(path: Path, target: Path) -> Path:
        found.append(("rename", Path(target).name))
        return real_replace(path, target)

    monkeypatch.setattr(store.os, "fsync", fsync)
    monkeypatch.setattr(Path, "replace", replace)
    return found


def test_a_file_is_flushed_then_renamed_then_its_folder_is_flushed(
    tmp_path: Path, log: Log
) -> None:
    with written(tmp_path / "a.json") as partial:
        partial.write_text("{}")
        name = partial.name
    assert log == [("flush", name), ("rename", "a.json"), ("flush", tmp_path.name)]


def test_a_folder_is_flushed_with_all_that_is_in_it(tmp_path: Path, log: Log) -> None:
    place = tmp_path / "file=1"
    for _ in range(2):  # the second one sends the first aside
        log.clear()
        with written_folder(tmp_path, lambda: place) as partial:
            for name in ("sample.parquet", "manifest.json"):
                (partial / name).write_text(name)
        renamed = log.index(("rename", "file=1"))
        before = {name for what, name in log[:renamed] if what == "flush"}
        assert before == {"sample.parquet", "manifest.json", partial.name}
        assert log[renamed + 1] == ("flush", tmp_path.name)
    assert ("rename", ".aside-file=1") in log


def test_a_new_folder_is_known_to_the_one_around_it(tmp_path: Path, log: Log) -> None:
    store.private_folder(tmp_path / "one" / "two")
    assert log == [("flush", tmp_path.name), ("flush", "one")]
