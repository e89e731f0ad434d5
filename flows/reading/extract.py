"""One file, read by its connector into one folder of Parquet parts, every record accounted for."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from connectors.contract import STORED, Batch, Connector
from flows.reading.hashed import FILE_DIGITS, Hashed
from flows.reading.manifest import KEPT, MANIFEST, Known, Manifest, Part, first_read
from flows.reading.walk import Found
from transforms.account import Account, account
from transforms.copies.age import signs_of
from transforms.copies.people import disguised
from warehouse.store.lake import Lake, write_json, written_folder
from warehouse.store.rows import parquet_writer

MOST_PENDING = 2  # batches that may wait to be written


class PartWriter:
    """Writes batches of each shape to one Parquet file in a folder, beside the reading.

    Of the columns of a shape those in `schemas`: whose a record is tells its folder.
    """

    def __init__(self, folder: Path, schemas: Mapping[str, pa.Schema] = STORED) -> None:
        self._folder = folder
        self._schemas = schemas
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
        schema = self._schemas[item.shape]
        if item.shape not in self._open:
            path = self._folder / f"{item.shape}.parquet"
            self._open[item.shape] = parquet_writer(path, schema)
        self._open[item.shape].write(item.data.select(schema.names))

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
    known: Known,
) -> Part:
    """Read a file into the lake, into a folder of its digest.

    Raises: IngestError; nothing is left in the lake then.
    """
    connector, variant = claim
    hashed = Hashed(found)
    beside = lake.connector_folder(participant, connector.name)
    place: list[Path] = []

    def named() -> Path:
        place.append(lake.part_folder(participant, connector.name, hashed.file))
        return place[0]

    with written_folder(beside, named) as folder:
        writer = PartWriter(folder)
        try:
            book = account(connector.extract(hashed.source, variant), reject_max_pct, writer.write)
        finally:
            writer.close()
        before = lake.part_folder(participant, connector.name, hashed.file)
        manifest = manifest_of(found, hashed.sha256, claim, book, known, first_read(before))
        write_json(manifest, folder / MANIFEST)
    return Part(place[0], manifest)


def manifest_of(
    found: Found,
    sha256: str,
    claim: tuple[Connector, str],
    book: Account,
    known: Known,
    read_on: str,
) -> Manifest:
    """What is known of a file, with the name it came under, and of what became of its records.

    Of a file that was read before, what was noted of it since is kept.
    """
    connector, variant = claim
    file = sha256[:FILE_DIGITS]
    before = known.part((connector.name, file))
    kept = {n: before.manifest[n] for n in KEPT if n in before.manifest} if before else {}
    told = signs_of(found.signs, book.exported_at, book.first, book.last)
    if "age" not in kept:
        kept["age"] = {**told, "given": known.number()}
    names = sorted({disguised(name, known.participant) for name in book.names})
    return {
        "file": file,
        "sha256": sha256,
        "byte_count": found.size,
        "connector": connector.name,
        "variant": variant,
        "connector_version": connector.version,
        "read_on": read_on,
        **book.manifest(),
        "name": found.source.name,
        **kept,
        **({"names": names} if names else {}),
    }
