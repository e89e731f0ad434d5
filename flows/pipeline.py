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

from connectors.contract import Connector, IngestError, NoTimeZone, UnknownFormat
from flows.align import Aligned, aligned, is_stale
from flows.derive_mage import derive_mage
from flows.extract import FILE_DIGITS, extracted, read_manifest
from flows.identify import identified
from flows.receipt import FileReceipt as FileReceipt
from flows.receipt import Nights, count_new, nights
from flows.receipt import Receipt as Receipt
from flows.settings import (
    PARTICIPANT,
    Settings,
    SettingsError,
    check_zone,
    load,
    remember_zone,
)
from flows.walk import Found, Unreadable, sha256, walk
from warehouse.store import Lake
from warehouse.views import build

Progress = Callable[[FileReceipt], None]


def prepared(lake: Lake, participant: str, timezone: str | None) -> Settings:
    """The settings of a lake that is ready to be written to; a named zone is remembered.

    Raises: SettingsError for an impossible participant id, an unknown zone or broken settings.
    """
    if not re.fullmatch(PARTICIPANT, participant):
        raise SettingsError(
            "a participant id is 1 to 64 letters, digits, dots, dashes or underscores"
        )
    if timezone:
        check_zone(participant, timezone)
    lake.create()
    if timezone:
        return remember_zone(lake.settings, participant, timezone)
    return load(lake.settings)


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
    """A file that is to be extracted: its digest, the connector that claims it and the variant."""

    found: Found
    digest: str
    claim: tuple[Connector, str]

    @property
    def file(self) -> str:
        """Its id in the lake."""
        return self.digest[:FILE_DIGITS]


def look(lake: Lake, participant: str, found: Found, again: bool = False) -> FileReceipt | Unread:
    """A receipt for a file that is set aside or whose bytes this connector version has read."""
    try:
        digest = sha256(found)
        claim = identified(found.source)
        folder = lake.part_folder(participant, claim[0].name, digest[:FILE_DIGITS])
        if folder.exists() and not again:
            manifest = read_manifest(folder)
            if manifest["connector_version"] == claim[0].version:
                known = manifest["carried_count"]
                return FileReceipt(
                    found.name, "known", found.archive, manifest, already_known=known
                )
        return Unread(found, digest, claim)
    except IngestError as error:
        return FileReceipt(found.name, "set aside", found.archive, error=error)


def extract(lake: Lake, participant: str, unread: Unread, settings: Settings) -> FileReceipt:
    """Read a file into the lake. Never raises for a bad file: the error is in the receipt."""
    found, budget = unread.found, settings.rules.reject_max_pct
    try:
        manifest = extracted(
            lake, participant, found.source, unread.digest, found.size, budget, unread.claim
        )
        return FileReceipt(found.name, "read", found.archive, manifest)
    except IngestError as error:
        return FileReceipt(found.name, "set aside", found.archive, error=error)
    except (OSError, MemoryError):
        raise  # the machine's trouble, not this file's
    except Exception as error:
        fault = ReaderFault(unread.claim[0].name, error)
        return FileReceipt(found.name, "set aside", found.archive, error=fault)


def read_file(
    lake: Lake, participant: str, found: Found, settings: Settings, again: bool = False
) -> FileReceipt:
    """Extract one file, unless this connector version has read these bytes already.

    Never raises for a bad file: the error is in the receipt.
    """
    seen = look(lake, participant, found, again)
    return seen if isinstance(seen, FileReceipt) else extract(lake, participant, seen, settings)


def read_all(
    lake: Lake,
    participant: str,
    paths: Iterable[Path],
    settings: Settings,
    progress: Progress = lambda _: None,
    again: bool = False,
) -> list[FileReceipt]:
    """Extract every file in files, folders and zips.

    Raises: FileNotFoundError for a path that is not there.
    """
    receipts = []
    for item in walk(paths):
        if isinstance(item, Unreadable):
            receipt = FileReceipt(item.name, "set aside", error=item.error)
        else:
            receipt = read_file(lake, participant, item, settings, again)
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


def read_again(lake: Lake, participant: str, settings: Settings) -> list[FileReceipt]:
    """Extract everything in a participant's inbox, also what was read before."""
    return read_all(lake, participant, [lake.inbox / participant], settings, again=True)


def align_participant(
    lake: Lake, participant: str, settings: Settings, force: bool = False
) -> Aligned:
    """Derive one participant's canonical tables."""
    outcome = aligned(lake, participant, settings.participant(participant), force)
    derive_mage(lake, participant, settings)
    return outcome


def build_views(lake: Lake, settings: Settings) -> None:
    """Write warehouse.duckdb anew."""
    build(lake, settings.rules.model_dump(), settings.priority.model_dump())


def zone_problem(outcome: Aligned) -> NoTimeZone | None:
    """What to do about rows that wait for a time zone; None if there are none."""
    if not outcome.zone_needed:
        return None
    named = ", ".join(outcome.zones_named)
    hint = f"; the exports name {named}" if named else ""
    return NoTimeZone(
        f"{outcome.unplaced} rows of {outcome.participant} have a clock time and no known time "
        f"zone; they are kept and wait. Say it once: --timezone Europe/Berlin{hint}"
    )


def ingest(
    lake: Lake,
    paths: Iterable[Path],
    participant: str,
    timezone: str | None = None,
    progress: Progress = lambda _: None,
) -> Receipt:
    """The main job: everything in `paths` into the lake, and what became of it.

    Raises: SettingsError; FileNotFoundError for a path that is not there.
    """
    settings = prepared(lake, participant, timezone)
    there = {folder.name for folder in lake.part_folders(participant)}
    receipt = Receipt(participant)
    with ThreadPoolExecutor(1) as beside:
        # a new lake's views take as long as a small file: let them be made while it is read
        views = None if lake.warehouse.exists() else beside.submit(build_views, lake, settings)
        receipt.files = read_all(lake, participant, paths, settings, progress)
        if views is not None:
            views.result()
    if not any(f.manifest for f in receipt.files):
        receipt.problems.append("nothing in what was given is an export that dawnlake reads")
    finish(lake, settings, receipt, there)
    return receipt


def finish(lake: Lake, settings: Settings, receipt: Receipt, there: set[str]) -> None:
    """Align, build and complete a receipt; `there` are the folders of files known before."""
    derived = derive(lake, settings, receipt.participant)
    build_views(lake, settings)
    complete(lake, receipt, there, derived)


@dataclass(frozen=True)
class Derived:
    """What aligning a participant came to, and the nights there were before, if it had to be."""

    outcome: Aligned
    before: Nights


def derive(lake: Lake, settings: Settings, participant: str) -> Derived:
    """Align one participant, and remember the nights of the views as they were."""
    stale = is_stale(lake, participant, settings.participant(participant))
    before = nights(lake, participant) if stale else {}
    return Derived(align_participant(lake, participant, settings), before)


def complete(lake: Lake, receipt: Receipt, there: set[str], derived: Derived) -> None:
    """Fill in what the files brought, once the views are built."""
    if derived.outcome.changed:
        count_new(lake, receipt, there)
        before, after = derived.before, nights(lake, receipt.participant, not derived.before)
        receipt.nights_added = len(after.keys() - before.keys())
        receipt.nights_changed = sum(
            before[date] != after[date] for date in before.keys() & after.keys()
        )
    if problem := zone_problem(derived.outcome):
        receipt.problems.append(str(problem))
