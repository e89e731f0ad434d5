"""Delimited files whose columns are known by name, in whatever order a version writes them.

A header is compared without the case of its letters and without blanks around it. A column that
the format is not known to have is told as drift; a known one that is not there is NULL, or, if
nothing can be read without it, FormatDrift. A row that breaks off before its last column is
`is_short`: its last cell may be half a number.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

import pyarrow as pa
import pyarrow.compute as pc

from connectors.contract import BrokenFile, Drift, FormatDrift, Head, Item, Source, Total
from connectors.reading.delimited import (
    Delimited,
    decoded,
    fields_of,
    is_json,
    lines_of,
    rows_below,
)


@dataclass(frozen=True)
class Layout:
    """The columns of a format: `read` maps a header to our name of it, `unread` are known too."""

    read: Mapping[str, str]
    needed: tuple[str, ...]  # our names
    unread: tuple[str, ...] = ()
    delimiter: str = ","

    def is_of(self, header: Iterable[str]) -> bool:
        """Whether a header has all the columns that are needed."""
        found = _folded(tuple(header))
        names = {name for cell, name in self.read.items() if folded(cell) in found}
        return set(self.needed) <= names


@lru_cache(4)  # every connector asks about the same header
def _folded(header: tuple[str, ...]) -> frozenset[str]:
    return frozenset(map(folded, header))


def header_of(head: Head, delimiter: str = ",") -> list[str]:
    """The cells of the first line of a file; empty where it has none, or it is not text."""
    lines = lines_of(decoded(head.first))
    if not lines or "\0" in lines[0] or is_json(lines[0]):
        return []
    try:
        return fields_of(lines[0], delimiter)
    except BrokenFile:
        return []


def named(source: Source, layout: Layout, header_index: int = 0) -> tuple[pa.Table, list[Item]]:
    """`record` (the line), `is_short` and a text column per name, '' being NULL; what else to say.

    Raises: BrokenFile for a file without its header, FormatDrift without a column that is needed.
    """
    lines = lines_of(decoded(source.read()))
    if len(lines) <= header_index:
        raise BrokenFile("there is no header line; export it again")
    return columns_of(rows_below(lines, header_index, layout.delimiter), layout)


def columns_of(rows: Delimited, layout: Layout) -> tuple[pa.Table, list[Item]]:
    """The columns of rows that are at hand, as `named` gives them.

    Raises: FormatDrift without a column that is needed.
    """
    names = {folded(cell): name for cell, name in layout.read.items()}
    unread = {folded(cell) for cell in layout.unread}
    items: list[Item] = [Total(rows.records), *rows.unreadable()]
    columns: dict[str, pa.ChunkedArray] = {}
    for index, cell in enumerate(rows.header):
        name = names.get(folded(cell))
        if name is not None and name not in columns:
            column = rows.columns.column(index)
            columns[name] = pc.if_else(pc.equal(column, ""), None, column)
        elif name is None and cell and folded(cell) not in unread:
            items.append(Drift(f"column {cell}"))
    for cell, name in layout.read.items():
        if name not in columns:
            if name in layout.needed:
                raise FormatDrift(f"no column {cell}: export it again, or report the new layout")
            columns[name] = pa.nulls(len(rows.line), pa.string())
    is_short = pc.less(rows.width, len(rows.header))
    return pa.table({"record": rows.line, "is_short": is_short, **columns}), items


@lru_cache(4096)
def folded(cell: str) -> str:
    """The name of a column, however it is quoted and spelled."""
    return cell.strip().strip('"').strip().casefold()
