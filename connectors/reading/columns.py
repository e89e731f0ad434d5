"""Columns of a table by the names of its header, whatever their order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import pyarrow as pa

from connectors.contract import Drift, FormatDrift
from connectors.reading.delimited import Delimited
from connectors.reading.query import query
from connectors.reading.stamps import stamped


def named(
    rows: Delimited, needed: Mapping[str, str], perhaps: Mapping[str, str] | None = None
) -> pa.Table:
    """`record` and the columns by our names: header cell to name. Of `perhaps`, those that the
    file lacks are empty text. Of two of one header cell the first counts.

    Raises: FormatDrift if one that is needed is missing.
    """
    if missing := [cell for cell in needed if cell not in rows.header]:
        raise FormatDrift(f"no column {missing[0]!r}: export it again, or report the new layout")
    table = rows.table()
    columns = {"record": table["record"]}
    for cell, name in {**(perhaps or {}), **needed}.items():
        if cell in rows.header:
            columns[name] = table[f"c{rows.header.index(cell)}"]
        elif name not in columns:
            columns[name] = pa.repeat("", table.num_rows)
    return pa.table(columns)


def with_wall(table: pa.Table, told: str, usual: str | None = None) -> pa.Table:
    """The table with `moment`: the wall clock of the text `told` (SQL), its order of day and month
    settled by all rows; `usual` is that of the format, where nothing speaks against it.

    Raises: UndatableFile.
    """
    texts = query(f"select {told} as told from t", t=table)["told"]
    return table.append_column("moment", stamped(texts, usual).times)


def unknown(header: Iterable[str], known: Iterable[str]) -> Iterator[Drift]:
    """Columns that none of the known files has."""
    listed = set(known)
    for cell in header:
        if cell and cell not in listed:
            yield Drift(f"column {cell}")
