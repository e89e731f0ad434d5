"""What a night brings for each participant, by tasks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from connectors.contract import Connector, IngestError
from flows.deriving import intake, pipeline
from flows.deriving.derivation import Derivation
from flows.deriving.intake import Unread
from flows.deriving.person import Worked
from flows.deriving.pipeline import FileReceipt, Receipt
from flows.nightly.discretion import Fault, Night, discreet
from flows.nightly.tasks import step
from flows.reading.manifest import Known, files_of
from flows.reading.mappings import mapped
from flows.reading.password import Passwords, handed
from flows.reading.walk import Found, walk
from flows.settings import Settings
from flows.usage import say
from warehouse.store.lake import Lake

extract = step("extract", "extract {unread.connector}", intake.extract)
align = step("align", "align {participant}", Derivation.align)
marts = step("marts", "marts", Derivation.finish)


def nights_of(derive: Derivation, people: Sequence[str], is_beside: bool) -> list[Night]:
    """What came of everyone, one after the other or at the same time; marts are in their places."""
    passwords = handed(say)
    if not is_beside:
        found = [_night(derive, who, passwords) for who in people]
        marts(derive)
        return found
    given = (
        derive.person(who, paths=(derive.lake.inbox / who,), passwords=passwords) for who in people
    )
    every = zip(people, derive.each(given), strict=True)
    found = [_night_of(who, came) for who, came in every]
    derive.finish()
    return found


def _night_of(participant: str, came: Worked | IngestError) -> Night:
    if isinstance(came, Worked):
        return Night(came.receipt, came.there, came.outcome)
    return Night(Receipt(participant), (), Fault(str(came)))


def _night(derive: Derivation, participant: str, passwords: Passwords) -> Night:
    lake, settings = derive.lake, derive.settings
    there, known = files_of(lake, participant), Known.of(lake, participant)
    mappings = mapped(lake)
    taken = intake.Intake(
        lambda found: _seen(found, known, mappings),
        lambda unread: _read(lake, participant, unread, settings, known),
    )
    for item in walk([lake.inbox / participant], settings.limits, passwords):
        taken.take(item)
    receipt = Receipt(participant, taken.finish())
    pipeline.settle(known, receipt.files)
    pipeline.give_way(lake, receipt, there)
    try:
        return Night(receipt, there, align(derive, participant))
    except Fault as fault:  # the others' night goes on
        return Night(receipt, there, fault)


def _seen(found: Found, known: Known, mappings: Iterable[Connector]) -> FileReceipt | Unread:
    try:
        with discreet():
            return intake.look(found, known, mappings=mappings)
    except Fault as fault:
        return FileReceipt(found.name, "set aside", found.archive, error=fault)


def _read(
    lake: Lake, participant: str, unread: Unread, settings: Settings, known: Known
) -> list[FileReceipt]:
    """A receipt for each, and one task for all."""
    try:
        return extract(lake, participant, unread, settings, known)
    except Fault as fault:
        return [FileReceipt(f.name, "set aside", f.archive, error=fault) for f in unread.files]
