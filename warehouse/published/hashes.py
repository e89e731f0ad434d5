"""What is known of files by heart: a lake exchanges files and never writes into one, so that one
with the same number on its disk, size and time has the same bytes. No names are kept."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from warehouse.store.lake import Lake, written

KEYS = ("inode", "size", "mtime_ns")
SCHEMA = pa.schema([*((key, pa.uint64()) for key in KEYS), ("sha256", pa.string())])


class Hashes:
    """SHA-256 of files of a lake, each computed once."""

    def __init__(self, lake: Lake) -> None:
        self.path = lake.root / "published.parquet"
        self.known = self._read()
        self.seen: dict[tuple[int, int, int], str] = {}

    def of(self, file: Path) -> tuple[str, int]:
        """The hash of a file, and its bytes.

        Raises: OSError.
        """
        told = file.stat()
        key = told.st_ino, told.st_size, told.st_mtime_ns
        found = self.known.get(key)
        if found is None:
            with file.open("rb") as stream:
                found = hashlib.file_digest(stream, "sha256").hexdigest()
        self.seen[key] = found
        return found, told.st_size

    def keep(self) -> None:
        """Remember those that were asked for, and no others."""
        if self.seen == self.known:
            return
        columns = [*zip(*self.seen, strict=True)] or [(), (), ()]
        rows = pa.table([*map(list, columns), list(self.seen.values())], schema=SCHEMA)
        with written(self.path) as partial:
            pq.write_table(rows, partial, compression="zstd")

    def _read(self) -> dict[tuple[int, int, int], str]:
        """Nothing, where none are kept or they are damaged: all are computed again."""
        try:
            rows = pq.ParquetFile(self.path).read().cast(SCHEMA)
        except (OSError, pa.ArrowException):
            return {}
        keys = zip(*(rows[key].to_pylist() for key in KEYS), strict=True)
        return dict(zip(keys, rows["sha256"].to_pylist(), strict=True))
