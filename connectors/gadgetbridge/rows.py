"""Rows of the database as columns: when, of which band, and the numbers of some columns."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from connectors.contract import FormatDrift, Item, shaped

BAND = 1_000_000_000  # record = band of the table + the place of the row in order of time
BLOCK_ROWS = 100_000
LAST_US = 253_402_300_800_000_000  # the year 10000
Row = pa.schema(
    [("record", pa.int64()), ("start_utc", pa.timestamp("us", tz="UTC")), ("device", pa.string())]
)


def table_of(name: str) -> str:
    """The name as SQL takes it."""
    return '"' + name.replace('"', '""') + '"'


def columns_of(database: sqlite3.Connection, name: str) -> set[str]:
    """The columns of a table."""
    return {row[1] for row in database.execute(f"pragma table_xinfo({table_of(name)})")}


def rows_of(
    database: sqlite3.Connection, band: int, name: str, us: int, columns: list[str]
) -> Iterator[pa.Table]:
    """Blocks of rows that have a time, the columns as integers; NULL where one is none.

    Raises: FormatDrift if the table has no TIMESTAMP.
    """
    has = columns_of(database, name)
    if not {"TIMESTAMP", "DEVICE_ID"} <= has:
        raise FormatDrift(f"no column TIMESTAMP or DEVICE_ID in {name}: report the new layout")
    is_named = database.execute(
        "select count(*) from sqlite_master where type = 'table' and name = 'DEVICE'"
    ).fetchone()[0] and {"_id", "NAME"} <= columns_of(database, "DEVICE")
    join = 'left join "DEVICE" d on d."_id" = t."DEVICE_ID"' if is_named else ""
    cells = ", ".join(
        f"case when typeof(t.{table_of(c)}) in ('integer', 'real') then t.{table_of(c)} end"
        if c in has
        else "null"
        for c in columns
    )
    cursor = database.execute(
        f"""select {band * BAND} + row_number() over (order by t.TIMESTAMP, t.DEVICE_ID),
                case when typeof(t.TIMESTAMP) = 'integer' and t.TIMESTAMP > 0
                    and t.TIMESTAMP < {LAST_US // us} then t.TIMESTAMP * {us} end,
                {'cast(d."NAME" as text)' if is_named else "null"}, {cells or "null"}
            from {table_of(name)} t {join}"""
    )
    fields = [*Row, *(pa.field(c, pa.float64()) for c in columns or ["nothing"])]
    types = [pa.int64(), pa.int64(), pa.string(), *[pa.float64()] * max(1, len(columns))]
    while block := cursor.fetchmany(BLOCK_ROWS):
        cells_of = zip(zip(*block, strict=True), types, strict=True)
        arrays = [pa.array(list(column), kind) for column, kind in cells_of]
        arrays[1] = arrays[1].cast(Row.field("start_utc").type)
        yield pa.table(arrays, schema=pa.schema(fields))


def timed_rows(
    database: sqlite3.Connection, band: int, name: str, us: int, columns: list[str]
) -> Iterator[tuple[pa.Table, list[Item]]]:
    """Blocks of rows with a time, and the rejects of those without.

    Raises: FormatDrift if the table has no TIMESTAMP.
    """
    for block in rows_of(database, band, name, us, columns):
        has_time = pc.is_valid(block["start_utc"])
        good = block.filter(has_time)
        if good.num_rows == block.num_rows:
            yield block, []
            continue
        bad = block.filter(pc.invert(has_time)).select(["record"])
        bad = bad.append_column("code", pa.repeat("unreadable_time", bad.num_rows))
        bad = bad.append_column("field", pa.repeat("TIMESTAMP", bad.num_rows))
        yield good, [shaped("reject", bad)]
