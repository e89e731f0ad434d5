"""The first lines of a file as cells, for connectors that know a table by its header.

Every connector asks about every file, so what they ask for is worked out once per file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from connectors.contract import BrokenFile, Head
from connectors.reading.delimited import LONGEST_LINE, decoded, fields_of, is_json, lines_of
from connectors.reading.workbook import is_workbook

DELIMITERS = ",;\t|"
LINES = 40  # a header that stands below is nobody's


@dataclass(frozen=True)
class Row:
    """A line of the start of a file: its place (from 0), its delimiter and its cells."""

    place: int
    delimiter: str
    cells: tuple[str, ...]


def head_rows(head: Head) -> tuple[Row, ...]:
    """The first lines, each split at the delimiter that it has most of. Never raises."""
    return _rows(head.first)


def header_row(head: Head, needed: Iterable[str], lines: int = 1) -> Row | None:
    """The first of so many lines that has all the needed cells, or None. Never raises."""
    wanted = frozenset(needed)
    return next((row for row in head_rows(head)[:lines] if wanted <= set(row.cells)), None)


@lru_cache(maxsize=4)
def _rows(first: bytes) -> tuple[Row, ...]:
    if is_workbook(first):
        return ()
    return tuple(_split(lines_of(decoded(first))[:LINES]))


def _split(lines: list[str]) -> Iterator[Row]:
    for place, line in enumerate(lines):
        if len(line) > LONGEST_LINE or is_json(line):
            return
        delimiter = max(DELIMITERS, key=line.count)
        try:
            yield Row(place, delimiter, tuple(fields_of(line, delimiter)))
        except (BrokenFile, ValueError):
            return
