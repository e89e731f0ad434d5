"""A warehouse without a lake, kept for the next one: to make views takes as long as a small file.

It holds nothing of anybody: SQL, comments and the numbers of settings. It lies where programs keep
what can be made again (`$XDG_CACHE_HOME`, else `~/.cache`), and whoever deletes it loses nothing.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb

from warehouse.store.database import writable
from warehouse.store.lake import written

KEPT = 4  # of several versions and settings
_MARK = "dawnlake_template"


@contextmanager
def made(fingerprint: str, create: Callable[[duckdb.DuckDBPyConnection], None]) -> Iterator[Path]:
    """The database that `create` makes of what has this fingerprint, to be copied.

    Raises: what `create` raises.
    """
    kept = _folder() / f"{fingerprint}.duckdb"
    if _is_of(kept, fingerprint):
        yield kept
        return
    with tempfile.TemporaryDirectory(prefix="dawnlake-") as folder:
        fresh = Path(folder) / "template.duckdb"
        with writable(fresh) as connection:
            create(connection)
            connection.execute(f"create macro {_MARK}() as '{fingerprint}'")
            connection.execute("checkpoint")  # on a full disk closing alone says nothing
        yield fresh
        with suppress(OSError):  # a home that cannot be written: it is made each time
            with written(kept) as partial:
                partial.write_bytes(fresh.read_bytes())
            _forget_old(kept)


def _folder() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "dawnlake"


def _is_of(path: Path, fingerprint: str) -> bool:
    """Whether a whole database of this fingerprint is there."""
    if not path.exists():
        return False
    try:
        with duckdb.connect(str(path), read_only=True) as connection:
            return connection.execute(f"select {_MARK}()").fetchall() == [(fingerprint,)]
    except duckdb.Error:
        return False


def _forget_old(newest: Path) -> None:
    others = [path for path in newest.parent.glob("*.duckdb") if path != newest]
    others.sort(key=lambda path: path.stat().st_mtime, reverse=True)
    for path in others[KEPT - 1 :]:
        path.unlink(missing_ok=True)
