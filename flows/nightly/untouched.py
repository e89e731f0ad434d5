"""Whose inbox is as the last night left it: of theirs nothing is opened, and no task is made.

After a night that set nothing of a participant aside, what lies in their folder is noted beside
their extracted files: of each file its size, times and inode, as rsync and git know a file that is
the same. As long as these, the readers, the settings and the participant's tables are as they were,
the next night has nothing to find there, and its receipt says what reading it again would say.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import connectors
from flows.deriving.align import Parts, known
from flows.deriving.pipeline import FileReceipt, Receipt
from flows.nightly.discretion import Fault, Night
from flows.reading.litter import is_litter
from flows.reading.manifest import Key, Part
from flows.reading.mappings import folder_of
from flows.settings import Settings
from warehouse.store.lake import PARTITION, Lake, digest, write_json

KEYS = {"inbox", "readers", "files"}
SETTLED_NS = 2_000_000_000  # a file changed this short ago may change again within one tick


def signature(folder: Path, suffix: str = "") -> str | None:
    """What tells that nothing in a folder has changed; of files whose name ends so.

    None if that cannot be told: a file has just changed, is of a time to come or cannot be seen.
    """
    latest = time.time_ns() - SETTLED_NS
    found = []
    try:
        for name, *about in _files(folder, "", frozenset()):
            if not name.endswith(suffix):
                continue
            if max(about[1:3]) > latest:
                return None
            found.append((name, *about))
    except OSError:
        return None
    return digest(found)


def _files(
    folder: Path, within: str, around: frozenset[tuple[int, int]]
) -> Iterator[tuple[str, int, int, int, int, int]]:
    """Name, size, times of change, device and inode of every file that a walk would meet."""
    about = folder.stat()
    me = about.st_dev, about.st_ino
    if me in around:
        return
    for child in sorted(folder.iterdir()):
        if is_litter([child.name]):
            continue
        name, about = f"{within}/{child.name}", child.stat()
        if child.is_dir():
            yield from _files(child, name, around | {me})
        else:
            times = about.st_mtime_ns, about.st_ctime_ns
            yield name, about.st_size, *times, about.st_dev, about.st_ino


class Inboxes:
    """Everyone's folder as it lies there before anything of it is read."""

    def __init__(self, lake: Lake, settings: Settings) -> None:
        self._lake, self._settings = lake, settings
        self._readers = _readers(lake, settings)
        self._found: dict[str, str | None] = {}

    def untouched(self, participant: str) -> Night | None:
        """What a night brings of somebody with nothing new: the receipt of files that are known.

        None if there may be something.
        """
        found = signature(self._lake.inbox / participant) if self._readers else None
        self._found[participant] = found
        noted = _noted(_place(self._lake, participant))
        if not found or noted.get("inbox") != found or noted["readers"] != self._readers:
            return None
        try:
            parts = Parts.of(self._lake, participant)
            outcome = known(self._lake, participant, self._settings, parts)
            there = {part.key: part for part in parts.every}
            files = [_file(there, *each) for each in noted["files"]]
        except (OSError, ValueError):  # a damaged manifest: told of where it is read
            return None
        told = [file for file in files if file is not None]
        if outcome is None or len(told) < len(files):  # a file was withdrawn since
            return None
        return Night(Receipt(participant, told), {f.key[1] for f in told if f.key}, outcome)

    def note(self, night: Night) -> None:
        """Remember what was found, if the next night would find the same in it."""
        who = night.receipt.participant
        found, files, place = self._found[who], night.receipt.files, _place(self._lake, who)
        aside = isinstance(night.outcome, Fault) or any(file.error for file in files)
        if aside or not found or not place.parent.is_dir():
            place.unlink(missing_ok=True)
            return
        listed = [(f.name, "known" if f.key else f.status, f.archive, f.key) for f in files]
        write_json({"inbox": found, "readers": self._readers, "files": listed}, place)


def _place(lake: Lake, participant: str) -> Path:
    return lake.extracted / f"{PARTITION}={participant}" / "inbox.json"


def _noted(place: Path) -> dict[str, Any]:
    """What was noted; nothing by a note that is damaged, so everything is looked at."""
    try:
        noted = json.loads(place.read_text("utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return noted if isinstance(noted, dict) and noted.keys() == KEYS else {}


def _file(
    there: Mapping[Key, Part], name: str, status: str, archive: str, key: Key | None
) -> FileReceipt | None:
    """The receipt of a file that lies there as before; None if it is no longer in the lake."""
    receipt = FileReceipt(name, status, archive)
    if key:
        part = there.get((key[0], key[1]))
        if part is None:
            return None
        receipt.manifest, receipt.already_known = part.manifest, part.manifest["carried_count"]
    return receipt


def _readers(lake: Lake, settings: Settings) -> str | None:
    """What tells that every file would be read as before; None if that cannot be told."""
    mappings = folder_of(lake)
    theirs = signature(mappings) if mappings.exists() else ""
    ours = _of_connectors()
    if ours is None or theirs is None:
        return None
    limits = settings.limits.model_dump(mode="json")
    return digest(ours, theirs, limits, settings.rules.reject_max_pct)


@lru_cache
def _of_connectors() -> str | None:
    return signature(Path(connectors.__file__).parent, ".py")
