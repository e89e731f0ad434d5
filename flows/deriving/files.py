"""All files of one participant: read into the lake, and what is said of them together."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from connectors.contract import NoRecords, UnknownFormat
from connectors.errors import UnreadTable
from flows.deriving.intake import Intake, Progress, extract, look
from flows.deriving.receipt import FileReceipt, Receipt, count_new
from flows.pull.replaced import drop_replaced, replaced_parts
from flows.reading.ages import seen_again
from flows.reading.manifest import Known
from flows.reading.mappings import mapped
from flows.reading.password import Passwords
from flows.reading.walk import walk
from flows.settings import Settings
from warehouse.store.lake import Lake


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

    Raises: FileNotFoundError for a path that is not there; SettingsError for a bad mapping.
    """
    items, known = walk(paths, settings.limits, passwords), Known.of(lake, participant)
    mappings = mapped(lake)
    intake = Intake(
        lambda found: look(found, known, again, mappings),
        lambda unread: extract(lake, participant, unread, settings, known),
        progress,
    )
    for item in items:
        intake.take(item)
    receipts = intake.finish()
    settle(known, receipts)
    return receipts


def settle(known: Known, receipts: list[FileReceipt]) -> None:
    """What is to be said and noted once all files were looked at."""
    excuse_archives(receipts)
    seen_again(known, [(f.key, f.signs) for f in receipts if f.key and f.signs])


def excuse_archives(receipts: list[FileReceipt]) -> None:
    """A folder or an archive holds much that is no health data: what nobody claims in it, or has no
    record, is not set aside, as long as something in it was read. What was given by its own name
    was meant to be read, and a table of glucose or sleep is never left out."""
    useful = {_given(r.name) for r in receipts if r.manifest}
    for receipt in receipts:
        if is_idle(receipt) and "/" in receipt.name and _given(receipt.name) in useful:
            receipt.status, receipt.error = "not used", None


def is_idle(receipt: FileReceipt) -> bool:
    """Whether a file is of no format that is read, or empty: it depends on what lies beside it."""
    error = receipt.error
    return isinstance(error, UnknownFormat | NoRecords) and not isinstance(error, UnreadTable)


def _given(name: str) -> str:
    """The folder or archive that was given, in which a file of this name was found."""
    return name.partition("/")[0]


def give_way(lake: Lake, receipt: Receipt, there: set[str]) -> None:
    """Take out what newer documents of a service have replaced, once it was counted against."""
    if replaced_parts(lake, receipt.participant):
        count_new(lake, receipt, there)
        receipt.is_counted = True
    drop_replaced(lake, receipt.participant)
