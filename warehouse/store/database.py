"""Databases that people's own clients open, which read what older ones wrote, not newer ones; and
databases in memory, for what is computed.

Source: DuckDB documentation, "Storage Versions and Format" and `STORAGE_VERSION` of `ATTACH`.
"""

from __future__ import annotations

import os
from pathlib import Path

import duckdb

STORAGE_VERSION = "v1.4.0"  # the oldest DuckDB whose clients are to open a lake
Option = str | bool | int | float | list[str]
_limits: dict[str, Option] = {}
_scratch: dict[int, duckdb.DuckDBPyConnection] = {}  # by process


def writable(path: Path) -> duckdb.DuckDBPyConnection:
    """A database to make or to change, in a form that every DuckDB from `STORAGE_VERSION` on reads.

    Raises: duckdb.Error if it is none, or cannot be opened.
    """
    return duckdb.connect(str(path), config={"storage_compatibility_version": STORAGE_VERSION})


def in_memory(**options: Option) -> duckdb.DuckDBPyConnection:
    """A database in memory, in UTC, with as many threads as this process may have."""
    database = duckdb.connect(config={**_limits, **options})
    database.execute("set global timezone = 'UTC'")  # of every cursor, which need not be told
    return database


def scratch() -> duckdb.DuckDBPyConnection:
    """A connection for temporary relations, to the one database of this process that has no others.

    To make a database takes as long as to read a small file. A process that was forked makes its
    own: threads do not come along.
    """
    own = _scratch.get(os.getpid()) or _scratch.setdefault(os.getpid(), in_memory())
    return own.cursor()


def limit_threads(count: int) -> None:
    """From now on a database in memory has so many: other processes use the other cores."""
    _limits["threads"] = count
    _scratch.pop(os.getpid(), None)
