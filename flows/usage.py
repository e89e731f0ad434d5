"""What every command needs: words to stderr, a lake that is there."""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb
from rich.console import Console

from warehouse.store import Lake


class UsageError(Exception):
    """What was asked for cannot be done as asked. The message says what to do instead."""


words = Console(stderr=True, highlight=False)
# a pipe or a file has no width of its own: wide enough for a receipt
data = Console(highlight=False, width=None if sys.stdout.isatty() else 160)


def say(text: str) -> None:
    """A sentence for the person, not for a pipe."""
    words.print(text, soft_wrap=True, markup=False)


def opened(folder: Path) -> tuple[Lake, duckdb.DuckDBPyConnection]:
    """A lake that has something in it, its warehouse open to read, in UTC.

    Raises: UsageError if there is none.
    """
    lake = Lake(folder)
    if not lake.warehouse.exists():
        raise UsageError(
            f"no lake at {folder}; `dawnlake ingest PATH --participant ID` makes one, "
            "--lake names another folder"
        )
    connection = duckdb.connect(str(lake.warehouse), read_only=True)
    connection.execute("set timezone = 'UTC'")
    return lake, connection


def is_terminal() -> bool:
    """Whether a person watches stderr."""
    return sys.stderr.isatty()
