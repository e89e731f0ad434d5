"""Tandem Source CSV (since 2023).

One record is one row of one of its tables (sections): readings of the sensor, fingersticks,
boluses. Some lines about the report may stand above, or the file begins with the first header. The
clock is the pump's naive one; the unit stands in the headers. Rows of fingersticks end with a comma
more than their header.

Evidence: a disguised copy of a repository's trimmed real file (readings alone); the other tables as
two readers of real exports describe them.
"""

from __future__ import annotations

from collections.abc import Iterator

from connectors.contract import BrokenFile, Connector, Head, Item, Source
from connectors.reading.delimited import decoded, lines_of
from connectors.reading.grid import grids_seen
from connectors.tandem.sections import items_of, sections_of

HEADER_WITHIN = 60


def identify(head: Head) -> str | None:
    """The unit's variant where the first table is Tandem Source's, else None."""
    for grid in grids_seen(head)[:1]:
        for section in [] if grid.sheet else sections_of(grid.lines[:HEADER_WITHIN]):
            if section.unit:
                return "mgdl" if section.unit == "mg/dL" else "mmoll"
    return None


def extract(source: Source, variant: str) -> Iterator[Item]:
    """Samples of glucose, fingersticks, insulin and carbohydrate; meals.

    Skips: `nothing_given`, `no_value`, `insulin_on_board`.

    Raises: BrokenFile without a table.
    """
    lines = lines_of(decoded(source.read()))
    sections = sections_of(lines)
    if not sections:
        raise BrokenFile("there is no table in this Tandem Source export; export it again")
    yield from items_of(lines, sections)


CONNECTOR = Connector(
    name="tandem_source",
    title="Tandem Source CSV",
    version="1",
    variants={"mgdl": "verified", "mmoll": "unverified"},
    identify=identify,
    extract=extract,
    source="pump",
)
