"""What lies in files, folders and zips: one value per file, read as a stream, never unpacked.

    walk(paths)    Found       a file with its Source; name `takeout.zip/Takeout/Fitbit/x.json`
                   Unreadable  what cannot be read, with the IngestError that says why

A zip is known by its bytes, not by its name, and so is a zip inside a zip, which is spooled to a
temporary file because a directory stands at a zip's end. A spreadsheet is a zip too, but one file.
An archive stays open for as long as something found in it is referred to.
"""

from __future__ import annotations

import hashlib
import io
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO
from zipfile import ZipFile, ZipInfo

from connectors.contract import BrokenFile, IngestError, Source, UnknownFormat
from connectors.reading.workbook import peeked
from flows.reading import archive as zips
from flows.reading.litter import is_litter
from flows.reading.password import Passwords
from flows.settings import Limits
from transforms.copies.age import NO_SIGNS, Signs, moment, named_in, unpacked_in

FOLDERS_DEEP = 100  # below what the system and this program can follow
CHUNK_BYTES = 1 << 20
OF_A_LAKE = ("writer.lock", "extracted", "tables")  # not to be read for one of its people
UNFINISHED = (".part", ".crdownload", ".partial", ".download", ".opdownload")  # of browsers


@dataclass(frozen=True)
class Found:
    """A file to be read. `source` opens it anew every time; `archive` is the outermost zip, `signs`
    tell when it was made."""

    name: str
    size: int
    source: Source
    archive: str = ""
    signs: Signs = NO_SIGNS


@dataclass(frozen=True)
class Unreadable:
    """A file, a member or a whole archive that is set aside."""

    name: str
    error: IngestError


@dataclass(frozen=True)
class _Place:
    """Where a file stands: how many zips are around it, the outermost, and what they hold."""

    peeks: _Peeks
    passwords: Passwords
    spent: zips.Spent
    depth: int = 0
    archive: str = ""


def walk(
    paths: Iterable[Path], limits: Limits | None = None, passwords: Passwords | None = None
) -> Iterator[Found | Unreadable]:
    """Everything in `paths`, folders and zips in the order of names; one bad zip stops no other.

    Hidden files and what file managers leave behind are left out, unless given by name. A lake is
    not walked: its inbox has a folder for each of several people.

    Raises: FileNotFoundError at once, before anything is read, for a path that is not there.
    """
    given = list(paths)
    for path in given:
        try:
            path.stat()
        except (FileNotFoundError, NotADirectoryError):
            raise FileNotFoundError(f"no such file or folder: {path}") from None
        except OSError:
            pass  # it is there: told as Unreadable in its turn
    walker = _Walker(limits or Limits(), passwords or Passwords())
    return (item for path in given for item in walker.of_path(_top_name(path), path, frozenset()))


