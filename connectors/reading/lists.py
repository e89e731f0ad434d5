"""Many small files that are lists of records, as one file, and which record was whose.

A list is an array of JSON, or a table with its header in the first line. To read a small file takes
a connector as long as to read a thousand times as much, so those of one format are put together:
arrays element after element, tables line after line below their one header. A record's number there
leads back to its file and its number in it.
"""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from connectors.contract import PEEK_BYTES, Source
from connectors.reading.delimited import lines_of

Numbers = npt.NDArray[np.int64]
ARRAY = "["


@dataclass(frozen=True)
class Listed:
    """A file that is a list. Those with the same `head` may be put together.

    head      the header line of a table, `[` of an array
    body      what stands below it, or inside of it
    length    how many numbers its records take: elements, or lines below the header
    records   how many records it has: blank lines are none
    """

    head: str
    body: str
    length: int
    records: int


def listed(data: bytes) -> Listed | None:
    """What is in the bytes of a small file; None if it is no list, or not sound from end to end."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
    return _array(text) if text.lstrip()[:1] == ARRAY else _table(text)


def _array(text: str) -> Listed | None:
    try:
        length = len(json.loads(text))
    except (ValueError, RecursionError):
        return None
    body = text[text.index(ARRAY) + 1 : text.rindex("]")]
    return Listed(ARRAY, body, length, length) if length else None


def _table(text: str) -> Listed | None:
    header, *rows = lines_of(text) or [""]
    if "\0" in text or text.count('"') % 2 or not header or not rows:
        return None
    return Listed(header, "\n".join(rows), len(rows), sum(1 for row in rows if row.strip()))


@dataclass(frozen=True)
class Joined:
    """Several lists of the same head as one file."""

    lists: Sequence[Listed]

    @property
    def is_array(self) -> bool:
        return self.lists[0].head == ARRAY

    def source(self) -> Source:
        """The file to be read."""
        bodies = (each.body for each in self.lists)
        if self.is_array:
            text = f"[{','.join(bodies)}]"
        else:
            text = "\n".join([self.lists[0].head, *bodies, ""])
        data = text.encode()
        return Source("lists", ("lists",), lambda _: data[:PEEK_BYTES], lambda _: io.BytesIO(data))

    def whose(self, number: Numbers) -> tuple[Numbers, Numbers]:
        """For each record number the file it is of, by its place, and its number there.

        Raises: IndexError for a number that is no record's.
        """
        first = 1 if self.is_array else 2
        place = number - first
        if len(place) and (place.min() < 0 or place.max() >= self._begins[-1]):
            raise IndexError("a record number outside of all files")
        file = np.searchsorted(self._begins, place, side="right") - 1
        return file, place - self._begins[file] + first

    @cached_property
    def _begins(self) -> Numbers:
        """Where each file begins, from 0, and where the last one ends."""
        return np.cumsum([0, *(each.length for each in self.lists)], dtype=np.int64)
