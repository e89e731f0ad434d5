"""SQL over Arrow tables and over JSON, for connectors: an in-memory DuckDB, UTC, order kept."""

from __future__ import annotations

import codecs
import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import duckdb
import pyarrow as pa

from connectors.contract import BrokenFile, Source
from connectors.reading.json_damage import broken_json, is_closed

FEW_ROWS = 50_000
LARGEST_OBJECT = 1 << 28  # one page of documents may be one object
# of the copy that is made on purpose
warnings.filterwarnings("ignore", message="Arrow output on a DB-API result")


@cache
def _database() -> duckdb.DuckDBPyConnection:
    database = duckdb.connect(
        config={"autoinstall_known_extensions": False, "autoload_known_extensions": False}
    )
    database.execute("set global timezone = 'UTC'")  # of every cursor, which need not be told
    return database


def limit_threads(count: int) -> None:
    """From now on so many: other processes use the other cores."""
    _database().execute(f"set threads = {count}")


@contextmanager
def _cursor() -> Iterator[duckdb.DuckDBPyConnection]:
    with _database().cursor() as cursor:
        try:
            yield cursor
        except UnicodeDecodeError:  # its message quotes the text, cut in the middle of a letter
            raise duckdb.DataError("what was read is not what it should be") from None


def query(sql: str, **tables: pa.Table) -> pa.Table:
    """The rows of `sql` over the named tables, in their order.

    Raises: duckdb.Error.
    """
    is_small = all(table.num_rows < FEW_ROWS for table in tables.values())
    with _cursor() as cursor:
        for name, table in tables.items():
            cursor.register(name, table)
        # a relation is bound twice, which a small one feels; what is executed is copied once more
        return (cursor.execute(sql) if is_small else cursor.sql(sql)).to_arrow_table()


def json_rows(source: Source, columns: dict[str, str]) -> pa.Table:
    """The objects of a JSON array (or of a file with one object per line) as columns.

    `record` (from 1) comes before the columns. `columns` maps key to DuckDB type, for instance
    {"dateTime": "VARCHAR", "value": "STRUCT(bpm DOUBLE, confidence INTEGER)"}; a key that it does
    not name is left out, one that an object does not have is NULL. A key whose type differs from
    object to object is best read as JSON.

    Raises: BrokenFile if the text is not JSON to its end, or a value does not fit its column.
    """
    return _json_table(source, "read_json(?, columns = ?, ", columns)


def json_values(source: Source) -> pa.Table:
    """`record` (from 1) and `doc`, its text: the elements of a JSON array, or the values of a file
    that has several, or one.

    Raises: BrokenFile if the text is not JSON to its end.
    """
    rows = _json_table(source, "read_json_objects(?, ")
    return query("select record, json::varchar as doc from rows", rows=rows)


def _json_table(source: Source, reader: str, *options: dict[str, str]) -> pa.Table:
    """What a JSON reader of the database makes of a file, numbered.

    The reader works on files, so the member is spooled to a private one for as long as it takes.

    Raises: BrokenFile if the text is not JSON to its end, or a value does not fit its column.
    """
    handle, path = tempfile.mkstemp(suffix=".json")
    try:
        with os.fdopen(handle, "wb") as spool, source.stream() as stream:
            spool.write(stream.read(3).removeprefix(codecs.BOM_UTF8))
            shutil.copyfileobj(stream, spool, 1 << 20)
        with _cursor() as cursor:
            rows = cursor.sql(
                f"select row_number() over () as record, * from {reader}"
                f"format = 'auto', maximum_object_size = {LARGEST_OBJECT})",
                params=[path, *options],
            ).to_arrow_table()
        if not is_closed(Path(path)):  # the reader takes an array that ends after a comma
            raise broken_json(source)
        return rows
    except duckdb.OutOfMemoryException:
        raise BrokenFile("too large for the memory of this machine: export it in parts") from None
    except duckdb.Error as error:
        raise broken_json(source, error) from None
    finally:
        Path(path).unlink()
