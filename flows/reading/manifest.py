"""Which files were read into a lake, and what became of their records: the manifests.

A file has a folder of its own (`file=F`), or one with others that were small and of its format
(`batch=B`), whose rows name their file. A manifest stands beside the rows, or a list of them.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from warehouse.store.lake import PARTITION, Lake, write_json

MANIFEST = "manifest.json"
FILES = "files"  # of a batch
KEPT = ("age", "excluded")  # of a manifest, when its file is read again
Manifest = dict[str, Any]
Key = tuple[str, str]  # connector and file


@dataclass(frozen=True)
class Part:
    """One extracted file: the folder that has its rows, alone or among others, and its manifest."""

    folder: Path
    manifest: Manifest

    @property
    def participant(self) -> str:
        return participant_of(self.folder)

    @property
    def key(self) -> Key:
        return self.manifest["connector"], self.manifest["file"]

    @property
    def file(self) -> str:
        """Its id."""
        return str(self.manifest["file"])


def participant_of(folder: Path) -> str:
    """Whose an extracted folder is."""
    return folder.parents[1].name.removeprefix(f"{PARTITION}=")


def is_batch(folder: Path) -> bool:
    """Whether a folder is of several files."""
    return folder.name.startswith("batch=")


def parts_in(folder: Path) -> list[Part]:
    """The files of one extracted folder.

    Raises: OSError, ValueError for a damaged manifest.
    """
    told = json.loads((folder / MANIFEST).read_text("utf-8"))
    return [Part(folder, manifest) for manifest in told.get(FILES, [told])]


def parts_of(lake: Lake, participant: str) -> list[Part]:
    """Every extracted file of a participant once, in a fixed order.

    Raises: OSError, ValueError for a damaged manifest.
    """
    found = [part for folder in lake.part_folders(participant) for part in parts_in(folder)]
    return list({part.key: part for part in found}.values())


def changed(parts: Iterable[Part]) -> None:
    """Write the manifests of extracted files anew, each folder's at once. Only for the writer."""
    by_folder: dict[Path, dict[str, Manifest]] = {}
    for part in parts:
        by_folder.setdefault(part.folder, {})[part.file] = part.manifest
    for folder, manifests in by_folder.items():
        every = [manifests.get(part.file, part.manifest) for part in parts_in(folder)]
        write_manifests(folder, every)


def write_manifests(folder: Path, manifests: Sequence[Manifest]) -> None:
    """What is known of the files of an extracted folder: of one, or of a batch."""
    told = {FILES: list(manifests)} if is_batch(folder) else manifests[0]
    write_json(told, folder / MANIFEST)


def first_read(folder: Path) -> str:
    """The date (UTC) on which the files of a folder were first read: nothing in them is of a later
    one. Today's, if there is no such folder."""
    with suppress(OSError, ValueError):
        dates = [
            part.manifest["read_on"] for part in parts_in(folder) if "read_on" in part.manifest
        ]
        if dates:
            return str(min(dates))
    return dt.datetime.now(dt.UTC).date().isoformat()


def files_of(lake: Lake, participant: str) -> set[str]:
    """The ids of a participant's extracted files."""
    return {part.file for part in parts_of(lake, participant)}


class Known:
    """The files of a participant that were read so far, and where they are."""

    def __init__(self, parts: Iterable[Part], participant: str = "") -> None:
        self.participant = participant
        self._by_key: dict[Key, Part] = {}
        self._by_file: dict[str, list[Key]] = {}
        self._sizes: set[int] = set()
        self._given = 0
        self.add(parts)

    @classmethod
    def of(cls, lake: Lake, participant: str) -> Known:
        return cls(parts_of(lake, participant), participant)

    def add(self, parts: Iterable[Part]) -> None:
        for part in parts:
            if part.key not in self._by_key:
                self._by_file.setdefault(part.key[1], []).append(part.key)
            self._by_key[part.key] = part
            self._sizes.add(part.manifest["byte_count"])
            self._given = max(self._given, part.manifest.get("age", {}).get("given", 0))

    def number(self) -> int:
        """The next one in the order in which files are given, from 1."""
        self._given += 1
        return self._given

    def has_size(self, size: int) -> bool:
        """Whether any has so many bytes: a file of another size has not been read before."""
        return size in self._sizes

    def parts(self, file: str) -> list[Part]:
        """A file by its id alone, by each connector that has read it."""
        return [self._by_key[key] for key in self._by_file.get(file, ())]

    def part(self, key: Key) -> Part | None:
        """A file by its connector and its id."""
        return self._by_key.get(key)
