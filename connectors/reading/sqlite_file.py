"""A SQLite database that somebody exported, opened for reading and looked through first."""

from __future__ import annotations

import re
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager

from connectors.contract import BrokenFile, Source

MAGIC = b"SQLite format 3\x00"
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
    except (sqlite3.Error, UnicodeError):  # the latter where a damaged name is in the message
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
