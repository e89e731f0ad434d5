"""ingest --subjects: a participant of each person whose records a file names."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from connectors.contract import IngestError
from flows.deriving import pipeline
from flows.deriving.completion import settled
from flows.deriving.crew import Crew
from flows.deriving.derivation import derivation
from flows.deriving.person import Person
from flows.deriving.pipeline import FileReceipt, Receipt
from flows.imports import without_pandas
from flows.reading.identify import identified
from flows.reading.manifest import Manifest, files_of
from flows.reading.mappings import mapped
from flows.reading.password import Passwords
from flows.reading.subjects import extracted_subjects, known_subjects
from flows.reading.walk import Found, Unreadable, walk
from flows.settings import Settings, load
from flows.settings_kept import remember_zones
from flows.terminal.receipt import print_receipts
from flows.usage import UsageError, asker, given, say
from warehouse.store.lake import Lake
from warehouse.store.lock import writing

PREFIX = r"([A-Za-z0-9][A-Za-z0-9_.-]{0,62})?"


def whose(
    participant: str | None, is_by_subject: bool, prefix: str, is_by_folder: bool = False
) -> bool:
    """Whether the records themselves say whose they are.

    Raises: UsageError if that is left open, or asked for twice.
    """
    if is_by_folder and (participant is not None or is_by_subject or prefix):
        raise UsageError(
            "--participant-from-folder says whose it is: without --participant and --subjects"
        )
    if is_by_folder:
        return False
    if participant is not None and is_by_subject:
        raise UsageError("--participant is for one person's files, --subjects for many: name one")
    if participant is None and not is_by_subject:
        raise UsageError(
            "say whose it is: --participant ID, --participant-from-folder DIR of a folder for "
            "each person, or --subjects if the records name people"
        )
    if prefix and not is_by_subject:
        raise UsageError("--prefix goes with --subjects")
    return is_by_subject


def run_subjects(
    folder: Path,
    paths: Iterable[Path],
    prefix: str,
    timezone: str | None,
    password_file: Path | None = None,
    workers: int | None = 1,
) -> int:
    """Ingest files of several people each; a receipt for every participant; 1 if anything is aside.

    Raises: UsageError for an impossible prefix; SettingsError; FileNotFoundError.
    """
    without_pandas()
    if not re.fullmatch(PREFIX, prefix):
        raise UsageError("a prefix begins with a letter or digit, then dots, dashes, underscores")
    lake, wanted = Lake(folder), given(paths)
    pipeline.checked(prefix or "p", timezone)
    passwords = Passwords.of(password_file, asker())
    with writing(lake, "dawnlake ingest", say) as was_left, Crew(workers) as crew:
        lake.create()
        settings = load(lake.settings)
        settled(lake, settings, was_left, say, crew)
        before = {who: files_of(lake, who) for who in lake.participants()}
        files = _Files(lake, prefix, settings)
        for item in walk(wanted, settings.limits, passwords):
            files.read(item)
        pipeline.excuse_archives(files.aside)
        if timezone:
            settings = remember_zones(lake.settings, list(files.receipts), timezone)
        receipts = _derive_all(lake, settings, files.receipts, before, crew)
    return _told(files, receipts)


class _Files:
    """What became of the files, by participant, and what was set aside for all of them."""

    def __init__(self, lake: Lake, prefix: str, settings: Settings) -> None:
        self._lake, self._prefix, self._settings = lake, prefix, settings
        self._mappings = mapped(lake)
        self.receipts: dict[str, Receipt] = {}
        self.aside: list[FileReceipt] = []
        self.nameless = 0

    def read(self, item: Found | Unreadable) -> None:
        """Take one file in, or aside. Never raises for a bad file."""
        if isinstance(item, Unreadable):
            self.aside.append(FileReceipt(item.name, "set aside", error=item.error))
            return
        name = ""
        try:
            claim = identified(item.source, self._mappings)
            name = claim[0].name
            if known := known_subjects(self._lake, self._prefix, item, claim[0]):
                self._take(item, "known", known)
                return
            budget = self._settings.rules.reject_max_pct
            handed = extracted_subjects(self._lake, self._prefix, item, budget, claim)
        except IngestError as error:
            self.aside.append(FileReceipt(item.name, "set aside", item.archive, error=error))
        except (OSError, MemoryError):
            raise  # the machine's trouble, not this file's
        except Exception as error:
            fault = pipeline.ReaderFault(name, error)
            self.aside.append(FileReceipt(item.name, "set aside", item.archive, error=fault))
        else:
            self._take(item, "read", handed.manifests)
            if handed.of_nobody:
                codes = ", ".join(f"{code} {n}" for code, n in sorted(handed.of_nobody.items()))
                say(f"not understood, and of nobody by name: {item.name}: {codes}")
                self.nameless += handed.of_nobody.total()

    def _take(self, item: Found, status: str, manifests: dict[str, Manifest]) -> None:
        say(f"{status}: {item.name}: {len(manifests)} people")
        for who, manifest in manifests.items():
            receipt = FileReceipt(item.name, status, item.archive, manifest)
            if status == "known":
                receipt.already_known = manifest["carried_count"]
            self.receipts.setdefault(who, Receipt(who)).files.append(receipt)


def _derive_all(
    lake: Lake,
    settings: Settings,
    receipts: dict[str, Receipt],
    before: dict[str, set[str]],
    crew: Crew,
) -> list[Receipt]:
    """Tables of each participant, the views once; the receipts with what is new."""
    with derivation(lake, settings, crew) as derive:

        def person(who: str) -> Person:
            there = frozenset(before.get(who, ()))
            return derive.person(who, receipt=receipts[who], there=there)

        found = list(derive.each(map(person, receipts)))
        derive.finish()
    pipeline.build_views(lake, settings)
    return [
        pipeline.concluded(lake, derive, who, done, receipts[who])
        for who, done in zip(receipts, found, strict=True)
    ]


def _told(files: _Files, receipts: list[Receipt]) -> int:
    """Every receipt, then what was set aside."""
    print_receipts(sorted(receipts, key=lambda each: each.participant))
    for file in files.aside:
        if file.error:
            say(f"set aside: {file.name}: {file.error}")
    if not files.receipts:
        say("nothing in what was given names people in a format that dawnlake reads")
    say(f"participants: {len(files.receipts)}")
    clean = all(receipt.is_clean for receipt in receipts)
    aside = any(file.error for file in files.aside)
    return 0 if files.receipts and clean and not aside and not files.nameless else 1
