"""What a warehouse.duckdb says of itself: from what and for which place its relations were made.

Apart from what makes them, so that a query does not wait for Arrow to be loaded.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb

from warehouse.store.lake import Lake

MARK = "dawnlake_made_from"


def is_elsewhere(lake: Lake, connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether the relations of a warehouse are of files in another place than the lake's."""
    mark = _told(connection)
    return bool(mark) and mark["root"] != str(lake.root.absolute())


def mark_of(path: Path) -> dict[str, Any]:
    """What a warehouse was made from; nothing if it cannot say."""
    if not path.exists():
        return {}
    try:
        with duckdb.connect(str(path), read_only=True) as connection:
            return _told(connection)
    except duckdb.Error:
        return {}


def _told(connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    try:
        ((text,),) = connection.execute(f"select {MARK}()").fetchall()
        mark: dict[str, Any] = json.loads(text)
        return mark
    except (duckdb.Error, ValueError):
        return {}
