"""Rows whose quoted cells hold line breaks (RFC 4180, 2.6), put together before they are columns.

A line with an odd number of quotes may open such a cell, or may be damaged: then what follows up to
the next quote is rows that must not be swallowed. So lines are joined only where the quote closes
soon, a strict reader agrees, the row has as many cells as the others, and no line inside of the
quotes is a whole row itself. All else stays as it was: a broken line, told by its number.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

MOST_LINES = 40  # of one row
MOST_LETTERS = 1 << 14
BREAK = "\x1f"  # stands for a line break while rows are lines
SELDOM_PCT = 1  # a width of fewer rows than this is no layout of the file


@dataclass(frozen=True)
class Lines:
    """Lines that are not blank, with their numbers, their cells, and whether a quote is open."""

    text: pa.Array
    number: pa.Array
    width: pa.Array
    is_open: pa.Array


def joined(found: Lines, lines: list[str], columns: int, delimiter: str) -> Lines:
    """The same with rows of several lines in one, BREAK for each line break in them.

    `lines` are all lines of the file; `columns` is the width of the header.
    """
    opens: list[int] = np.flatnonzero(np.asarray(found.is_open)).tolist()
    if len(opens) < 2:
        return found
    widths = _usual(found, opens) | {columns}
    rows: dict[int, tuple[str, int]] = {}
    gone: list[int] = []
    place = 0
    while place + 1 < len(opens):
        first, last = opens[place], opens[place + 1]
        row = _row(found, lines, first, last, widths, delimiter)
        if row is not None:
            rows[first] = row
            gone += range(first + 1, last + 1)
        place += 1 if row is None else 2
    return _with_rows(found, rows, gone) if rows else found


def _usual(found: Lines, opens: list[int]) -> set[int]:
    """Widths that rows of this file have: of lines that cannot be inside of quotes."""
    is_row = np.ones(len(found.text), bool)
    for first, last in pairwise(opens):
        if last - first < MOST_LINES:
            is_row[first : last + 1] = False
    counts = pc.value_counts(found.width.filter(pa.array(is_row))).to_pylist()
    few = is_row.sum() * SELDOM_PCT / 100
    return {row["values"] for row in counts if row["counts"] >= few and row["values"] > 1}


def _row(
    found: Lines, lines: list[str], first: int, last: int, widths: set[int], delimiter: str
) -> tuple[str, int] | None:
    """The row that the lines from `first` to `last` are, and its width."""
    start, end = found.number[first].as_py(), found.number[last].as_py()
    if end - start >= MOST_LINES:
        return None
    inside = lines[start - 1 : end]
    if sum(map(len, inside)) > MOST_LETTERS:
        return None
    if any(width in widths for width in found.width[first + 1 : last].to_pylist()):
        return None
    is_first_cell = inside[0].lstrip().startswith('"') and inside[0].count('"') == 1
    if not is_first_cell and inside[-1].count(delimiter) + 1 in widths:
        return None
    try:
        pieces = [f"{line}\n" for line in inside]
        rows = list(csv.reader(pieces, delimiter=delimiter, strict=True))
    except csv.Error:
        return None
    if len(rows) != 1 or len(rows[0]) not in widths:
        return None
    return BREAK.join(inside), len(rows[0])


def _with_rows(found: Lines, rows: dict[int, tuple[str, int]], gone: list[int]) -> Lines:
    is_row, is_kept = np.zeros(len(found.text), bool), np.ones(len(found.text), bool)
    is_row[list(rows)], is_kept[gone] = True, False
    mask, kept = pa.array(is_row), pa.array(is_kept)
    texts, widths = zip(*(rows[place] for place in sorted(rows)), strict=True)
    return Lines(
        text=pc.replace_with_mask(found.text, mask, pa.array(texts, pa.string())).filter(kept),
        number=found.number.filter(kept),
        width=pc.replace_with_mask(found.width, mask, pa.array(widths, found.width.type)).filter(
            kept
        ),
        is_open=pc.and_(found.is_open, pc.invert(mask)).filter(kept),
    )
