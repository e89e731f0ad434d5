"""Ingest as plain functions: walk, identify, extract, align, build. Prefect and the CLI call these.

Nothing here decides anything about data.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path

from connectors.contract import IngestError
from flows.deriving.align import Aligned
from flows.deriving.completion import build_views as build_views
from flows.deriving.completion import settled
from flows.deriving.derivation import Derivation, Nights, derivation
from flows.deriving.files import excuse_archives as excuse_archives
from flows.deriving.files import give_way as give_way
from flows.deriving.files import is_idle as is_idle
from flows.deriving.files import read_all as read_all
from flows.deriving.files import settle as settle
from flows.deriving.intake import Progress
from flows.deriving.intake import ReaderFault as ReaderFault
from flows.deriving.people_words import people_problem
from flows.deriving.person import Worked
from flows.deriving.receipt import FileReceipt as FileReceipt
from flows.deriving.receipt import Receipt as Receipt
from flows.deriving.receipt import count_new
from flows.deriving.zone_words import zone_notes
from flows.deriving.zone_words import zone_problem as zone_problem
from flows.reading.hashed import FILE_DIGITS
from flows.reading.manifest import Known, files_of
from flows.reading.password import Passwords
from flows.reading.walk import Found, sha256
from flows.settings import (
    Settings,
    check_participant,
    check_zone,
    load,
)
from flows.settings_kept import remember_zone
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


def who_has(known: Mapping[str, Known], found: Found, connector: str) -> list[str]:
    """Of participants and their files, who has these bytes, read by this connector."""
    if not any(files.has_size(found.size) for files in known.values()):
        return []
    key = connector, sha256(found)[:FILE_DIGITS]
    return [who for who, files in known.items() if files.part(key)]


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


def concluded(
    lake: Lake, derive: Derivation, who: str, done: Worked | IngestError, given: Receipt
) -> Receipt:
    """The receipt of a participant after all were derived; `given` if nothing came of it."""
    if isinstance(done, Worked):
        complete(lake, done.receipt, done.there, done.outcome, derive.nights)
        given = done.receipt
    died = done if isinstance(done, IngestError) else derive.lost.get(who)
    if died:
        given.problems.append(f"{who}: {died}")
    return given


def complete(
    lake: Lake,
    receipt: Receipt,
    there: Collection[str],
    outcome: Aligned,
    nights: Mapping[str, Nights],
) -> None:
    """Fill in what the files brought. `there` are the files known before."""
    if outcome.changed:
        if not receipt.is_counted:
            count_new(lake, receipt, set(there))
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
