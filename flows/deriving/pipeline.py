"""Ingest as plain functions: walk, identify, extract, align, build. Prefect and the CLI call these.

Nothing here decides anything about data.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from connectors.contract import NoRecords, UnknownFormat
from connectors.errors import UnreadGlucose
from flows.deriving.align import Aligned
from flows.deriving.completion import build_views as build_views
from flows.deriving.completion import settled
from flows.deriving.derivation import Nights, derivation
from flows.deriving.intake import Intake, Progress, extract, look
from flows.deriving.intake import ReaderFault as ReaderFault
from flows.deriving.people_words import people_problem
from flows.deriving.receipt import FileReceipt as FileReceipt
from flows.deriving.receipt import Receipt as Receipt
from flows.deriving.receipt import count_new
from flows.deriving.zone_words import zone_notes
from flows.deriving.zone_words import zone_problem as zone_problem
from flows.pull.replaced import drop_replaced, replaced_parts
from flows.reading.ages import seen_again
from flows.reading.hashed import FILE_DIGITS
from flows.reading.manifest import Known, files_of
from flows.reading.mappings import mapped
from flows.reading.password import Passwords
from flows.reading.walk import Found, sha256, walk
from flows.settings import (
    Settings,
    check_participant,
    check_zone,
    load,
    remember_zone,
)
from warehouse.store.lake import Lake
from warehouse.store.lock import writing


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
    was meant to be read, and a table of glucose is never left out."""
    useful = {_given(r.name) for r in receipts if r.manifest}
    for receipt in receipts:
        if is_idle(receipt) and "/" in receipt.name and _given(receipt.name) in useful:
            receipt.status, receipt.error = "not used", None


def is_idle(receipt: FileReceipt) -> bool:
    """Whether a file is of no format that is read, or empty: it depends on what lies beside it."""
    error = receipt.error
    return isinstance(error, UnknownFormat | NoRecords) and not isinstance(error, UnreadGlucose)


def _given(name: str) -> str:
    """The folder or archive that was given, in which a file of this name was found."""
    return name.partition("/")[0]


def who_has(known: Mapping[str, Known], found: Found, connector: str) -> list[str]:
    """Of participants and their files, who has these bytes, read by this connector."""
    if not any(files.has_size(found.size) for files in known.values()):
        return []
    key = connector, sha256(found)[:FILE_DIGITS]
    return [who for who, files in known.items() if files.part(key)]


def read_again(
    lake: Lake, participant: str, settings: Settings, passwords: Passwords
) -> list[FileReceipt]:
    """Extract everything in a participant's inbox, also what was read before."""
    inbox = [lake.inbox / participant]
    return read_all(lake, participant, inbox, settings, again=True, passwords=passwords)


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
        settled(lake, settings, was_left, tell)
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
    there = files_of(lake, participant)
    receipt.files = read_all(lake, participant, paths, settings, progress, passwords=passwords)
    if not any(f.manifest for f in receipt.files):
        receipt.problems.append("nothing in what was given is an export that dawnlake reads")
    give_way(lake, receipt, there)
    with derivation(lake, settings) as derive:
        outcome = derive.align(participant)
        nights = derive.finish()
    build_views(lake, settings)
    complete(lake, receipt, there, outcome, nights)
    return receipt


def give_way(lake: Lake, receipt: Receipt, there: set[str]) -> None:
    """Take out what newer documents of a service have replaced, once it was counted against."""
    if replaced_parts(lake, receipt.participant):
        count_new(lake, receipt, there)
        receipt.is_counted = True
    drop_replaced(lake, receipt.participant)


def complete(
    lake: Lake, receipt: Receipt, there: set[str], outcome: Aligned, nights: Mapping[str, Nights]
) -> None:
    """Fill in what the files brought. `there` are the files known before."""
    if outcome.changed:
        if not receipt.is_counted:
            count_new(lake, receipt, there)
        came = nights.get(receipt.participant, Nights())
        receipt.nights_added, receipt.nights_changed = came.added, came.changed
        if came.in_bed_only:
            receipt.notes.append(
                f"of {came.in_bed_only} dates time in bed is told and no sleep: they are no "
                "nights, see the relation in_bed_only"
            )
    if problem := zone_problem(outcome):
        receipt.problems.append(str(problem))
    if question := people_problem(outcome):
        receipt.problems.append(question)
    receipt.notes += zone_notes(outcome)
