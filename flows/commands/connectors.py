"""connectors: the formats that are read."""

from __future__ import annotations

from pathlib import Path

from connectors import connectors
from flows.reading.mappings import mapped
from flows.usage import data, listing
from warehouse.store.lake import Lake


def show_connectors(folder: Path) -> int:
    """Every format and how well each of its variants is known, with the mappings of a lake."""
    table = listing("connector", "format", "verified on real files or fixtures", "unverified")
    for connector in (*connectors().values(), *mapped(Lake(folder))):
        sure = [v for v, evidence in connector.variants.items() if evidence == "verified"]
        rest = [v for v, evidence in connector.variants.items() if evidence != "verified"]
        table.add_row(connector.name, connector.title, ", ".join(sure), ", ".join(rest))
        table.add_section()
    data.print(table)
    return 0
