"""Real and fixture exports of other people's making, where they are at hand: none is rejected.

The folder is named by DAWNLAKE_SAMPLES; without it the test is skipped.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from flows.pipeline import ingest
from warehouse.store import Lake

SAMPLES = Path(os.environ.get("DAWNLAKE_SAMPLES", Path(__file__).parents[2] / "shared" / "samples"))
FOLDERS = ("clarity", "libreview", "apple", "nightscout", "health_connect", "garmin/gdpr")


@pytest.mark.parametrize("folder", FOLDERS)
def test_samples_are_read_without_a_reject(folder: str, tmp_path: Path) -> None:
    if not (SAMPLES / folder).is_dir():
        pytest.skip("no samples at hand")
    receipt = ingest(Lake(tmp_path), [SAMPLES / folder], "p", "Europe/Berlin")
    assert receipt.files
    for file in receipt.files:
        assert file.error is None
        assert file.manifest is not None
        assert file.manifest["rejected_count"] == 0
        counts = file.new + file.already_known + file.corrected
        assert counts == file.manifest["carried_count"]
