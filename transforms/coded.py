"""Texts as numbers, and runs of equal rows."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.arrays import Mask, Micros


def encoded(column: pa.ChunkedArray | pa.Array) -> pa.DictionaryArray:
    """The column as one dictionary array."""
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    return column if isinstance(column, pa.DictionaryArray) else column.dictionary_encode()


def codes(column: pa.ChunkedArray | pa.Array) -> Micros:
    """Numbers that sort as the texts do; NULL first."""
    coded = encoded(column)
    words = np.array([word or "" for word in coded.dictionary.to_pylist()], object)
    rank = np.empty(len(words) + 1, np.int64)
    rank[np.argsort(words, kind="stable")] = np.arange(len(words))
    rank[len(words)] = -1
    return rank[np.asarray(pc.fill_null(coded.indices, len(words))).astype(np.int64)]


def same(order: Micros, *keys: Micros) -> Mask:
    """Whether each row, in `order`, agrees with the one before in all keys."""
    agrees = np.ones(len(order), np.bool_)
    agrees[:1] = False
    for key in keys:
        sorted_key = key[order]
        agrees[1:] &= sorted_key[1:] == sorted_key[:-1]
    return agrees
