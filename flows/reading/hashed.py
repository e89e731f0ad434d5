"""The sha256 of a file, taken from the bytes that its connector reads: none is read twice."""

from __future__ import annotations

import hashlib
import io
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from functools import cached_property
from typing import BinaryIO

from connectors.contract import PEEK_BYTES
from flows.reading.walk import Found, sha256

FILE_DIGITS = 16
CHUNK_BYTES = 1 << 20
MOST_AHEAD = 2  # chunks
AHEAD_FROM_BYTES = 4 << 20  # a thread is not worth it for less


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
        self._stream = _Stream(stream, is_ahead=self._found.size > AHEAD_FROM_BYTES)
        return io.BufferedReader(self._stream, PEEK_BYTES)


class _Stream(io.RawIOBase):
    """A stream that digests what is read of it; a long one beside whoever reads it, and ahead.

    `is_whole` once the digest is that of all its bytes.
    """

    def __init__(self, stream: BinaryIO, is_ahead: bool) -> None:
        self._stream = stream
        self._beside = ThreadPoolExecutor(1) if is_ahead else None
        self._pending: deque[Future[bytes]] = deque()
        self._chunk = memoryview(b"")
        self._at = 0
        self._is_spoilt = False
        self.digest = hashlib.sha256()
        self.is_whole = False

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return self._stream.seekable()

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # as io calls it
        if not self._chunk:
            self._chunk = memoryview(self._next())
        size = min(len(buffer), len(self._chunk))
        buffer[:size] = self._chunk[:size]
        self._chunk = self._chunk[size:]
        self._at += size
        return size

    def readall(self) -> bytes:
        data = b"".join([self._chunk, *iter(self._next, b"")])
        self._chunk = memoryview(b"")
        self._at += len(data)
        return data

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """From here on nothing is read ahead, and the digest is of no use."""
        self._end_ahead()
        self._is_spoilt, self.is_whole = True, False
        self._chunk = memoryview(b"")
        if whence == io.SEEK_CUR:
            offset, whence = self._at + offset, io.SEEK_SET
        self._at = self._stream.seek(offset, whence)
        return self._at

    def close(self) -> None:
        self._end_ahead()
        self._stream.close()
        super().close()

    def _next(self) -> bytes:
        if self._beside is None:
            return self._digested()
        while len(self._pending) <= MOST_AHEAD:
            self._pending.append(self._beside.submit(self._digested))
        return self._pending.popleft().result()

    def _digested(self) -> bytes:
        try:
            data = self._stream.read(CHUNK_BYTES)
        except BaseException:
            self._is_spoilt = True  # the end may come next, and would not be that of all bytes
            raise
        self.digest.update(data)
        self.is_whole = not (data or self._is_spoilt)
        return data

    def _end_ahead(self) -> None:
        if self._beside is not None:
            self._beside.shutdown(cancel_futures=True)
            self._beside = None
            self._pending.clear()
