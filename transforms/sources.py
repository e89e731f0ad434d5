"""Which rows come from which source: a connector and one of its devices."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.arrays import Mask, Micros
from transforms.coded import encoded

Source = tuple[str, str]


def by_source(rows: pa.Table) -> list[tuple[Source, Mask]]:
    """Each source in the order of names, and its rows; a device that is not named is ''."""
    number, names = numbered([rows["connector"], rows["device"]])
    codes: dict[Source, list[int]] = {}
    for code, (connector, device) in enumerate(names):
        codes.setdefault((connector or "", device or ""), []).append(code)
    return [(source, np.isin(number, mine)) for source, mine in sorted(codes.items())]


def numbered(columns: list[pa.ChunkedArray]) -> tuple[Micros, list[tuple[str | None, ...]]]:
    """A number for each row that is the same for equal texts, and the texts of each number.

    Numbers are in the order of the texts, NULL first.
    """
    code = np.zeros(len(columns[0]), np.int64)
    words: list[list[str | None]] = []
    for column in columns:
        coded = encoded(column)
        found = coded.dictionary.to_pylist()
        order = sorted(range(len(found)), key=lambda index: found[index])
        rank = np.zeros(len(found) + 1, np.int64)  # the last is for NULL
        rank[order] = np.arange(1, len(found) + 1)
        indices = np.asarray(pc.fill_null(coded.indices, len(found))).astype(np.int64)
        code = code * (len(found) + 1) + rank[indices]
        words.append([None, *(found[index] for index in order)])
    known, number = (code[:1], np.zeros(len(code), np.int64))
    if (code != code[:1]).any():
        known, number = np.unique(code, return_inverse=True)
    names = []
    for each in known.tolist():
        name: list[str | None] = []
        for found in reversed(words):
            each, place = divmod(each, len(found))
            name.append(found[place])
        names.append(tuple(reversed(name)))
    return number, names
