"""Single records that somebody has set aside by hand: which rows are theirs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

import duckdb
import pyarrow as pa

from transforms.copies.one_copy import NONE


def set_aside(manifests: Iterable[Mapping[str, Any]]) -> pa.Table:
    """connector, file and record of what the manifests of files say is set aside."""
    rows = [
        {"connector": m["connector"], "file": m["file"], "record": each["record"]}
        for m in manifests
        for each in m.get("excluded", [])
    ]
    return pa.Table.from_pylist(rows, NONE.schema) if rows else NONE


def without(source: str, gone: pa.Table) -> str:
    """A FROM clause of extracted rows without those of some records."""
    listed = ", ".join(
        f"('{g['connector']}', '{g['file']}', {g['record']})" for g in gone.to_pylist()
    )
    return f"(from {source} where (connector, file, record) not in ({listed}))"


def has_record(connection: duckdb.DuckDBPyConnection, source: str, file: str, record: int) -> bool:
    """Whether extracted rows with connector and file have any of a record."""
    sql = f"select exists (from {source} where file = ? and record = ?)"
    ((found,),) = connection.execute(sql, [file, record]).fetchall()
    return bool(found)


def date_of(
    connection: duckdb.DuckDBPyConnection, shape: str, source: str, file: str, record: int
) -> dt.date | None:
    """The first date that a record tells; of an instant alone that in UTC."""
    told = "date" if shape == "daily" else "coalesce(start_wall, start_utc at time zone 'UTC')"
    sql = f"select min(({told})::date) from {source} where file = ? and record = ?"
    ((date,),) = connection.execute(sql, [file, record]).fetchall()
    return date  # type: ignore[no-any-return]  # what DuckDB gives for a date
