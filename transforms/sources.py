"""Which rows come from which source: a connector and one of its devices."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.timeline import Mask, Micros

Source = tuple[str, str]


def by_source(rows: pa.Table) -> list[tuple[Source, Mask]]:
    """Each source in the order of names, and its rows; a device that is not named is ''."""
    texts = [pc.fill_null(rows[n].cast(pa.string()), "") for n in ("connector", "device")]
    number, names = numbered(texts)
    return [((name[0], name[1]), number == code) for code, name in enumerate(names)]


def numbered(texts: list[pa.ChunkedArray]) -> tuple[Micros, list[tuple[str, ...]]]:
    """A number for each row that is the same for equal texts, and the texts of each number.

    Numbers are in the order of the texts. No text is null.
    """
    code = np.zeros(len(texts[0]), np.int64)
    words = []
    for text in texts:
        encoded = text.combine_chunks().dictionary_encode()
        found = np.array(encoded.dictionary.to_pylist(), object)
        order = np.argsort(found, kind="stable")
        rank = np.empty(len(found), np.int64)
        rank[order] = np.arange(len(found))
        code = code * max(len(found), 1) + rank[np.asarray(encoded.indices).astype(np.int64)]
        words.append(found[order])
    known, number = np.unique(code, return_inverse=True)
    names = []
    for each in known.tolist():
        name: list[str] = []
        for found in reversed(words):
            each, place = divmod(each, max(len(found), 1))
            name.append(str(found[place]))
        names.append(tuple(reversed(name)))
    return number.astype(np.int64), names
