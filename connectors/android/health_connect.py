"""Android Health Connect export (SQLite database).

One record is one row of a `*_record_table`, or of a table that hangs below one by `parent_key`
(sleep stages, heart rate series). The clock is milliseconds UTC; beside it stands the offset in
seconds, of the start and of the end, NULL where the app did not tell it. Units are fixed: mmol/L,
calories (small ones), beats and breaths per minute, ms, %, degrees Celsius, grams, metres. There
is no Low. Several apps write the same night: which one is told by its package name, and which of
them the person puts first is a fact of the file (`app_priority_sleep`).

Evidence: the table definitions of the platform's public source; counts and values that others
published of their own exports of 2026. No real file was at hand, so it is marked unverified.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from connectors.android.health_connect_kinds import (
    APPS,
    BAND,
    CATEGORIES,
    HEADERS,
    KINDS,
    KNOWN,
    NOT_CARRIED,
    OTHERS,
    PRIORITIES,
    Kind,
)
from connectors.android.health_connect_rows import (
    ROW,
    Table,
    folded,
    judged_sql,
    quoted,
    tables_of,
)
from connectors.contract import (
    Batch,
    BrokenFile,
    Connector,
    Drift,
    Fact,
    Head,
    Item,
    Skip,
    Source,
    Total,
    batch,
    shaped,
)
from connectors.reading.sqlite_file import MAGIC, database_of

BLOCK_ROWS = 100_000
COMMON = ("record", "start_utc", "start_offset_min", "end_utc", "end_offset_min", "device", "key")


def identify(head: Head) -> str | None:
    """`sqlite` if the first pages name a record table of Health Connect, or None.

    The definitions may stand on later pages; but the list of the last row numbers
    (sqlite_sequence) is made with the first table, and names every table that ever held a row.
    """
    if not head.first.startswith(MAGIC):
        return None
    text = head.first.replace(b"_", b"").lower()
    types = (
        *(kind.table for kind in KINDS),
        *HEADERS,
        *(f"{t}_record_table" for t in OTHERS.split()),
    )
    return "sqlite" if any(folded(name).encode() in text for name in types) else None


def extract(source: Source, variant: str) -> Iterator[Item]:
    """Sleeps, stages, exercise, meals; samples of heart, breath, skin, steps, energy, glucose.

    A session without stages stays one. Skips: `series_header` (rows that only hold a series
    together), `not_set` (the platform's own mark for no value), `table <name>` (not carried).

    Raises: FormatDrift for a column that is not there, BrokenFile if the database is damaged.
    """
    with database_of(source) as database:
        yield from _items(database)


def _items(database: sqlite3.Connection) -> Iterator[Item]:
    tables = tables_of(database, KNOWN)
    (version,) = database.execute("pragma user_version").fetchone()
    yield Fact("schema_version", str(version))
    yield from _priorities(database, tables)
    read = {kind.table for kind in KINDS}
    left_out: Counter[str] = Counter()
    for name, table in tables.items():
        if name not in (APPS, PRIORITIES) and (name in KNOWN or _holds_records(table)):
            (rows,) = database.execute(f"select count(*) from {quoted(table.name)}").fetchone()
            yield Total(rows)
            if name not in read:
                left_out["series_header" if name in HEADERS else f"table {table.name}"] += rows
    for kind in (kind for kind in KINDS if kind.table in tables):
        if not kind.is_beside:
            yield from _new_columns(kind, tables[kind.table])
        for item in _rows(database, kind, tables):
            if isinstance(item, Skip):
                left_out[item.reason] += item.count
            else:
                yield item
    yield from (Skip(reason, count) for reason, count in left_out.items() if count)


def _priorities(database: sqlite3.Connection, tables: dict[str, Table]) -> Iterator[Fact]:
    """Whose records the person put first in each category, as names of apps."""
    if APPS not in tables or (table := tables.get(PRIORITIES)) is None:
        return
    apps = dict(database.execute(
        f"select {tables[APPS].required('row_id')}, {tables[APPS].required('package_name')}"
        f" from {quoted(tables[APPS].name)}"
    ).fetchall())  # fmt: skip
    chosen = database.execute(
        f"select {table.required('health_data_category')},"
        f" {table.required('app_id_priority_order')} from {quoted(table.name)}"
    ).fetchall()
    for category, order in chosen:
        numbers = [int(each) for each in str(order).split(",") if each.strip().isdigit()]
        names = [str(apps[number]) for number in numbers if number in apps]
        if names and category in CATEGORIES:
            yield Fact(f"app_priority_{CATEGORIES[category]}", " ".join(names))


def _holds_records(table: Table) -> bool:
    """Whether rows are records: they have an identity, or a parent that has."""
    name = folded(table.name)
    return bool(table.column("uuid") or table.column("parent_key")) or name.endswith("recordtable")


def _new_columns(kind: Kind, table: Table) -> Iterator[Drift]:
    read = (other.value for other in KINDS if other.table == kind.table)
    known = {folded(name) for name in (*NOT_CARRIED.split(), *kind.times, *read)}
    for name, column in table.columns.items():
        if name not in known:
            yield Drift(f"column {kind.table}.{column.strip(chr(34))}")


def _rows(database: sqlite3.Connection, kind: Kind, tables: dict[str, Table]) -> Iterator[Item]:
    """A table in blocks of columns."""
    name = quoted(tables[kind.table].name)
    first, last = database.execute(f"select min(rowid), max(rowid) from {name}").fetchone()
    if first is not None and not 0 < first <= last < BAND:  # its numbers would be another table's
        raise BrokenFile("a damaged SQLite database: rows out of number; export it again")
    not_set = 0
    cursor = database.execute(judged_sql(kind, tables))
    while rows := cursor.fetchmany(BLOCK_ROWS):
        columns = zip(zip(*rows, strict=True), ROW.types, strict=True)
        block = pa.table([pa.array(column, type) for column, type in columns], schema=ROW)
        is_set = pc.fill_null(pc.not_equal(block["code"], "not_set"), True)
        not_set += block.num_rows - (block := block.filter(is_set)).num_rows
        good = block.filter(pc.is_null(block["code"]))
        if good.num_rows:
            yield _batch(kind, good)
        if good.num_rows < block.num_rows:
            bad = block.filter(pc.is_valid(block["code"]))
            yield shaped("reject", bad.select(["record", "code", "field", "raw"]))
    if not_set:
        yield Skip("not_set", not_set)


def _batch(kind: Kind, rows: pa.Table) -> Batch:
    columns = {name: rows[name] for name in COMMON}
    if not kind.episode:
        return batch("sample", **columns, metric=rows["name"], value=rows["value"], unit=kind.unit)
    session = rows["key"] if kind.episode != "exercise" else None
    return batch("episode", **columns, kind=kind.episode, label=rows["name"], session=session)


CONNECTOR = Connector(
    name="health_connect",
    title="Android Health Connect export",
    version="2",
    variants={"sqlite": "unverified"},
    identify=identify,
    extract=extract,
    source="hub",
)
