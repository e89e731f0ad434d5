"""A SQLite database that an app wrote: its tables as columns of text, whatever is in them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pyarrow as pa

from connectors.contract import BrokenFile, Source

MAGIC = b"SQLite format 3\x00"
BLOCK_ROWS = 200_000
DAMAGED = "not readable as a SQLite database to its end: copy or export it again"


@contextmanager
def database(source: Source) -> Iterator[sqlite3.Connection]:
    """The database, in memory, its rows read as text where that is asked for.

    Raises: BrokenFile, also later while it is read, if it is damaged or too large.
    """
    data = source.read()
    try:
        with closing(sqlite3.connect(":memory:")) as connection:
            # written in WAL mode, whose second file is not exported: say so, or it won't open
            connection.deserialize(data[:18] + b"\x01\x01" + data[20:])
            connection.execute("pragma trusted_schema = off")
            (check,) = connection.execute("pragma quick_check(1)").fetchone()
            if check != "ok":  # it may name an index or a row, which stay here
                raise BrokenFile(DAMAGED)
            yield connection
    except (sqlite3.Error, UnicodeError, OverflowError):
        raise BrokenFile(DAMAGED) from None


def columns_of(connection: sqlite3.Connection, table: str) -> tuple[str, ...]:
    """The columns of a table; none if there is no such table."""
    rows = connection.execute("select name from pragma_table_info(?)", [table])
    return tuple(name for (name,) in rows)


def text_rows(
    connection: sqlite3.Connection, table: str, columns: tuple[str, ...], after: int
) -> Iterator[pa.Table]:
    """`record` (numbered on from `after`) and the columns as text, '' for NULL; one that the table
    does not have is ''. At least one block."""
    there = set(columns_of(connection, table))
    cells = ", ".join(
        f"coalesce(cast(\"{name}\" as text), '')" if name in there else "''" for name in columns
    )
    cursor = connection.execute(f'select {cells} from "{table}" order by rowid')
    is_first = True
    while (rows := cursor.fetchmany(BLOCK_ROWS)) or is_first:
        parts = list(zip(*rows, strict=True)) or [()] * len(columns)
        data = {n: pa.array(part, pa.string()) for n, part in zip(columns, parts, strict=True)}
        yield pa.table(
            {"record": pa.array(range(after + 1, after + 1 + len(rows)), pa.int64()), **data}
        )
        after, is_first = after + len(rows), False
