"""Android Health Connect export (SQLite database).

One record is one row of a `*_record_table`, or of a table that hangs below one by `parent_key`
(sleep stages, heart rate series). The clock is milliseconds UTC; beside it stands the offset in
seconds, of the start and of the end, NULL where the app did not tell it. Units are fixed: mmol/L,
calories (small ones), beats and breaths per minute, ms, %, degrees Celsius. There is no Low.
Several apps write the same night: which one is told by its package name.

Evidence: the table definitions of the platform's public source; counts and values that others
published of their own exports of 2026. No real file was at hand, so it is marked unverified.
"""

from __future__ import annotations

import re
import shutil
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pyarrow as pa
import pyarrow.compute as pc

from connectors.android.health_connect_rows import (
    APPS,
    BAND,
    INSTANT,
    INTERVAL,
    ROW,
    SERIES,
    STAGE,
    Kind,
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

MAGIC = b"SQLite format 3\x00"
IN_MEMORY_BYTES = 200_000_000  # a bigger database is read from a private file
BLOCK_ROWS = 100_000
COMMON = ("record", "start_utc", "start_offset_min", "end_utc", "end_offset_min", "device", "key")
# Tables, columns: the *RecordHelper of each type. Units: what its toRecordInternal() writes.
KINDS = (
    Kind(1, "sleep_session_record_table", INTERVAL, episode="sleep"),
    Kind(2, "sleep_stages_table", STAGE, "stage_type", parent="sleep_session_record_table",
         episode="sleep_stage"),
    Kind(3, "exercise_session_record_table", INTERVAL, "exercise_type", episode="exercise"),
    Kind(4, "heart_rate_record_series_table", SERIES, "beats_per_minute", "heart_rate", "/min",
         "heart_rate_record_table"),
    Kind(5, "heart_rate_variability_rmssd_record_table", INSTANT, "heart_rate_variability_millis",
         "heart_rate_variability_rmssd", "ms"),
    Kind(6, "resting_heart_rate_record_table", INSTANT, "beats_per_minute", "resting_heart_rate",
         "/min"),
    Kind(7, "respiratory_rate_record_table", INSTANT, "rate", "respiratory_rate", "/min"),
    Kind(8, "oxygen_saturation_record_table", INSTANT, "percentage", "oxygen_saturation", "%"),
    Kind(9, "steps_record_table", INTERVAL, "count", "step_count", "{count}"),
    Kind(10, "blood_glucose_record_table", INSTANT, "level", "capillary_glucose", "mmol/L"),
    # Energy.getInCalories(): joules only in the betas before May 2023, which could not export.
    Kind(11, "active_calories_burned_record_table", INTERVAL, "energy", "energy_burned", "cal"),
    Kind(12, "skin_temperature_delta_table", SERIES, "delta", "skin_temperature_deviation", "Cel",
         "skin_temperature_record_table"),
)  # fmt: skip
HEADERS = ("heart_rate_record_table", "skin_temperature_record_table")  # no value of their own
# Some of the types that are not read: enough to know a file by. Source: HealthConnectMappings.
OTHERS = """total_calories_burned distance weight height body_fat nutrition hydration floors_climbed
blood_pressure elevation_gained body_temperature basal_metabolic_rate vo2_max"""
KNOWN = (*(kind.table for kind in KINDS), *HEADERS, APPS)
# Columns that are not carried. Source: RecordHelper and the helper of each type.
NOT_CARRIED = """row_id uuid last_modified_time client_record_id client_record_version
device_info_id app_info_id recording_method dedupe_hash local_date local_date_time
local_date_time_start_time local_date_time_end_time device_data_provider_id notes title has_route
relation_to_meal meal_type planned_exercise_session_id session_rate_of_perceived_exertion
specimen_source parent_key"""


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
    """Sleeps, their stages, exercise; samples of heart, breath, skin, steps, energy, glucose.

    A session without stages stays one. Skips: `series_header` (rows that only hold a series
    together), `not_set` (the platform's own mark for no value), `table <name>` (not carried).

    Raises: FormatDrift for a column that is not there, BrokenFile if the database is damaged.
    """
    try:
        with _database(source) as database:
            yield from _items(database)
    except (sqlite3.Error, UnicodeError):  # the latter where a damaged name is in the message
        raise BrokenFile("not readable as a SQLite database to its end: export it again") from None


def _items(database: sqlite3.Connection) -> Iterator[Item]:
    (check,) = database.execute("pragma quick_check(1)").fetchone()
    if check != "ok":  # it may name an index or a row, which stay here
        page = re.search(r"\bpage (\d+)", check)
        place = f" at page {page[1]}" if page else ""
        raise BrokenFile(f"a damaged SQLite database{place}: copy or export it again")
    tables = tables_of(database, KNOWN)
    (version,) = database.execute("pragma user_version").fetchone()
    yield Fact("schema_version", str(version))
    read = {kind.table for kind in KINDS}
    left_out: Counter[str] = Counter()
    for name, table in tables.items():
        if name != APPS and (name in KNOWN or _holds_records(table)):
            (rows,) = database.execute(f"select count(*) from {quoted(table.name)}").fetchone()
            yield Total(rows)
            if name not in read:
                left_out["series_header" if name in HEADERS else f"table {table.name}"] += rows
    for kind in (kind for kind in KINDS if kind.table in tables):
        yield from _new_columns(kind, tables[kind.table])
        for item in _rows(database, kind, tables):
            if isinstance(item, Skip):
                left_out[item.reason] += item.count
            else:
                yield item
    yield from (Skip(reason, count) for reason, count in left_out.items() if count)


@contextmanager
def _database(source: Source) -> Iterator[sqlite3.Connection]:
    """The database, in memory or, if it is big, in a private file for as long as it takes."""
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


def _holds_records(table: Table) -> bool:
    """Whether rows are records: they have an identity, or a parent that has."""
    name = folded(table.name)
    return bool(table.column("uuid") or table.column("parent_key")) or name.endswith("recordtable")


def _new_columns(kind: Kind, table: Table) -> Iterator[Drift]:
    known = {folded(name) for name in (*NOT_CARRIED.split(), *kind.times, kind.value)}
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
    version="1",
    variants={"sqlite": "unverified"},
    identify=identify,
    extract=extract,
    source="hub",
)
