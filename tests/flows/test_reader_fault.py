"""A fault of ours in one reader costs one file, says where it is, and tells no value."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from connectors.contract import Item, Source
from connectors.dexcom import clarity as dexcom_clarity
from flows.deriving import pipeline
from flows.reading import identify
from tests.golden_case import cases
from warehouse.store.lake import Lake


def broken(source: Source, variant: str) -> Iterator[Item]:
    raise ValueError("a secret value")
    yield


@pytest.mark.whole
def test_a_fault_in_one_reader_costs_one_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    faulty = replace(dexcom_clarity.CONNECTOR, extract=broken)
    others = {n: c for n, c in identify.connectors().items() if n != faulty.name}
    monkeypatch.setattr(identify, "connectors", lambda: {**others, faulty.name: faulty})
    exports = tmp_path / "exports"
    exports.mkdir()
    for name in ("dexcom_clarity", "nightscout"):
        case = next(
            c
            for c in cases()
            if c.connector == name
            and c.expected.exists()
            and "reject" not in c.expected.read_text()
        )
        (exports / f"{name}.txt").write_bytes(case.data())
    receipt = pipeline.ingest(Lake(tmp_path / "lake"), [exports], "p", "Europe/Berlin")
    faults = [file.error for file in receipt.files if file.error]
    assert len(faults) == 1
    assert "dexcom_clarity" in str(faults[0])
    assert "secret" not in str(faults[0])
    assert [file.status for file in receipt.files].count("read") == 1
    assert not receipt.is_clean
