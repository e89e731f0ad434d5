"""MESA Sleep actigraphy CSV: one line per 30 seconds of one participant, with the time of the day.

There is a day of the week and no date, on purpose, so that no epoch can be placed in a calendar.
Such a file is claimed, counted and refused with a sentence.

Evidence: a real file of the data set.
"""

from __future__ import annotations

from collections.abc import Iterator

from connectors.contract import Connector, Head, Item, Source, UndatableFile
from connectors.reading.delimited import decoded, lines_of
from connectors.reading.named import header_of

COLUMNS = {"mesaid", "line", "linetime", "offwrist", "activity", "wake", "interval", "dayofweek"}


def identify(head: Head) -> str | None:
    """`csv` where the header has the columns of this data set."""
    header = header_of(head)
    return "csv" if set(header) >= COLUMNS else None


def extract(source: Source, variant: str) -> Iterator[Item]:
    """Nothing: without a date there is no time.

    Raises: UndatableFile.
    """
    lines = lines_of(decoded(source.read()))
    rest = sum(",REST-S," in line for line in lines)
    raise UndatableFile(
        f"{len(lines) - 1} epochs, {rest} of them inside sleep, with a time of the day and no "
        "date: the data set has none. Its nights cannot be joined with other data"
    )
    yield  # what makes it an iterator


CONNECTOR = Connector(
    name="mesa_actigraphy",
    title="MESA Sleep actigraphy",
    version="1",
    variants={"csv": "verified"},
    identify=identify,
    extract=extract,
    source="actigraph",
)