def sha256(found: Found) -> str:
    """The hex digest of the bytes, read in pieces.

    Raises: BrokenFile if a zip member turns out to be damaged.
    """
    digest = hashlib.sha256()
    with found.source.stream() as stream:
        while chunk := stream.read(CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


class _Peeks:
    """The first bytes of the file at hand: kept, since every connector looks at them in turn."""

    def __init__(self, limits: Limits) -> None:
        self._last: tuple[object, bytes] = (None, b"")
        self._whole_mb_max = limits.whole_mb_max

    def source(self, name: str, opened: Callable[[], BinaryIO]) -> Source:
        def peek(_: str) -> bytes:
            whose, data = self._last
            if whose is not opened:
                with opened() as stream:
                    data = peeked(stream)
                self._last = (opened, data)
            return data

        return Source(name, (name,), peek, lambda _: opened(), self._whole_mb_max)


def _top_name(path: Path) -> str:
    return path.name if path.name not in ("", "..") else path.resolve().name


def _shown(name: str) -> str:
    """A name that can be printed and stored: foreign bytes and control characters replaced."""
    text = name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return "".join(c if c.isprintable() else "\ufffd" for c in text)


@dataclass(frozen=True)
class _Walker:
    """Files and folders of the file system, each with a place of its own."""

    limits: Limits
    passwords: Passwords

    def of_path(
        self, name: str, path: Path, around: frozenset[tuple[int, int]]
    ) -> Iterator[Found | Unreadable]:
        """A file or a folder; `around` are the folders we are in: a link cannot go in circles."""
        shown = _shown(name)
        try:
            about = path.stat()
            if stat.S_ISDIR(about.st_mode):
                yield from self._of_folder(name, path, around, (about.st_dev, about.st_ino))
            elif stat.S_ISREG(about.st_mode):
                peeks = _Peeks(self.limits)
                source = peeks.source(shown, lambda: _file(path))
                signs = Signs(unpacked_in(name), None, moment(about.st_mtime))
                place = _Place(peeks, self.passwords, zips.Spent(self.limits))
                yield from _of_file(Found(shown, about.st_size, source, signs=signs), place, path)
            else:
                yield Unreadable(
                    shown, UnknownFormat("neither a file nor a folder: give the export")
                )
        except OSError as error:
            yield Unreadable(shown, _denied(error))

    def _of_folder(
        self, name: str, path: Path, around: frozenset[tuple[int, int]], me: tuple[int, int]
    ) -> Iterator[Found | Unreadable]:
        if all((path / each).exists() for each in OF_A_LAKE):
            error = UnknownFormat(
                "a lake of dawnlake, with exports of whoever is in it: give exports by name, or "
                "the folder of one participant in its inbox"
            )
            yield Unreadable(_shown(name), error)
            return
        if len(around) >= FOLDERS_DEEP:
            error = UnknownFormat(f"folders more than {FOLDERS_DEEP} deep: move the exports up")
            yield Unreadable(_shown(name), error)
            return
        inside = [] if me in around else sorted(path.iterdir(), key=lambda p: p.name)
        for child in inside:
            if child.suffix.lower() in UNFINISHED:
                error = UnknownFormat("a download that has not ended: give the whole file")
                yield Unreadable(_shown(f"{name}/{child.name}"), error)
            elif not is_litter([child.name]):
                yield from self.of_path(f"{name}/{child.name}", child, around | {me})


def _denied(error: OSError) -> BrokenFile:
    return BrokenFile(f"cannot be read here ({error.strerror}): check the disk and its permissions")


def _file(path: Path) -> BinaryIO:
    """The file from its first byte.

    Raises: BrokenFile, also later while reading, if the disk does not give it.
    """
    try:
        return io.BufferedReader(_Disk(path), CHUNK_BYTES)
    except OSError as error:
        raise _denied(error) from None


class _Disk(io.FileIO):
    """A file whose unreadable places show as BrokenFile: one bad sector costs one export."""

    def readinto(self, buffer: memoryview) -> int | None:  # type: ignore[override]  # as io calls it
        try:
            return super().readinto(buffer)
        except OSError as error:
            raise _denied(error) from None

    def readall(self) -> bytes | None:  # type: ignore[override]
        try:
            return super().readall()
        except OSError as error:
            raise _denied(error) from None


def _of_file(found: Found, place: _Place, path: Path | None) -> Iterator[Found | Unreadable]:
    """The file itself or, if it is a zip, what is in it. `path` if it is a file of its own."""
    try:
        if found.size == 0:
            raise BrokenFile("the file is empty: export or download it again")
        first = found.source.first
        archive = _archive(found, path) if first.startswith(zips.ZIP_STARTS) else None
        if archive is None or zips.is_office(archive):
            yield found
            return
        members = zips.members_of(archive, first, place.depth, place.spent)
        if not members and path is not None:  # in an export an empty one is nothing lost
            raise BrokenFile("a zip with no file in it: export or download it again")
        _unlock(archive, place.archive or found.name, place.passwords)
    except IngestError as error:
        yield Unreadable(found.name, error)
        return
    inside = replace(place, depth=place.depth + 1, archive=place.archive or found.name)
    signs = replace(found.signs, named=named_in(found.name) or found.signs.named)
    for member in members:
        yield from _of_member(found.name, archive, member, inside, signs)


def _unlock(archive: ZipFile, name: str, passwords: Passwords) -> None:
    """Set the password that opens an archive; without one its locked members say so."""
    if zips.is_locked(archive):
        word = passwords.fitting(name, lambda each: zips.opens(archive, each))
        archive.pwd = word


def _archive(found: Found, path: Path | None) -> ZipFile:
    if path is not None:
        return zips.archive_at(path)
    with found.source.stream() as stream:
        return zips.archive_in(stream)


def _of_member(
    outer: str, archive: ZipFile, member: ZipInfo, place: _Place, signs: Signs
) -> Iterator[Found | Unreadable]:
    name = zips.member_name(member)
    shown = f"{outer}/{_shown(name)}"
    try:
        zips.refuse(member, place.spent)
    except IngestError as error:
        yield Unreadable(shown, error)
        return
    if not is_litter(name.split("/")):
        source = place.peeks.source(shown, lambda: zips.opened(archive, member))
        signs = replace(signs, packed=zips.member_time(member))
        found = Found(shown, member.file_size, source, place.archive, signs)
        yield from _of_file(found, place, None)
