"""Tandem t:connect therapy timeline CSV (until 2024).

One record is one row of one of its tables (sections): readings of sensor and meter, insulin on
board, basal rates, boluses. The clock is the pump's naive one. Readings name no unit; t:connect
shows mg/dL, and a file whose median is below 30 is taken for mmol/L and told as drift.

Evidence: the strings in the tests of a public client, and a file made by them.
"""

from __future__ import annotations

from collections.abc import Iterator

from connectors.contract import BrokenFile, Connector, Head, Item, Source
from connectors.reading.delimited import decoded, lines_of
from connectors.reading.grid import grids_seen
from connectors.tandem.sections import items_of, sections_of

HEADER_WITHIN = 60


def identify(head: Head) -> str | None:
    """`timeline` where the first table is t:connect's, else None."""
    for grid in grids_seen(head)[:1]:
        sections = [] if grid.sheet else sections_of(grid.lines[:HEADER_WITHIN])
        if sections and not any(section.unit for section in sections):
            return "timeline"
    return None


def extract(source: Source, variant: str) -> Iterator[Item]:
    """Samples of glucose, fingersticks, insulin, basal rates and carbohydrate; meals.

    Skips: `insulin_on_board`, `nothing_given`, `no_value`.

    Raises: BrokenFile without a table.
    """
    lines = lines_of(decoded(source.read()))
    sections = sections_of(lines)
    if not sections:
        raise BrokenFile("there is no table in this t:connect export; export it again")
    yield from items_of(lines, sections)


CONNECTOR = Connector(
    name="tandem_tconnect",
    title="Tandem t:connect therapy timeline CSV",
    version="1",
    variants={"timeline": "verified"},
    identify=identify,
    extract=extract,
    source="pump",
)
