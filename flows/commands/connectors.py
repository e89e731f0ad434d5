"""connectors: the formats that are read."""

from __future__ import annotations

from connectors import connectors
from flows.usage import data, listing


def show_connectors() -> int:
    """Every format and how well each of its variants is known."""
    table = listing("connector", "format", "verified on real files or fixtures", "unverified")
    for connector in connectors().values():
        sure = [v for v, evidence in connector.variants.items() if evidence == "verified"]
        rest = [v for v, evidence in connector.variants.items() if evidence != "verified"]
        table.add_row(connector.name, connector.title, ", ".join(sure), ", ".join(rest))
        table.add_section()
    data.print(table)
    return 0
