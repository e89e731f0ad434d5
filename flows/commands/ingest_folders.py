"""ingest --participant-from-folder: a folder for each person, all in one call."""

from __future__ import annotations

import re
from pathlib import Path

from connectors.contract import IngestError
from flows.deriving import pipeline
from flows.deriving.completion import settled
from flows.deriving.crew import Crew
from flows.deriving.derivation import derivation
from flows.deriving.person import Person, Worked
from flows.deriving.receipt import Receipt
from flows.imports import without_pandas
from flows.reading.inbox import ids, twin
from flows.reading.litter import is_litter
from flows.reading.password import Passwords
from flows.settings import PARTICIPANT, check_zone, load
from flows.settings_kept import remember_zones
from flows.terminal.receipt import print_receipts
from flows.usage import UsageError, asker, is_terminal, say
from warehouse.store.lake import Lake
from warehouse.store.lock import writing


def run_folders(
    folder: Path,
    people: Path,
    timezone: str | None,
    password_file: Path | None = None,
    workers: int | None = 1,
) -> int:
    """Ingest each folder in `people` as that of a participant of its name; 1 if anything is aside.

    Raises: UsageError if `people` is no folder, or has none; SettingsError.
    """
    without_pandas()
    if not people.is_dir():
        raise UsageError(f"no folder {people}: it holds a folder for each participant")
    lake = Lake(folder)
    named, odd = _people(lake, people)
    if not named:
        raise UsageError(f"{people} holds no folder that is called as a participant can be")
    passwords = Passwords.of(password_file, asker())
    if timezone:
        check_zone(timezone)
    with writing(lake, "dawnlake ingest", say) as was_left, Crew(workers) as crew:
        lake.create()
        settings = load(lake.settings)
        settled(lake, settings, was_left, say, crew)
        if timezone:
            settings = remember_zones(lake.settings, named, timezone)
        with derivation(lake, settings, crew) as derive:

            def person(who: str) -> Person:
                return derive.person(who, paths=(people / who,), passwords=passwords)

            found = []
            for who, done in zip(named, derive.each(map(person, named)), strict=True):
                found.append(done)
                say(f"{who} ({len(found)} of {len(named)})")
                _tell(done)
            derive.finish()
        pipeline.build_views(lake, settings)
        receipts = [
            pipeline.concluded(lake, derive, who, done, Receipt(who))
            for who, done in zip(named, found, strict=True)
        ]
    print_receipts(receipts)
    for sentence in odd:
        say(sentence)
    say(f"participants: {len(receipts)}")
    return 0 if all(receipt.is_clean for receipt in receipts) and not odd else 1


def _tell(done: Worked | IngestError) -> None:
    """A line for each file, and a problem if none is an export."""
    if isinstance(done, IngestError):
        return
    receipt = done.receipt
    for file in receipt.files:
        if not is_terminal() and not pipeline.is_idle(file):
            say(f"{file.status}: {file.name}")
    if not any(file.manifest for file in receipt.files):
        who = receipt.participant
        receipt.problems.append(f"nothing of {who} is an export that dawnlake reads")


def _people(lake: Lake, people: Path) -> tuple[list[str], list[str]]:
    """Ids of the folders, and sentences on what else lies there."""
    named, odd, known = [], [], ids(lake)
    for path in sorted(path for path in people.iterdir() if not is_litter([path.name])):
        if not path.is_dir():
            odd.append(f"set aside: {path.name}: not in the folder of a participant")
        elif not re.fullmatch(PARTICIPANT, path.name):
            odd.append(
                f"set aside: {path.name}: no participant id, which is 1 to 64 letters, digits, "
                "dots, dashes or underscores: rename the folder"
            )
        elif other := twin(path.name, known):
            odd.append(f"set aside: {path.name}: differs from {other} in capitals alone")
        else:
            named.append(path.name)
    return named, odd
