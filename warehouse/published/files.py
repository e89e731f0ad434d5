"""The files of publications as DuckDB reads them: `dawnlake://RELATION/...`, by ranges, as needed.

A file system in the words of fsspec, which DuckDB knows. So the relations are those of a folder,
with all that DuckDB knows of Parquet: it reads the columns of a query alone, of the participants
whom it is about, and the number of rows, without which it chooses joins that take hours.
"""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from fsspec.spec import AbstractFileSystem

from warehouse.published.place import Place
from warehouse.published.publication import object_of

PROTOCOL = "dawnlake"
WHOLE = 256 * 1024  # a file up to this size is fetched at once: asking takes as long
KEPT = 256  # of these, in memory: DuckDB opens a file several times
ALWAYS = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)  # an object never changes


@dataclass(frozen=True)
class Part:
    """A file: its object at a place, and its bytes."""

    place: Place = field(hash=False)
    sha256: str
    size: int


class Published(AbstractFileSystem):  # type: ignore[misc]
    """Files by relation and name, read-only."""

    protocol = PROTOCOL
    cachable = False

    def __init__(self, files: Mapping[str, Mapping[str, Part]]) -> None:
        super().__init__()
        self.files = files
        self.whole = lru_cache(KEPT)(lambda part: _fetched(part, 0, part.size))

    def glob(self, path: str, **_: Any) -> list[str]:
        """All files of the relation that a pattern begins with, the largest first: from the first
        one DuckDB guesses the size of all."""
        relation = self._strip_protocol(path).partition("/")[0]
        parts = self.files.get(relation, {})
        return sorted(parts, key=lambda name: (-parts[name].size, name))

    def info(self, path: str, **_: Any) -> dict[str, Any]:
        name = self._strip_protocol(path)
        return {"name": name, "size": self._part(name).size, "type": "file"}

    def modified(self, _: str) -> dt.datetime:
        return ALWAYS

    def open(self, path: str, mode: str = "rb", **_: Any) -> io.IOBase:
        """Raises: PermissionError for a file to write; FileNotFoundError."""
        if mode != "rb":
            raise PermissionError("what is published is only read")
        part = self._part(self._strip_protocol(path))
        return _Ranges(part) if part.size > WHOLE else io.BytesIO(self.whole(part))

    def _part(self, name: str) -> Part:
        try:
            return self.files[name.partition("/")[0]][name]
        except KeyError:
            raise FileNotFoundError(name) from None


class _Ranges(io.RawIOBase):
    """A file of which only what is asked for is fetched."""

    def __init__(self, part: Part) -> None:
        super().__init__()
        self.part, self.place = part, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self.place = offset + (0, self.place, self.part.size)[whence]
        return self.place

    def tell(self) -> int:
        return self.place

    def read(self, size: int = -1) -> bytes:
        left = max(0, self.part.size - self.place)
        length = left if size < 0 else min(size, left)
        start, self.place = self.place, self.place + length
        return _fetched(self.part, start, length) if length else b""


def _fetched(part: Part, start: int, length: int) -> bytes:
    """A part of a file.

    Raises: FileNotFoundError if its publication is gone; StorageError.
    """
    try:
        return part.place.read_range(object_of(part.sha256), start, length)
    except FileNotFoundError:
        raise FileNotFoundError(
            "this publication was followed by another and is gone: ask again"
        ) from None
