"""Ingest as plain functions: walk, identify, extract, align, build. Prefect and the CLI call these.

Nothing here decides anything about data.
"""

from __future__ import annotations

import re
import traceback
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from connectors.contract import Connector, IngestError, UnknownFormat
from flows.deriving.align import Aligned, aligned, is_stale
from flows.deriving.completion import build_views as build_views
from flows.deriving.completion import settled
from flows.deriving.receipt import FileReceipt as FileReceipt
from flows.deriving.receipt import Nights, count_new, first_nights, nights
from flows.deriving.receipt import Receipt as Receipt
from flows.deriving.zone_words import zone_notes
from flows.deriving.zone_words import zone_problem as zone_problem
from flows.reading.extract import extracted, read_manifest
from flows.reading.hashed import FILE_DIGITS
from flows.reading.identify import identified
from flows.reading.password import Passwords
from flows.reading.walk import Found, Unreadable, sha256, walk
from flows.settings import (
    PARTICIPANT,
    Settings,
    check_participant,
    check_zone,
    load,
    remember_zone,
)
from warehouse.store.lake import Lake
from warehouse.store.lock import writing

Progress = Callable[[FileReceipt], None]


def prepared(lake: Lake, participant: str, timezone: str | None) -> Settings:
    """The settings of a lake that is ready to be written to; a named zone is remembered.

    Raises: SettingsError for an impossible participant id, an unknown zone or broken settings.
    """
    checked(participant, timezone)
    lake.create()
    if timezone:
        return remember_zone(lake.settings, participant, timezone)
    return load(lake.settings)


def checked(participant: str, timezone: str | None) -> None:
    """Raises: SettingsError for an impossible participant id or an unknown zone."""
    check_participant(participant)
    if timezone:
        check_zone(timezone)


class ReaderFault(IngestError):
    """A fault of ours in reading one file, which must not cost the others. No value is told."""

    def __init__(self, connector: str, error: Exception) -> None:
        place = traceback.extract_tb(error.__traceback__)[-1]
        super().__init__(
            f"a fault of dawnlake in its reader {connector}: {type(error).__name__} at "
            f"{Path(place.filename).name}:{place.lineno}. Nothing of this file was taken; please "
            "report this line, and not the file"
        )


@dataclass(frozen=True)
class Unread:
    """A file that is to be extracted: the connector that claims it and the variant."""

    found: Found
    claim: tuple[Connector, str]

    @property
    def connector(self) -> str:
        """The name of the connector: all of a file that may be told."""
        return self.claim[0].name


def sizes_read(lake: Lake, participant: str) -> set[int]:
    """Sizes of a participant's extracted files: one of another size has not been read before."""
    return {read_manifest(folder)["byte_count"] for folder in lake.part_folders(participant)}


def look(
    lake: Lake, participant: str, found: Found, sizes: set[int] | None
) -> FileReceipt | Unread:
    """A receipt for a file that is set aside or whose bytes this connector version has read.

    `sizes` are those of all files read so far, to which this one's is added: only a file of one
    of them is digested to see whether it is known. With None, none is known.
    """
    try:
        claim = identified(found.source)
        if sizes is not None:
            if found.size in sizes and (known := _known(lake, participant, found, claim[0])):
                return known
            sizes.add(found.size)
        return Unread(found, claim)
    except IngestError as error:
        return FileReceipt(found.name, "set aside", found.archive, error=error)


def _known(lake: Lake, participant: str, found: Found, connector: Connector) -> FileReceipt | None:
    """A receipt if this connector version has read these bytes.

    Raises: BrokenFile if a zip member turns out to be damaged.
    """
    folder = lake.part_folder(participant, connector.name, sha256(found)[:FILE_DIGITS])
    manifest = read_manifest(folder) if folder.exists() else None
    if manifest is None or manifest["connector_version"] != connector.version:
        return None
    known = manifest["carried_count"]
    return FileReceipt(found.name, "known", found.archive, manifest, already_known=known)


def extract(lake: Lake, participant: str, unread: Unread, settings: Settings) -> FileReceipt:
    """Read a file into the lake. Never raises for a bad file: the error is in the receipt."""
    found, budget = unread.found, settings.rules.reject_max_pct
    try:
        manifest = extracted(lake, participant, found, budget, unread.claim)
        return FileReceipt(found.name, "read", found.archive, manifest)
    except IngestError as error:
        return FileReceipt(found.name, "set aside", found.archive, error=error)
    except (OSError, MemoryError):
        raise  # the machine's trouble, not this file's
    except Exception as error:
        fault = ReaderFault(unread.connector, error)
        return FileReceipt(found.name, "set aside", found.archive, error=fault)


