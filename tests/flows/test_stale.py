"""What makes tables derive anew, and what does not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from flows.deriving.align import is_stale
from flows.settings import Settings, load
from tests.lake import PERSON, clarity, kept, put
from warehouse.store.lake import Lake


def priority(lake: Lake) -> None:
    with lake.settings.open("a") as lines:
        lines.write('[priority]\nglucose = ["nightscout", "dexcom_clarity"]\n')


def absent(lake: Lake) -> None:
    with lake.settings.open("a") as lines:
        lines.write('[priority]\nglucose = ["libreview", "dexcom_clarity"]\n')


def version(lake: Lake) -> None:
    """Of the connector that read the file; its bytes are the same."""
    folder = next(f for f in lake.part_folders(PERSON) if "dexcom_clarity" in str(f))
    told = (folder / "manifest.json").read_text()
    told = told.replace('"connector_version": "', '"connector_version": "new')
    (folder / "manifest.json").write_text(told)


def record(lake: Lake) -> None:
    folder = next(f for f in lake.part_folders(PERSON) if "dexcom_clarity" in str(f))
    told = (folder / "manifest.json").read_text()
    excluded = '{"excluded": [{"record": 1, "why": "it"}], '
    (folder / "manifest.json").write_text(told.replace("{", excluded, 1))


@pytest.mark.parametrize(
    "change, is_other",
    [(priority, True), (absent, False), (version, True), (record, True)],
)
def test_tables_are_of_the_priority_the_readers_and_what_was_set_aside(
    change: Callable[[Lake], None], is_other: bool, tmp_path: Path
) -> None:
    """A connector that a priority names and that has no file changes nothing."""
    lake = Lake(tmp_path / "lake")
    reading = [("2025-07-01T10:00:00", 101, 1000, "8AB")]
    entry = '[{"_id": "a", "type": "sgv", "sgv": 100, "dateString": "2025-07-02T10:00:00Z"}]'
    kept(lake, put(tmp_path / "in", {"a.csv": clarity(reading), "b.json": entry}))
    settings: Settings = load(lake.settings)
    assert not is_stale(lake, PERSON, settings)
    change(lake)
    assert is_stale(lake, PERSON, load(lake.settings)) == is_other
