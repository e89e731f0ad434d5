"""What a person is told of time zones after an ingest."""

from __future__ import annotations

from connectors.contract import NoTimeZone
from flows.deriving.align import Aligned
from transforms.clocks.questions import Question

MOST_QUESTIONS = 3


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


def zone_notes(outcome: Aligned) -> list[str]:
    """What a person should know of the home zone that was taken."""
    who, notes = outcome.participant, []
    if zone := outcome.zone_found:
        notes.append(
            f"home is taken to be {zone}, as the exports say; --timezone overrules it, "
            f"`dawnlake zones {who}` shows the evidence"
        )
    if doubt := outcome.home_doubt:
        better = f"they fit {doubt.zone}" if doubt.zone else "journeys of weeks may be why"
        notes.append(
            f"is the home zone of {who} right? {doubt.against} of {doubt.days} days of "
            f"evidence in the exports are against it; {better}. `dawnlake zones {who}` shows "
            "them, --timezone changes it"
        )
    shown = outcome.questions[:MOST_QUESTIONS]
    notes += [_asked(who, question) for question in shown]
    if more := len(outcome.questions) - len(shown):
        notes.append(f"and {more} more such questions: `dawnlake zones {who}` shows all")
    return notes


def _asked(who: str, question: Question) -> str:
    """A question about the clock of some days."""
    days = f"{question.days} day{'s' if question.days > 1 else ''}"
    settle = (
        f"their instants count as inferred; `dawnlake zones {who}` shows them, and zones in "
        "dawnlake.toml settle it"
    )
    match question.kind:
        case "rival":
            return (
                f"where was {who}? {days} of {question.connector} are taken to be at "
                f"{question.taken}; {question.instead} is about as likely; {settle}, as may "
                "exports of the time before or after"
            )
        case "future":
            return (
                f"{question.count} rows of {question.connector} are dated after their export was "
                f"made: flagged `future` and not used; `dawnlake zones {who}` shows when"
            )
        case "abroad":
            return (
                f"was {who} away from home so long? {days} of {question.connector} are taken to be "
                f"at {question.taken}, and little is known of home; {settle}"
            )
    return (
        f"{question.connector} states {question.taken} always ({days}): taken for its default, not "
        f"for where {who} was; if {who} was there, zones in dawnlake.toml say so"
    )
