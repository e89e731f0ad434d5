"""Rows of cells, whether they are delimited text or the sheets of a workbook.

A format that people have as CSV and as .xlsx is looked for and read in the same way: its header is
one of the first rows of a grid, and what stands below it are text columns with row numbers.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

from connectors.contract import BrokenFile, Head, Source
from connectors.reading.delimited import Delimited, decoded, fields_of, lines_of, rows_below
from connectors.reading.workbook import Sheet, is_workbook, sheets_of, sheets_seen

TOP = 60  # rows in which a header is looked for
DELIMITERS = ",;\t"


@dataclass(frozen=True)
class Grid:
    """A text (its lines) or a sheet (its name, and whether it is shown)."""

    lines: list[str] = field(default_factory=list, repr=False)
    sheet: Sheet | None = field(default=None, repr=False)

    @property
    def name(self) -> str:
        """The name of the sheet; a text has none."""
        return self.sheet.name if self.sheet else ""

    @cached_property
    def top(self) -> list[list[str]]:
        """The cells of the first rows; none of a line that is longer than any row."""
        if self.sheet:
            return self.sheet.top(TOP)
        return [_cells(line) for line in self.lines[:TOP]]

    def delimiter(self, row: int) -> str:
        """What parts the cells of a line."""
        return max(DELIMITERS, key=self.lines[row].count)

    def below(self, header: int, end: int | None = None) -> Delimited:
        """Everything below row `header` (from 0), up to row `end` if it is given.

        Raises: BrokenFile if the quoting cannot be followed, or there is no such row.
        """
        if self.sheet:
            return self.sheet.below(header, end)
        return rows_below(self.lines[:end], header, self.delimiter(header))


def filled(cells: list[str]) -> list[str]:
    """Cells without the blank ones at the end, with which a spreadsheet fills up a row."""
    last = next((i for i in range(len(cells), 0, -1) if cells[i - 1]), 0)
    return cells[:last]


def grids_seen(head: Head) -> tuple[Grid, ...]:
    """The grids of a file as far as a connector may look; never raises."""
    if is_workbook(head.first):
        return tuple(Grid(sheet=sheet) for sheet in sheets_seen(head))
    return _text_seen(head.first)


def grids_of(source: Source) -> tuple[Grid, ...]:
    """The grids of a whole file: one of a text, one of every sheet.

    Raises: BrokenFile.
    """
    if is_workbook(source.first):
        return tuple(Grid(sheet=sheet) for sheet in sheets_of(source))
    return (Grid(lines_of(decoded(source.read()))),)


@lru_cache(maxsize=1)  # all connectors ask about one file in turn
def _text_seen(first: bytes) -> tuple[Grid, ...]:
    text = decoded(first)
    if text.lstrip()[:1] in ("", "{", "[", "<") or "\0" in text[:1000].partition("\n")[0]:
        return ()
    return (Grid(lines_of(text)),)


def _cells(line: str) -> list[str]:
    try:
        return fields_of(line, max(DELIMITERS, key=line.count))
    except (BrokenFile, csv.Error):
        return []
