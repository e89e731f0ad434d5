"""One participant's share of a run as one piece of work, here or in another process.

Nothing of it shows until the run has let it take its place: tables go to a stage. What was read
stays in any case, and is known to the next run.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from flows.deriving.align import Aligned, Parts, aligned, known
from flows.deriving.files import give_way, read_all
from flows.deriving.receipt import Receipt, count_new
from flows.reading.manifest import files_of
from flows.reading.password import NobodyHere, Passwords, nobody
from flows.reading.together import untangle
from flows.reading.walk import walk
from flows.settings import Settings
from warehouse.store.lake import Lake
from warehouse.store.work import at_work


@dataclass(frozen=True)
class Person:
    """What is to be done for one participant.

    stage     where the tables go
    settings  with this participant alone
    paths     what to read before; `again` also what was read before
    receipt   of files that were read already; `there` are those known before them
    force     derive the tables also if nothing has changed
    """

    lake: Lake
    stage: Lake
    settings: Settings
    participant: str
    paths: tuple[Path, ...] = ()
    passwords: Passwords = field(default_factory=Passwords, repr=False)
    again: bool = False
    force: bool = False
    receipt: Receipt | None = None
    there: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Worked:
    """What came of it: of the files, those known before, and of aligning."""

    receipt: Receipt
    there: frozenset[str]
    outcome: Aligned


def worked(person: Person) -> Worked | None:
    """Files of a participant read, and their tables derived to the stage if anything has changed.

    None, with nothing done, if a password has to be asked for and nobody is here.

    Raises: duckdb.Error, pyarrow.ArrowException for a damaged lake; OSError; RunEnded.
    """
    with at_work(person.lake, person.stage):
        if person.passwords.ask is nobody and _is_asking(person):
            return None
        lake, who, settings = person.lake, person.participant, person.settings
        receipt, there = person.receipt or Receipt(who), person.there
        if person.paths:
            there = frozenset(files_of(lake, who))
            receipt.files = read_all(
                lake,
                who,
                person.paths,
                settings,
                again=person.again,
                passwords=person.passwords,
            )
        untangle(lake, who)
        give_way(lake, receipt, set(there))
        parts = Parts.of(lake, who)
        before = None if person.force else known(lake, who, settings, parts)
        outcome = before or aligned(lake, person.stage, who, settings, parts)
        if outcome.changed and not receipt.is_counted:
            count_new(lake, receipt, set(there), parts)
            receipt.is_counted = True
        return Worked(receipt, there, outcome)


def _is_asking(person: Person) -> bool:
    """Whether an archive is locked, and no password that is known opens it."""
    try:
        for _ in walk(person.paths, person.settings.limits, person.passwords):
            pass
    except NobodyHere:
        return True
    return False