def read_all(
    lake: Lake,
    participant: str,
    paths: Iterable[Path],
    settings: Settings,
    progress: Progress = lambda _: None,
    again: bool = False,
    passwords: Passwords | None = None,
) -> list[FileReceipt]:
    """Extract every file in files, folders and zips, unless this connector version has read it.

    Raises: FileNotFoundError for a path that is not there.
    """
    receipts, sizes = [], None if again else sizes_read(lake, participant)
    for item in walk(paths, settings.limits, passwords):
        if isinstance(item, Unreadable):
            receipt = FileReceipt(item.name, "set aside", error=item.error)
        else:
            seen = look(lake, participant, item, sizes)
            if isinstance(seen, Unread):
                seen = extract(lake, participant, seen, settings)
            receipt = seen
        progress(receipt)
        receipts.append(receipt)
    excuse_archives(receipts)
    return receipts


def excuse_archives(receipts: list[FileReceipt]) -> None:
    """An archive holds much that is no health data: what nobody claims in it is not set aside,
    as long as something in the same archive was claimed."""
    useful = {r.archive for r in receipts if r.manifest and r.archive}
    for receipt in receipts:
        if isinstance(receipt.error, UnknownFormat) and receipt.archive in useful:
            receipt.status, receipt.error = "not used", None


def is_known(lake: Lake, found: Found, connector: Connector, participant: str | None) -> str:
    """Whose these bytes are already in the lake, comma-separated; '' if nobody's."""
    file = sha256(found)[:FILE_DIGITS]
    whose = [participant] if participant else lake.participants()
    return ", ".join(p for p in whose if lake.part_folder(p, connector.name, file).exists())


def inbox_participants(lake: Lake) -> list[str]:
    """Everyone with a folder in inbox/ whose name can be a participant id."""
    folders = sorted(folder for folder in lake.inbox.glob("*") if folder.is_dir())
    return [folder.name for folder in folders if re.fullmatch(PARTICIPANT, folder.name)]


def read_again(
    lake: Lake, participant: str, settings: Settings, passwords: Passwords
) -> list[FileReceipt]:
    """Extract everything in a participant's inbox, also what was read before."""
    inbox = [lake.inbox / participant]
    return read_all(lake, participant, inbox, settings, again=True, passwords=passwords)


def align_participant(
    lake: Lake, participant: str, settings: Settings, force: bool = False
) -> Aligned:
    """Derive one participant's canonical tables."""
    return aligned(lake, participant, settings, force)


def ingest(
    lake: Lake,
    paths: Iterable[Path],
    participant: str,
    timezone: str | None = None,
    progress: Progress = lambda _: None,
    passwords: Passwords | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> Receipt:
    """The main job: everything in `paths` into the lake, and what became of it.

    Raises: SettingsError; LakeError; FileNotFoundError for a path that is not there.
    """
    checked(participant, timezone)
    with writing(lake, "dawnlake ingest", tell) as was_left:
        settings = prepared(lake, participant, timezone)
        settled(lake, settings, was_left)
        return _ingested(lake, paths, settings, Receipt(participant), progress, passwords)


def _ingested(
    lake: Lake,
    paths: Iterable[Path],
    settings: Settings,
    receipt: Receipt,
    progress: Progress,
    passwords: Passwords | None,
) -> Receipt:
    participant = receipt.participant
    there = {folder.name for folder in lake.part_folders(participant)}
    receipt.files = read_all(lake, participant, paths, settings, progress, passwords=passwords)
    if not any(f.manifest for f in receipt.files):
        receipt.problems.append("nothing in what was given is an export that dawnlake reads")
    derived = derive(lake, settings, participant)
    with ThreadPoolExecutor(1) as beside:
        views = beside.submit(build_views, lake, settings)
        if derived.before:
            views.result()  # the nights are counted by them; the first nights are by themselves
        complete(lake, settings, receipt, there, derived)
        views.result()
    return receipt


@dataclass(frozen=True)
class Derived:
    """What aligning a participant came to, and the nights there were before, if it had to be."""

    outcome: Aligned
    before: Nights


def derive(lake: Lake, settings: Settings, participant: str) -> Derived:
    """Align one participant, and remember the nights of the views as they were."""
    stale = is_stale(lake, participant, settings)
    before = nights(lake, participant) if stale else {}
    return Derived(align_participant(lake, participant, settings), before)


def complete(
    lake: Lake, settings: Settings, receipt: Receipt, there: set[str], derived: Derived
) -> None:
    """Fill in what the files brought, once the views are built if there were nights before.

    `there` are the folders of files known before.
    """
    if derived.outcome.changed:
        count_new(lake, receipt, there)
        who, before = receipt.participant, derived.before
        after = nights(lake, who) if before else first_nights(lake, who, settings)
        receipt.nights_added = len(after.keys() - before.keys())
        receipt.nights_changed = sum(
            before[date] != after[date] for date in before.keys() & after.keys()
        )
    if problem := zone_problem(derived.outcome):
        receipt.problems.append(str(problem))
    receipt.notes += zone_notes(derived.outcome)
