"""What may be wrong with a machine or a lake, and how to mend it. Nothing is changed."""

from __future__ import annotations

import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from flows.deriving.align import is_stale
from flows.deriving.derivation import made_from
from flows.reading.inbox import misplaced
from flows.reading.manifest import parts_in
from flows.settings import Settings, SettingsError, load
from services.kept.connection import Connections
from warehouse.made_for import is_elsewhere
from warehouse.schema import RESULTS, TABLES
from warehouse.store.buckets import MadeFrom
from warehouse.store.lake import Lake
from warehouse.store.lock import has_locks, holder

FREE_BYTES = 1_000_000_000
SHOWN = 3


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. `mend` says what to do; it is empty if all is well."""

    about: str
    what: str
    mend: str = ""


def machine() -> Iterator[Finding]:
    """Python, libraries, zones, temporary files."""
    yield Finding(
        "Python", f"{sys.version.split()[0]}, DuckDB {duckdb.__version__}, Arrow {pa.__version__}"
    )
    try:
        ZoneInfo("Europe/Berlin")
        yield Finding("time zones", "known")
    except (KeyError, OSError):
        yield Finding("time zones", "not found", "install dawnlake's lock again: make env")
    yield _room("temporary files", Path(tempfile.gettempdir()))


def lake_findings(lake: Lake) -> Iterator[Finding]:
    """Place, permissions, settings, leftovers, files, tables, views."""
    if not lake.exists():
        yield Finding(
            "lake", f"none at {lake.root}", "`dawnlake ingest PATH --participant ID` makes one"
        )
        return
    yield _room("disk of the lake", lake.root)
    yield _writable(lake)
    yield _private(lake)
    yield _locks(lake)
    yield from _runs(lake)
    try:
        settings = load(lake.settings)
    except SettingsError as error:
        yield Finding("settings", "cannot be used", str(error))
        return
    yield Finding("settings", f"{len(settings.participants)} participants named")
    yield from _inbox(lake)
    yield from _services(lake)
    yield _files(lake)
    yield _tables(lake)
    yield from _stale(lake, settings)
    yield _warehouse(lake)


def _room(about: str, folder: Path) -> Finding:
    free = shutil.disk_usage(folder).free
    mend = "make room: a large export needs GBs while it is read" if free < FREE_BYTES else ""
    return Finding(about, f"{free / 1e9:.1f} GB free", mend)


def _writable(lake: Lake) -> Finding:
    if os.access(lake.root, os.W_OK | os.X_OK):
        return Finding("writing", "possible")
    return Finding("writing", "not possible", "mend the permissions, or read only")


def _private(lake: Lake) -> Finding:
    """Whether others of this machine may look in; the lake's folder alone keeps them out."""
    mode = stat.S_IMODE(lake.root.stat().st_mode)
    if mode & 0o077:
        return Finding("privacy", f"others may look in (mode {mode:o})", f"chmod 700 {lake.root}")
    return Finding("privacy", "the owner's alone")


def _locks(lake: Lake) -> Finding:
    if has_locks(lake):
        return Finding("locks", "the file system has them")
    return Finding("locks", "the file system has none, a file stands in for them")


def _runs(lake: Lake) -> Iterator[Finding]:
    found = holder(lake)
    if found is not None and found[1]:
        yield Finding("runs", f"now: {found[0]}")
        return
    left = len(lake.leftovers())
    if found is not None or left:
        yield Finding(
            "runs",
            f"one did not end, {left} leftovers",
            "nothing is lost: the next `dawnlake ingest` or `dawnlake rebuild` completes it",
        )
    else:
        yield Finding("runs", "all have ended")


def _inbox(lake: Lake) -> Iterator[Finding]:
    """Folders and files that no nightly run will ever read."""
    odd = misplaced(lake)
    if odd:
        yield Finding(
            "inbox",
            f"{len(odd)} files or folders belong to nobody",
            "; ".join(f"{name} {why}" for name, why in [*odd.items()][:SHOWN]),
        )


