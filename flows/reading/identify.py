"""Which connector reads a file: everyone is asked, on content; two claims are an error."""

from __future__ import annotations

from collections.abc import Iterable

from connectors import connectors
from connectors.contract import AmbiguousFormat, Connector, Head
from flows.reading.near import refusal


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
        raise refusal(head)
    if len(claims) > 1:
        names = " and ".join(connector.name for connector, _ in claims)
        raise AmbiguousFormat(f"claimed by {names}; please report this export's header line")
    return claims[0]
