"""ingest --subjects: a participant of each person whose records a file names."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from connectors.contract import IngestError
from flows.deriving import pipeline
from flows.deriving.completion import settled
from flows.deriving.derivation import derivation
from flows.deriving.pipeline import FileReceipt, Receipt
from flows.imports import without_pandas
from flows.reading.identify import identified
from flows.reading.manifest import Manifest, files_of
from flows.reading.mappings import mapped
from flows.reading.password import Passwords
from flows.reading.subjects import extracted_subjects, known_subjects
from flows.reading.walk import Found, Unreadable, walk
from flows.settings import Settings, load
from flows.terminal.receipt import print_receipt
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
    with writing(lake, "dawnlake ingest", say) as was_left:
        lake.create()
        settings = load(lake.settings)
        settled(lake, settings, was_left, say)
        before = {who: files_of(lake, who) for who in lake.participants()}
        files = _Files(lake, prefix, settings)
        for item in walk(wanted, settings.limits, passwords):
            files.read(item)
        pipeline.excuse_archives(files.aside)
        for who in files.receipts if timezone else ():
            settings = pipeline.prepared(lake, who, timezone)
        derive_all(lake, settings, files.receipts, before)
    return _told(files)


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


def derive_all(
    lake: Lake, settings: Settings, receipts: dict[str, Receipt], before: dict[str, set[str]]
) -> None:
    """Tables of each participant, the views once, and what is new in each receipt."""
    with derivation(lake, settings) as derive:
        outcomes = {who: derive.align(who) for who in receipts}
        nights = derive.finish()
    pipeline.build_views(lake, settings)
    for who, receipt in receipts.items():
        pipeline.complete(lake, receipt, before.get(who, set()), outcomes[who], nights)


def _told(files: _Files) -> int:
    """Every receipt, then what was set aside."""
    for _, receipt in sorted(files.receipts.items()):
        print_receipt(receipt)
    for file in files.aside:
        if file.error:
            say(f"set aside: {file.name}: {file.error}")
    if not files.receipts:
        say("nothing in what was given names people in a format that dawnlake reads")
    say(f"participants: {len(files.receipts)}")
    clean = all(receipt.is_clean for receipt in files.receipts.values())
    aside = any(file.error for file in files.aside)
    return 0 if files.receipts and clean and not aside and not files.nameless else 1
