"""The sha256 of a file, taken from the bytes that its connector reads: none is read twice."""

from __future__ import annotations

import hashlib
import io
from dataclasses import replace
from functools import cached_property
from typing import BinaryIO

from connectors.contract import PEEK_BYTES
from flows.walk import Found, sha256

FILE_DIGITS = 16


class Hashed:
    """A file with a `source` for its connector, and its digest once that has read it."""

    def __init__(self, found: Found) -> None:
        self._found = found
        self._stream: _Stream | None = None
        self.source = replace(found.source, open=self._open)

    @cached_property
    def sha256(self) -> str:
        """The hex digest of the whole file, read again only if it was not read front to back.

        Raises: BrokenFile if a zip member turns out to be damaged.
        """
        if self._stream is None or not self._stream.is_whole:
            return sha256(self._found)
        return self._stream.digest.hexdigest()

    @property
    def file(self) -> str:
        """Its id in the lake.

        Raises: BrokenFile, as `sha256` does.
        """
        return self.sha256[:FILE_DIGITS]

    def _open(self, member: str) -> BinaryIO:
        """The member; its bytes are taken into the digest the first time it is opened."""
        stream = self._found.source.open(member)
        if self._stream is not None:
            return stream
        self._stream = _Stream(stream)
        return io.BufferedReader(self._stream, PEEK_BYTES)


class _Stream(io.RawIOBase):
    """A stream that digests what is read of it. `is_whole` once that is all, in order."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._has_jumped = False
        self.digest = hashlib.sha256()
        self.is_whole = False

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return self._stream.seekable()

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # as io calls it
        size: int = self._stream.readinto(buffer)  # type: ignore[attr-defined]
        self._take(buffer[:size], size == 0)
        return size

    def readall(self) -> bytes:
        data = self._stream.read()
        self._take(data, True)
        return data

    def seek(self, offset: int, whence: int = 0) -> int:
        self._has_jumped = True
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        return self._stream.tell()

    def close(self) -> None:
        self._stream.close()
        super().close()

    def _take(self, data: bytes | memoryview, is_end: bool) -> None:
        self.digest.update(data)
        self.is_whole = not self._has_jumped and (is_end or self.is_whole)
