"""Zip archives as they come: what may be read of them, by which name, and what is wrong with them.

Everything that goes wrong is an IngestError: BrokenFile for damage, UnsafeArchive for what must
not be read. The limits below keep a zip bomb from filling the disk or the night.
"""

from __future__ import annotations

import io
import lzma
import shutil
import stat
import struct
import tempfile
import weakref
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO, cast
from zipfile import BadZipFile, ZipFile, ZipInfo, is_zipfile

from connectors.contract import PEEK_BYTES, BrokenFile, UnsafeArchive

MAX_MEMBERS = 200_000  # of one archive and all archives in it
MAX_BYTES = 50_000_000_000  # the same, unpacked
MAX_RATIO = 1000  # unpacked to packed, of members above RATIO_FROM_BYTES
RATIO_FROM_BYTES = 100_000_000
MAX_DEPTH = 3  # a zip in a zip in a zip
SPOOL_BYTES = 64 << 20  # a zip inside a zip above this goes to disk
ZIP_STARTS = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")  # ordinary, empty, split
OFFICE_MEMBER = "[Content_Types].xml"  # of every .xlsx and .docx (ECMA-376 part 2)
NOT_A_ZIP = "not a complete zip: download it again"
# What zipfile raises on damage, beyond its own error: names that are no UTF-8, cut structures.
_DAMAGE = (BadZipFile, UnicodeError, struct.error, zlib.error, lzma.LZMAError, EOFError, OSError)


@dataclass
class Spent:
    """How much the archives around one file hold in all: a bomb may be spread over levels."""

    members: int = 0
    size: int = 0

    def add(self, members: list[ZipInfo]) -> None:
        """Count the members of one more archive.

        Raises: UnsafeArchive above MAX_MEMBERS or MAX_BYTES.
        """
        self.members += len(members)
        self.size += sum(member.file_size for member in members)
        if self.members > MAX_MEMBERS:
            raise UnsafeArchive(f"more than {MAX_MEMBERS} files in one archive: split it")
        if self.size > MAX_BYTES:
            raise UnsafeArchive(f"more than {MAX_BYTES} bytes unpacked: unpack it in parts")


def archive_at(path: Path) -> ZipFile:
    """The zip at `path`, open until nobody refers to it.

    Raises: BrokenFile if it is cut off or damaged.
    """
    with _damage_told(NOT_A_ZIP):
        if not is_zipfile(path):
            raise BrokenFile(NOT_A_ZIP)
        return ZipFile(path)


def archive_in(stream: BinaryIO) -> ZipFile:
    """The zip in `stream`, on a copy that goes away with it.

    Raises: BrokenFile if it is cut off or damaged.
    """
    spool = tempfile.SpooledTemporaryFile(SPOOL_BYTES)  # noqa: SIM115  # closed with the archive
    with _damage_told(NOT_A_ZIP):
        shutil.copyfileobj(stream, spool, 1 << 20)
        archive = ZipFile(cast(BinaryIO, spool))
    weakref.finalize(archive, spool.close)
    return archive


def is_office(archive: ZipFile) -> bool:
    """Whether the zip is a spreadsheet or document: one file to everyone but a computer."""
    return OFFICE_MEMBER in archive.NameToInfo


def members_of(archive: ZipFile, first: bytes, depth: int, spent: Spent) -> list[ZipInfo]:
    """The files of an archive by name. `depth` counts the zips around it, `first` its first bytes.

    Raises: BrokenFile if its first bytes belong to no member: the outer zip was cut, and what is
    left ends with a zip that was stored in it. UnsafeArchive above a limit.
    """
    members = archive.infolist()
    is_cut = min((member.header_offset for member in members), default=1) > 0
    if is_cut and first.startswith(b"PK\x03\x04"):
        raise BrokenFile(NOT_A_ZIP)
    if depth >= MAX_DEPTH:
        raise UnsafeArchive(f"zips more than {MAX_DEPTH} deep: unpack the outer ones")
    spent.add(members)
    files = [member for member in members if not member.filename.endswith(("/", "\\"))]
    return sorted(files, key=member_name)


def member_name(member: ZipInfo) -> str:
    """The name with forward slashes, in UTF-8 also where the archive forgot to say so."""
    name = member.filename
    if not member.flag_bits & 0x800:  # APPNOTE 4.4.4, bit 11: the name is UTF-8
        with suppress(UnicodeError):
            name = name.encode("cp437").decode("utf-8")
    return name.replace("\\", "/")


def refuse(member: ZipInfo) -> None:
    """Nothing for a member that may be read.

    Raises: UnsafeArchive for a path outside, a link, a password, a bomb.
    """
    parts = member_name(member).split("/")
    mode = member.external_attr >> 16  # the Unix file mode, if the archive was made there
    if ".." in parts or parts[0] == "" or parts[0].endswith(":"):
        raise UnsafeArchive("its name points outside the archive: have the archive made again")
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        raise UnsafeArchive("a link or a device in an archive: put the file itself in")
    if member.flag_bits & 0x1:  # APPNOTE 4.4.4, bit 0: encrypted
        raise UnsafeArchive("protected by a password: unpack it and give the folder")
    packed = max(member.compress_size, 1)
    if member.file_size > RATIO_FROM_BYTES and member.file_size > MAX_RATIO * packed:
        raise UnsafeArchive(
            f"unpacks to more than {MAX_RATIO} times its size: unpack it and give the folder"
        )


def opened(archive: ZipFile, member: ZipInfo) -> BinaryIO:
    """The member from its first byte. It never unpacks to more than the directory says.

    Raises: BrokenFile, also later while reading, if it is damaged.
    """
    with _damage_told():
        return io.BufferedReader(_Member(archive.open(member)), PEEK_BYTES)


@contextmanager
def _damage_told(
    message: str = "damaged inside its archive: download the archive again",
) -> Iterator[None]:
    """What goes wrong inside a zip, as the error that a person can do something about."""
    try:
        yield
    except NotImplementedError:
        raise BrokenFile(
            "packed by a method that cannot be read here: unpack it and give the folder"
        ) from None
    except _DAMAGE:
        raise BrokenFile(message) from None


class _Member(io.RawIOBase):
    """A member whose damage shows as BrokenFile to whoever reads on."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return self._stream.seekable()

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # as io calls it
        with _damage_told():
            data = self._stream.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def readall(self) -> bytes:
        with _damage_told():
            return self._stream.read()

    def seek(self, offset: int, whence: int = 0) -> int:
        with _damage_told():
            return self._stream.seek(offset, whence)

    def tell(self) -> int:
        return self._stream.tell()

    def close(self) -> None:
        self._stream.close()
        super().close()
