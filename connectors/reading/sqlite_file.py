"""A SQLite database that somebody exported, opened for reading and looked through first."""

from __future__ import annotations

import re
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pyarrow as pa

from connectors.contract import BrokenFile, Source

MAGIC = b"SQLite format 3\x00"
BLOCK_ROWS = 200_000
IN_MEMORY_BYTES = 200_000_000  # a bigger database is read from a private file


@contextmanager
def database_of(source: Source) -> Iterator[sqlite3.Connection]:
    """The database, in memory or, if it is big, in a private file for as long as it takes.

    Raises: BrokenFile if it is damaged, also later while it is read.
    """
    try:
        with _opened(source) as database:
            (check,) = database.execute("pragma quick_check(1)").fetchone()
            if check != "ok":  # it may name an index or a row, which stay here
                page = re.search(r"\bpage (\d+)", check)
                place = f" at page {page[1]}" if page else ""
                raise BrokenFile(f"a damaged SQLite database{place}: copy or export it again")
            yield database
    except (
        sqlite3.Error,
        UnicodeError,
        OverflowError,
    ):  # the latter where a damaged name is in the message
        raise BrokenFile("not readable as a SQLite database to its end: export it again") from None


@contextmanager
def _opened(source: Source) -> Iterator[sqlite3.Connection]:
    with source.stream() as stream, tempfile.NamedTemporaryFile(suffix=".db") as spool:
        data = stream.read(IN_MEMORY_BYTES + 1)
        if is_big := len(data) > IN_MEMORY_BYTES:
            spool.write(data)
            shutil.copyfileobj(stream, spool, 1 << 20)
            spool.flush()
        path = f"file:{spool.name}?mode=ro&immutable=1" if is_big else ":memory:"
        with closing(sqlite3.connect(path, uri=is_big)) as database:
            if not is_big:
                # written in WAL mode, whose second file is not exported: say so, or it won't open
                database.deserialize(data[:18] + b"\x01\x01" + data[20:])
            del data
            database.execute("pragma trusted_schema = off")
            yield database


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
