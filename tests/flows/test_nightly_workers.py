"""Nights with several worker processes: the same bytes, and as discreet."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from flows.deriving.pipeline import Receipt
from flows.errors import UsageError
from flows.nightly.flow import run_nightly
from tests.flows.test_workers import differing, write_people
from tests.lake import put, with_records
from warehouse.store.lake import Lake

pytestmark = [pytest.mark.prefect, pytest.mark.long]

MARKER = "Zebulonia"  # stands in names of files, and nowhere else


def lake_with_inbox(folder: Path, people: Path) -> Lake:
    """When a file was written tells its age: a copy has the same."""
    lake = with_records(Lake(folder).create())
    shutil.copytree(people, lake.inbox, dirs_exist_ok=True)
    zones = "".join(f'participants.{who}.timezone = "Europe/Berlin"\n' for who in ("ada", "ben"))
    lake.settings.write_text(zones)
    return lake


def told(receipts: list[Receipt]) -> list[object]:
    return [
        (each.participant, Counter(f.status for f in each.files), each.nights_added, each.problems)
        for each in receipts
    ]


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory) -> dict[int, tuple[Lake, list[Receipt]]]:
    people, found = write_people(tmp_path_factory.mktemp("people")), {}
    put(people / "ben", {f"{MARKER}.csv": b"a,b\n1,2\n"})
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("PREFECT_API_URL", raising=False)
        for workers in (1, 2):
            lake = lake_with_inbox(tmp_path_factory.mktemp("night") / "lake", people)
            found[workers] = lake, run_nightly(lake.root, workers=workers)
    return found


def test_a_night_with_two_workers_has_the_same_bytes(
    nights: dict[int, tuple[Lake, list[Receipt]]],
) -> None:
    (one, alone), (two, beside) = nights[1], nights[2]
    assert told(alone) == told(beside)
    assert differing(one.root, two.root) == []
    assert two.leftovers() == []


def test_participants_are_tasks_and_prefect_keeps_no_name(
    nights: dict[int, tuple[Lake, list[Receipt]]],
) -> None:
    lake, receipts = nights[2]
    with closing(sqlite3.connect(lake.root / "prefect" / "prefect.db")) as connection:
        runs = connection.execute("select name, state_type from task_run").fetchall()
    assert {state for _, state in runs} == {"COMPLETED"}
    names = Counter(name.split(" ")[0] for name, _ in runs)
    assert names == {"participant": 6, "marts": 1, "views": 1}
    assert MARKER in str(receipts)
    for path in (lake.root / "prefect").rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert MARKER.encode() not in data and b"glucose.csv" not in data, path.name


def test_a_cluster_without_a_server_for_all_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    with pytest.raises(UsageError, match="PREFECT_API_URL"):
        run_nightly(tmp_path / "lake", cluster="tcp://127.0.0.1:8786")
    assert not os.path.exists(tmp_path / "lake")  # noqa: PTH110