def _services(lake: Lake) -> Iterator[Finding]:
    """Logins that a service does not take any more, and secrets that others may read."""
    every = Connections(lake.root).every()
    needed = [each for each in every if each.login_needed]
    if needed:
        told = " and ".join(
            f"`dawnlake connect {each.service} --participant {each.participant}`" for each in needed
        )
        yield Finding("services", f"{len(needed)} of {len(every)} need a login", told)
    elif every:
        yield Finding("services", f"{len(every)} connected")
    secrets = (lake.root / "secrets").rglob("*.json")
    bare = [path for path in secrets if stat.S_IMODE(path.stat().st_mode) & 0o077]
    if bare:
        yield Finding("secrets", "others may read them", f"chmod -R go= {lake.root / 'secrets'}")


def _files(lake: Lake) -> Finding:
    """Extracted files whose manifest or Parquet cannot be read."""
    folders = [folder for who in lake.participants() for folder in lake.part_folders(who)]
    counts = {folder: _whole(folder) for folder in folders}
    bad = [folder.name.removeprefix("file=") for folder, count in counts.items() if not count]
    if not bad:
        return Finding("extracted files", f"{sum(counts.values())} whole")
    return Finding(
        "extracted files",
        f"{len(bad)} of {len(folders)} cannot be read: {', '.join(bad[:SHOWN])}",
        "remove their folders under extracted/ and ingest those exports again",
    )


def _whole(folder: Path) -> int:
    """How many files are in an extracted folder; 0 if it cannot be read."""
    try:
        for path in folder.glob("*.parquet"):
            pq.read_metadata(path)
        return len(parts_in(folder))
    except (OSError, ValueError, pa.ArrowException):
        return 0


def _tables(lake: Lake) -> Finding:
    bad = []
    for table in (*TABLES, *RESULTS):
        for path in (lake.tables / table).glob("**/part.parquet"):
            try:
                pq.read_metadata(path)
            except (OSError, pa.ArrowException):
                bad.append(table)
    for path in lake.marts.glob("**/*.parquet"):
        try:
            pq.read_metadata(path)
        except (OSError, pa.ArrowException):
            bad.append(path.relative_to(lake.marts).parts[-2].partition("=")[0])
    if bad:
        what = f"damaged: {', '.join(sorted(set(bad)))}"
        return Finding("tables", what, "dawnlake rebuild")
    return Finding("tables", f"of {len(lake.with_tables())} participants")


def _stale(lake: Lake, settings: Settings) -> Iterator[Finding]:
    """Whose tables are not those of the files and settings as they are now."""
    for who in lake.participants():
        try:
            if is_stale(lake, who, settings):
                what = f"those of {who} are not up to date with files and settings"
                yield Finding("tables", what, "dawnlake rebuild")
        except (OSError, ValueError):
            continue  # told of as a file that cannot be read
    now, noted = made_from(settings, 1), MadeFrom.of(lake)
    if lake.notes() and (noted.tables, noted.marts) != (now.tables, now.marts):
        what = "made by other rules or priorities, or by another version of dawnlake"
        yield Finding("marts", what, "dawnlake rebuild, or the next ingest")


def _warehouse(lake: Lake) -> Finding:
    if not lake.warehouse.exists():
        return Finding("warehouse", "there is none", "dawnlake rebuild")
    try:
        with duckdb.connect(str(lake.warehouse), read_only=True) as connection:
            if is_elsewhere(lake, connection):
                why = "the lake was copied or moved: its views read the files of the old place"
                return Finding("warehouse", why, "dawnlake rebuild, or any other command")
            for name in (*TABLES, "night_to_day", "sleep_effect", "sleep_effect_group"):
                connection.execute(f"select * from {name} limit 1").fetchall()
    except duckdb.Error as error:
        if "lock" in str(error):
            return Finding("warehouse", "open for writing in another program", "close it there")
        why = "its views do not answer: the lake was moved, or made by another version"
        return Finding("warehouse", why, "dawnlake rebuild")
    return Finding("warehouse", "its views answer")
