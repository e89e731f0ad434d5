"""Private files that are whole or as before: written beside, flushed, renamed; and locks.

A rename is one step to whoever reads: a kill at any instant leaves the old file or the new one.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

try:
    import fcntl
except ImportError:  # on Windows
    fcntl = None  # type: ignore[assignment]

PARTIAL = ".partial-"


def private(folder: Path) -> Path:
    """The folder, made with all above it for the owner alone."""
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    for each in reversed(missing):
        each.mkdir(0o700, exist_ok=True)
        _flush(each.parent)
    return folder


def write(path: Path, data: bytes) -> None:
    """`data` as the file at `path`, mode 0600, on the disk when this returns."""
    private(path.parent)
    partial = path.with_name(f"{PARTIAL}{os.getpid()}-{path.name}")
    handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)  # noqa: PTH105  # the boundary that tests kill at
    except Exception:
        partial.unlink(missing_ok=True)
        raise
    _flush(path.parent)


def write_what_comes(path: Path, make: Callable[[], bytes]) -> None:
    """What `make` gives as the file at `path`, where it cannot be made twice.

    The place is opened before `make` is asked, so a full disk is met in time; what it gives is
    handed to the system in one step, and a kill from then on leaves it whole in `following(path)`.
    """
    private(path.parent)
    partial = following(path)
    handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        data = make()
        os.write(handle, data)
        os.fsync(handle)
    except Exception:
        partial.unlink(missing_ok=True)
        raise
    finally:
        os.close(handle)
    settle(path)


def following(path: Path) -> Path:
    """Where the successor of a file stands until it takes its place."""
    return path.with_name(f"{path.name}.next")


def settle(path: Path) -> None:
    """Let a successor that stands whole beside a file take its place."""
    if read_json(following(path)) is not None:
        os.replace(following(path), path)  # noqa: PTH105  # as above
        _flush(path.parent)


def write_json(path: Path, value: object) -> None:
    """A value as a JSON file, keys in order."""
    write(path, json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True).encode())


def read_json(path: Path) -> dict[str, Any] | None:
    """The object in a JSON file; None if there is none, or no whole one."""
    try:
        value = json.loads(path.read_text("utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    return value if isinstance(value, dict) else None


def remove(path: Path) -> None:
    """No file at `path`, on the disk when this returns."""
    path.unlink(missing_ok=True)
    if path.parent.exists():
        _flush(path.parent)


def sweep(folder: Path) -> None:
    """Remove what killed processes left beside. Only under the lock of the folder's files."""
    for path in folder.glob(f"{PARTIAL}*"):
        path.unlink(missing_ok=True)


@contextmanager
def locked(path: Path, waits: bool = True) -> Iterator[None]:
    """Alone among all processes that lock the same path; ends with the process at the latest.

    Raises: BlockingIOError if another has the lock and this one does not want to wait.
    """
    private(path.parent)
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if fcntl is not None:
            fcntl.flock(handle, fcntl.LOCK_EX | (0 if waits else fcntl.LOCK_NB))
        yield
    finally:
        os.close(handle)


def _flush(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
