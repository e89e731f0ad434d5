"""Zip archives as they come: what may be read of them, by which name, and what is wrong with them.

Everything that goes wrong is an IngestError: BrokenFile for damage, UnsafeArchive for what must
not be read. Members are streams and their names are never made paths, so a name cannot write
anywhere; what a bomb could fill is memory, the temporary disk and the night. The limits of the
settings stand against that. Names that point outside are refused all the same: no export has them.
"""

from __future__ import annotations

import datetime as dt
import io
import lzma
import shutil
import stat
import struct
import sys
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
from flows.settings import Limits

RATIO_FROM_BYTES = 100_000_000  # below this nobody is harmed, however well it was packed
SPOOL_BYTES = 64 << 20  # a zip inside a zip above this goes to disk
ZIP_STARTS = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")  # ordinary, empty, split
OFFICE_MEMBER = "[Content_Types].xml"  # of every .xlsx and .docx (ECMA-376 part 2)
NOT_A_ZIP = "not a complete zip: download it again"
# What zipfile raises on damage, beyond its own error: names that are no UTF-8, cut structures; an
# IndexError where the old encryption's header is cut.
_DAMAGE = (
    *(BadZipFile, UnicodeError, struct.error, zlib.error),
    *(lzma.LZMAError, EOFError, OSError, IndexError),
)
LOCKED = (
    "protected by a password: ingest it at a terminal, or give ingest, nightly, serve or rebuild "
    "--password-file FILE with its password in a line"
)


@dataclass
class Spent:
    """How much the archives around one file hold in all: a bomb may be spread over levels."""

    limits: Limits
    members: int = 0
    size: int = 0

    def add(self, archive: ZipFile, depth: int) -> None:
        """Count one more archive, in `depth` others.

        Raises: UnsafeArchive above a limit.
        """
        most, members = self.limits, archive.infolist()
        size = sum(member.file_size for member in members)
        self.members += len(members)
        self.size += size
        if depth >= most.archive_depth_max:
            raise _beyond(f"zips more than {most.archive_depth_max} deep", "archive_depth_max")
        if self.members > most.archive_files_max:
            raise _beyond(f"more than {most.archive_files_max} files in it", "archive_files_max")
        if self.size > most.archive_gb_max * 1e9:
            raise _beyond(f"more than {most.archive_gb_max:g} GB unpacked", "archive_gb_max")
        # members may share their packed bytes, so each alone does not tell
        self.refuse_ratio(size, archive.start_dir)

    def refuse_ratio(self, size: int, packed: int) -> None:
        """Raises: UnsafeArchive for bytes that were packed better than any export."""
        most = self.limits.archive_ratio_max
        if size > RATIO_FROM_BYTES and size > most * max(packed, 1):
            raise _beyond(f"unpacks to more than {most} times its size", "archive_ratio_max")


def _beyond(what: str, setting: str) -> UnsafeArchive:
    return UnsafeArchive(
        f"{what}: if you trust it, unpack it and give the folder, or raise {setting} "
        "under [limits] in dawnlake.toml"
    )


def archive_at(path: Path) -> ZipFile:
    """The zip at `path`, open until nobody refers to it.

    Raises: BrokenFile if it is cut off or damaged.
    """
    with _damage_told(NOT_A_ZIP):
        if not is_zipfile(path):
            raise BrokenFile(NOT_A_ZIP)
        return _readable(path)


def archive_in(stream: BinaryIO) -> ZipFile:
    """The zip in `stream`, on a copy that goes away with it.

    Raises: BrokenFile if it is cut off or damaged.
    """
    spool = tempfile.SpooledTemporaryFile(SPOOL_BYTES)  # noqa: SIM115  # closed with the archive
    with _damage_told(NOT_A_ZIP):
        shutil.copyfileobj(stream, spool, 1 << 20)
        archive = _readable(cast(BinaryIO, spool))
    weakref.finalize(archive, spool.close)
    return archive


def _readable(file: Path | BinaryIO) -> ZipFile:
    """The archive; with a member under a password, in the class that knows AES, which is alike."""
    archive = ZipFile(file)
    if not is_locked(archive):
        return archive
    import pyzipper  # here, because it takes a tenth of a second that few files need

    return cast(ZipFile, pyzipper.AESZipFile(file))


def is_locked(archive: ZipFile) -> bool:
    """Whether a member needs a password."""
    return any(_is_locked(member) for member in archive.infolist())


def _is_locked(member: ZipInfo) -> bool:
    return bool(member.flag_bits & 0x1)  # APPNOTE 4.4.4, bit 0: encrypted


def opens(archive: ZipFile, word: bytes) -> bool:
    """Whether a password is the one: by the first member that needs it."""
    first = next(member for member in archive.infolist() if _is_locked(member))
    archive.setpassword(word)
    try:
        with opened(archive, first) as stream:
            stream.read(1)
    except UnsafeArchive:
        return False
    except BrokenFile:  # of the old way 1 wrong password in 256 gets here, of AES none
        return getattr(first, "wz_aes_version", None) is not None
    return True


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
    spent.add(archive, depth)
    files = [member for member in members if not member.filename.endswith(("/", "\\"))]
    return sorted(files, key=member_name)


def member_name(member: ZipInfo) -> str:
    """The name with forward slashes, in UTF-8 also where the archive forgot to say so."""
    name = member.filename
    if not member.flag_bits & 0x800:  # APPNOTE 4.4.4, bit 11: the name is UTF-8
        with suppress(UnicodeError):
            name = name.encode("cp437").decode("utf-8")
    return name.replace("\\", "/")


def member_time(member: ZipInfo) -> dt.datetime | None:
    """When a member was made, on a clock that nobody names; None if there is no such time."""
    try:
        return dt.datetime(*member.date_time)
    except ValueError:
        return None


def refuse(member: ZipInfo, spent: Spent) -> None:
    """Nothing for a member that may be read.

    Raises: UnsafeArchive for a path outside, a link, a bomb.
    """
    parts = member_name(member).split("/")
    mode = member.external_attr >> 16  # the Unix file mode, if the archive was made there
    if ".." in parts or parts[0] == "" or parts[0].endswith(":"):
        raise UnsafeArchive("its name points outside the archive: have the archive made again")
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        raise UnsafeArchive("a link or a device in an archive: put the file itself in")
    spent.refuse_ratio(member.file_size, member.compress_size)


def opened(archive: ZipFile, member: ZipInfo) -> BinaryIO:
    """The member from its first byte. It never unpacks to more than the directory says.

    Raises: BrokenFile, also later while reading, if it is damaged; UnsafeArchive without its
    password.
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
    except RuntimeError:  # no password, or a wrong one; the message has the member's name
        raise UnsafeArchive(LOCKED) from None
    except _damage():
        raise BrokenFile(message) from None


def _damage() -> tuple[type[Exception], ...]:
    """What damage raises; the class for passwords has an error of its own."""
    locked = sys.modules.get("pyzipper")
    return _DAMAGE if locked is None else (*_DAMAGE, locked.BadZipFile)


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
