"""What an ingest brought: per file, and in nights."""

from __future__ import annotations

from dataclasses import dataclass, field

import pyarrow as pa

from connectors.contract import IngestError
from flows.deriving.parts import SHAPES, Parts
from flows.deriving.version_words import version_notes
from flows.reading.manifest import Key, Manifest
from transforms.copies.age import Signs
from transforms.copies.novelty import novelty, without_rejects
from warehouse.store.lake import Lake


@dataclass
class FileReceipt:
    """What became of one file. `name` is for the person's own terminal, never for a log.

    status  read, known (these bytes were read before), set aside (see error), or not used: a
            member of an archive that no connector claims, beside others that one does
    """

    name: str
    status: str
    archive: str = ""
    manifest: Manifest | None = None
    error: IngestError | None = None
    new: int = 0
    already_known: int = 0
    corrected: int = 0
    signs: Signs | None = None  # of a known file: when these bytes were made

    @property
    def key(self) -> Key | None:
        """Of a file that is in the lake."""
        return (self.manifest["connector"], self.manifest["file"]) if self.manifest else None


@dataclass
class Receipt:
    """What became of everything that was given."""

    participant: str
    files: list[FileReceipt] = field(default_factory=list)
    nights_added: int = 0
    nights_changed: int = 0
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    is_counted: bool = False  # what is new, before what it replaced was taken out

    @property
    def is_clean(self) -> bool:
        """Nothing was set aside."""
        rejected = any(f.manifest and f.manifest["rejected_count"] for f in self.files)
        aside = any(f.error for f in self.files)
        return not (rejected or aside or self.problems)


def count_new(lake: Lake, receipt: Receipt, there: set[str], parts: Parts | None = None) -> None:
    """Fill in how many records of each file that was read are new, known or corrected.

    `parts` are the participant's, if somebody knows them already.
    """
    read = [f for f in receipt.files if f.status == "read" and f.manifest]
    if not read:
        return
    arrival = {f.manifest["file"]: number for number, f in enumerate(read, 1) if f.manifest}
    parts = parts or Parts.of(lake, receipt.participant)
    if not parts.shared:  # no two files tell one thing
        for each in read:
            assert each.manifest is not None
            each.new = each.manifest["carried_count"]
        return
    files = parts.files()
    order = [
        0 if file in there and file not in arrival else arrival.get(file, 0)
        for file in files["file"].to_pylist()
    ]
    files = files.append_column("arrival", pa.array(order, pa.int32()))
    sources = {s: source for s in SHAPES if (source := parts.parts(s))}
    with parts.connection() as connection:
        counts, versions = novelty(connection, sources, files)
    receipt.notes += version_notes(versions, {m["file"]: m for m in parts.manifests}, set(arrival))
    for each in read:
        assert each.manifest is not None
        found = counts.get(each.manifest["file"], (0, 0, 0))
        each.new, each.already_known, each.corrected = without_rejects(
            found, each.manifest["carried_count"]
        )
