"""Which connector reads a file: everyone is asked, on content; two claims are an error."""

from __future__ import annotations

from collections.abc import Iterable

from connectors import connectors
from connectors.contract import AmbiguousFormat, Connector, Head, UnknownFormat
from connectors.reading.workbook import is_workbook, sheets_seen


def identified(head: Head, mapped: Iterable[Connector] = ()) -> tuple[Connector, str]:
    """The one connector that claims a file, also of those of a lake's mappings, and the variant.

    Raises: UnknownFormat, AmbiguousFormat.
    """
    claims = [
        (connector, variant)
        for connector in (*connectors().values(), *mapped)
        if (variant := connector.identify(head)) is not None
    ]
    if not claims:
        raise UnknownFormat(_unknown(head))
    if len(claims) > 1:
        names = " and ".join(connector.name for connector, _ in claims)
        raise AmbiguousFormat(f"claimed by {names}; please report this export's header line")
    return claims[0]


def _unknown(head: Head) -> str:
    """The sentence for a file that nobody claims: what it looks like, and what to do."""
    if not is_workbook(head.first):
        return "not a format dawnlake reads; `dawnlake connectors` lists them"
    if not sheets_seen(head):
        return (
            "a spreadsheet or document that cannot be read, or is under a password: open it and "
            "save the sheet as CSV, or export it again"
        )
    return (
        "a spreadsheet in no layout that dawnlake reads: give the export as its vendor wrote it, "
        "or save the sheet as CSV; `dawnlake connectors` lists the formats"
    )
