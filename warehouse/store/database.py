"""Databases that people's own clients open: a DuckDB reads what older ones wrote, not newer ones.

Source: DuckDB documentation, "Storage Versions and Format" and `STORAGE_VERSION` of `ATTACH`.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

STORAGE_VERSION = "v1.4.0"  # the oldest DuckDB whose clients are to open a lake


def writable(path: Path) -> duckdb.DuckDBPyConnection:
    """A database to make or to change, in a form that every DuckDB from `STORAGE_VERSION` on reads.

    Raises: duckdb.Error if it is none, or cannot be opened.
    """
    return duckdb.connect(str(path), config={"storage_compatibility_version": STORAGE_VERSION})
