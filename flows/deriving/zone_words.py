"""What a person is told of time zones after an ingest."""

from __future__ import annotations

from connectors.contract import NoTimeZone
from flows.deriving.align import Aligned


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
            f"is the home zone of {who} right? {doubt.against} of {doubt.pieces} pieces of "
            f"evidence in the exports are against it; {better}. `dawnlake zones {who}` shows "
            "them, --timezone changes it"
        )
    return notes
