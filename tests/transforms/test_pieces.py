"""However samples are divided to be aligned, they come to the same rows."""

from __future__ import annotations

import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from flows.settings import load
from tests.flows.test_invariants import reference
from tests.lake import align_participant, demo_lake
from transforms import pieces
from warehouse.store.lake import Lake

pytestmark = [pytest.mark.whole, pytest.mark.long]


def copied(lake: Lake, folder: Path) -> Lake:
    shutil.copytree(lake.root, folder)
    return Lake(folder)


@pytest.mark.parametrize(
    ("which", "large", "small"), [("demo", 300, 5000), ("demo", 5000, 20), ("corpus", 40, 30)]
)
def test_any_division_comes_to_the_same_rows(
    which: str, large: int, small: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = demo_lake() if which == "demo" else reference()[0]
    divided = copied(whole, tmp_path / "lake")
    monkeypatch.setattr(pieces, "LARGE_ROWS", large)
    monkeypatch.setattr(pieces, "PIECE_ROWS", small)
    for participant in whole.participants():
        outcome = align_participant(divided, participant, load(divided.settings), force=True)
        assert outcome.changed
        for table in ("sample", "stream", "clock_finding"):
            before, after = (
                pq.read_table(lake.table_part(table, participant), partitioning=None)
                for lake in (whole, divided)
            )
            assert after.equals(before), table
        groups = [
            pq.ParquetFile(lake.table_part("sample", participant)).num_row_groups
            for lake in (whole, divided)
        ]
        assert groups[1] > groups[0]  # that it was divided at all
