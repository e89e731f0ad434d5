"""One file, read by its connector into one folder of Parquet parts, every record accounted for."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter, deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from connectors.contract import (
    SHAPES,
    Batch,
    Connector,
    Drift,
    Fact,
    Item,
    Skip,
    TooManyRejects,
    Total,
)
from flows.reading.hashed import Hashed
from flows.reading.walk import Found
from transforms.clocks.timeline import Micros
from transforms.glucose.units_told import UnitsTold
from warehouse.store.lake import Lake, parquet_writer, write_json, written_folder

MANIFEST = "manifest.json"
MOST_PENDING = 2  # batches that may wait to be written
FEW_REJECTS = 3  # a short file with a cut last row is above no budget
Manifest = dict[str, Any]


class ConservationError(Exception):
    """A connector lost count of records: a fault of ours, never of the file."""


@dataclass
class Account:
    """What became of the records of one file."""

    total: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    rejected: Counter[str] = field(default_factory=Counter)
    facts: dict[str, list[str]] = field(default_factory=dict)
    drift: set[str] = field(default_factory=set)
    clocks: set[str] = field(default_factory=set)  # offset, utc, wall clock: how times are told
    first: dt.datetime | None = None
    last: dt.datetime | None = None
    _units: UnitsTold = field(default_factory=UnitsTold)
    _carried: list[Micros] = field(default_factory=list)
    _rejected: list[Micros] = field(default_factory=list)

    def note(self, item: Item) -> None:
        """Take one item of a connector into the account."""
        match item:
            case Batch(shape, rows):
                numbers = np.asarray(rows["record"]).astype(np.int64)
                (self._rejected if shape == "reject" else self._carried).append(numbers)
                if shape == "reject":
                    self.rejected.update(rows["code"].to_pylist())
                elif shape != "daily":
                    self._stretch(rows)
                if shape == "sample":
                    self._units.note(rows)
            case Skip(reason, count):
                self.skipped[reason] += count
            case Total(records):
                self.total += records
            case Drift(what):
                self.drift.add(what)
            case Fact(name, value):
                known = self.facts.setdefault(name, [])
                if value not in known:
                    known.append(value)

    def _stretch(self, rows: pa.Table) -> None:
        told = {"offset": "start_offset_min", "utc": "start_utc", "wall clock": "start_wall"}
        known = [name for name, column in told.items() if rows[column].null_count < rows.num_rows]
        self.clocks.update(known[:1])
        for name in ("start_utc", "start_wall", "end_utc", "end_wall"):
            ends = pc.min_max(rows[name].cast(pa.timestamp("us")))
            if ends["min"].is_valid:
                low, high = ends["min"].as_py(), ends["max"].as_py()
                self.first = low if self.first is None else min(self.first, low)
                self.last = high if self.last is None else max(self.last, high)

    def counts(self) -> tuple[int, int, int]:
        """Records carried, skipped, rejected; a record with a reject counts as rejected.

        Raises: ConservationError if they do not add up to the total.
        """
        rejected, carried = _distinct(self._rejected), _distinct(self._carried)
        if len(rejected):
            carried = np.setdiff1d(carried, rejected, assume_unique=True)
        counts = len(carried), self.skipped.total(), len(rejected)
        if sum(counts) != self.total:
            raise ConservationError(
                f"{self.total} records, but {counts} carried, skipped, rejected"
            )
        return counts

    def manifest(self) -> Manifest:
        """The columns of source_file that come from reading."""
        carried, skipped, rejected = self.counts()
        return {
            "record_count": self.total,
            "carried_count": carried,
            "skipped_count": skipped,
            "rejected_count": rejected,
            "skipped": dict(sorted(self.skipped.items())),
            "rejected": dict(sorted(self.rejected.items())),
            "facts": {name: ", ".join(values) for name, values in sorted(self.facts.items())},
            "drift": sorted({*self.drift, *self._units.doubts()}),
            "first_time": self.first.isoformat() if self.first else None,
            "last_time": self.last.isoformat() if self.last else None,
            "exported_at": max(self.facts.get("exported_at", []), default=None),
        }


def _distinct(numbers: list[Micros]) -> Micros:
    """Sorted and without repeats; numbers come in long ascending runs, which a merge sort likes."""
    if not any(len(run) for run in numbers):
        return np.zeros(0, np.int64)
    ordered = np.sort(np.concatenate(numbers), kind="stable")
    distinct: Micros = ordered[np.append(True, ordered[1:] != ordered[:-1])]
    return distinct


def account(
    items: Iterator[Item], reject_max_pct: float, keep: PartWriter | None = None
) -> Account:
    """The account of a whole file; its rows go to `keep` as they come.

    Raises: IngestError from the connector; TooManyRejects; ConservationError.
    """
    book = Account()
    for item in items:
        book.note(item)
        if keep is not None and isinstance(item, Batch):
            keep.write(item)
    _, _, rejected = book.counts()
    if rejected > FEW_REJECTS and rejected > book.total * reject_max_pct / 100:
        codes = ", ".join(f"{code} {n}" for code, n in sorted(book.rejected.items()))
        raise TooManyRejects(
            f"{rejected} of {book.total} records were not understood ({codes}); "
            "nothing was taken. If that is right, raise reject_max_pct in dawnlake.toml"
        )
    return book


class PartWriter:
    """Writes batches of each shape to one Parquet file in a folder, beside the reading."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open: dict[str, pq.ParquetWriter] = {}
        self._beside = ThreadPoolExecutor(1)
        self._pending: deque[Future[None]] = deque()

    def write(self, item: Batch) -> None:
        """Queue a batch; few may wait, so that memory stays bounded.

        Raises: OSError of an earlier batch that could not be written.
        """
        if item.data.num_rows == 0:
            return
        self._pending.append(self._beside.submit(self._write, item))
        if len(self._pending) > MOST_PENDING:
            self._pending.popleft().result()

    def _write(self, item: Batch) -> None:
        if item.shape not in self._open:
            path = self._folder / f"{item.shape}.parquet"
            self._open[item.shape] = parquet_writer(path, SHAPES[item.shape])
        self._open[item.shape].write(item.data)

    def close(self) -> None:
        """Wait for what is queued and finish the files.

        Raises: OSError if something could not be written.
        """
        self._beside.shutdown()
        for writer in self._open.values():
            writer.close()
        while self._pending:
            self._pending.popleft().result()


