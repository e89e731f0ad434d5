"""Small files of one format, read as one into one folder; each keeps its manifest.

What a file comes to does not depend on the company it was read in: where that is not sure (a
connector tells something of the whole that may be of one of them, counts otherwise, or fails), they
are read one by one.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from connectors import connectors
from connectors.contract import STORED, Connector, IngestError, Shape
from connectors.reading.lists import Joined, Listed
from flows.reading.extract import manifest_of
from flows.reading.hashed import FILE_DIGITS
from flows.reading.manifest import (
    FILES,
    MANIFEST,
    Key,
    Known,
    Manifest,
    Part,
    first_read,
    is_batch,
    parts_in,
)
from flows.reading.walk import Found
from transforms.account import Account, refuse_rejects
from transforms.divided import Divided, only_of
from warehouse.store.lake import Lake, digest, remove_folder, written_folder
from warehouse.store.rows import parquet_writer

FEWEST = 8  # files that are worth it
MOST = 2_000
MOST_BYTES = 16_000_000


@dataclass(frozen=True)
class Small:
    """A small file that is a list, and its digest."""

    found: Found
    listed: Listed
    sha256: str

    @property
    def file(self) -> str:
        """Its id in the lake."""
        return self.sha256[:FILE_DIGITS]


def extracted_together(
    lake: Lake,
    participant: str,
    files: Sequence[Small],
    reject_max_pct: float,
    claim: tuple[Connector, str],
    known: Known,
) -> list[Part | IngestError] | None:
    """Read files into the lake, into one folder: a part of each, or why it was set aside.

    None if they have to be read one by one; nothing is in the lake then.
    """
    connector, variant = claim
    joined = Joined([each.listed for each in files])
    try:
        items = connector.extract(joined.source(), variant)
        told = Divided(items, [each.records for each in joined.lists], joined.whose)
        books = told.books()
        refused = [_refusal(book, reject_max_pct) for book in books]
    except (OSError, MemoryError):
        raise  # the machine's trouble, not these files'
    except Exception:
        return None  # one by one it shows whose fault it is
    ids = [None if error else each.file for each, error in zip(files, refused, strict=True)]
    taken = [file for file in ids if file]
    folder = lake.batch_folder(participant, connector.name, digest(sorted(taken))[:FILE_DIGITS])
    read_on = first_read(folder)
    found = [
        error or Part(folder, manifest_of(each.found, each.sha256, claim, book, known, read_on))
        for each, error, book in zip(files, refused, books, strict=True)
    ]
    if taken:
        with written_folder(folder.parent, lambda: folder) as partial:
            for shape, rows in told.tables(ids):
                _write(rows, shape, partial)
            _write_manifests((p.manifest for p in found if isinstance(p, Part)), partial)
    return found


def _refusal(book: Account, reject_max_pct: float) -> IngestError | None:
    """Why a file is set aside, if it is. Raises: ConservationError."""
    try:
        refuse_rejects(book, reject_max_pct)
    except IngestError as error:
        return error
    return None


def _write(rows: pa.Table, shape: Shape, folder: Path) -> None:
    if rows.num_rows:
        schema = STORED[shape].append(pa.field("file", pa.string()))
        with parquet_writer(folder / f"{shape}.parquet", schema) as writer:
            writer.write_table(rows.select(schema.names))


def _write_manifests(manifests: Iterable[Manifest], folder: Path) -> None:
    text = json.dumps({FILES: list(manifests)}, ensure_ascii=False, sort_keys=True)
    (folder / MANIFEST).write_text(text, "utf-8")


def untangle(lake: Lake, participant: str) -> None:
    """Of a file that a killed run has left in two folders, keep what is to stay. Only for the
    writer."""
    by_key: dict[Key, list[Part]] = {}
    for folder in lake.part_folders(participant):
        for part in parts_in(folder):
            by_key.setdefault(part.key, []).append(part)
    twice = [parts for parts in by_key.values() if len(parts) > 1]
    take_out(part for parts in twice for part in sorted(parts, key=_worth)[:-1])


def _worth(part: Part) -> tuple[bool, str]:
    """Sorts copies of a file, the one that this version of its connector has read last."""
    connector = connectors().get(part.manifest["connector"])
    is_current = connector is not None and connector.version == part.manifest["connector_version"]
    return is_current, part.folder.name


def take_out(parts: Iterable[Part]) -> None:
    """Remove files from a lake, of whatever folders they are in. Only for the writer.

    A folder of which something is left takes the place of the old one: nobody sees less than that.
    """
    gone: dict[Path, set[str]] = {}
    for part in parts:
        gone.setdefault(part.folder, set()).add(part.file)
    for folder, files in gone.items():
        left = [part for part in parts_in(folder) if part.file not in files]
        if left and is_batch(folder):
            _keep(folder, left)
        else:
            remove_folder(folder)


def _keep(folder: Path, left: Sequence[Part]) -> None:
    """A batch anew with only some of its files."""
    files = [part.file for part in left]
    with written_folder(folder.parent, lambda: folder) as partial:
        for path in folder.glob("*.parquet"):
            rows = pq.ParquetFile(path).read()
            _write(only_of(rows, files), path.stem, partial)  # type: ignore[arg-type]  # a shape's own file
        _write_manifests((part.manifest for part in left), partial)