def extracted(
    lake: Lake,
    participant: str,
    found: Found,
    reject_max_pct: float,
    claim: tuple[Connector, str],
) -> Manifest:
    """Read a file into the lake, into the folder of its digest, and return its manifest.

    Raises: IngestError; nothing is left in the lake then.
    """
    connector, variant = claim
    hashed = Hashed(found)
    beside = lake.connector_folder(participant, connector.name)
    with written_folder(
        beside, lambda: lake.part_folder(participant, connector.name, hashed.file)
    ) as folder:
        writer = PartWriter(folder)
        try:
            book = account(connector.extract(hashed.source, variant), reject_max_pct, writer)
        finally:
            writer.close()
        manifest = {
            "file": hashed.file,
            "sha256": hashed.sha256,
            "byte_count": found.size,
            "connector": connector.name,
            "variant": variant,
            "connector_version": connector.version,
            "read_on": _read_on(lake.part_folder(participant, connector.name, hashed.file)),
            **book.manifest(),
        }
        write_json({**manifest, "name": found.source.name}, folder / MANIFEST)
    return manifest


def _read_on(folder: Path) -> str:
    """The date on which a file was first read: nothing in it can be of a later one."""
    try:
        before = read_manifest(folder).get("read_on")
    except (OSError, ValueError):
        before = None
    return str(before or dt.datetime.now(dt.UTC).date().isoformat())


def read_manifest(folder: Path) -> Manifest:
    """The manifest of an extracted file, with the name it came under."""
    manifest: Manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
    return manifest
