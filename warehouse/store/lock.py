"""One writer per lake, and what a writer that died has left behind.

`writer.lock` in the lake's folder is locked (flock) for as long as a run writes, by the kernel: the
lock of a dead process is none. What stands in the file tells the others whom they wait for, and,
where nobody holds the lock, that the last run did not end. Where a file system knows no flock, the
existence of `writer.held` is the lock, and one whose process is dead is taken over.

A folder `.partial-*` of the lake takes what a run unpacks: private, on the disk of the lake, and
swept by the next run.
"""

from __future__ import annotations

import datetime as dt
import errno
import hashlib
import json
import os
import secrets
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from warehouse.store.lake import PARTIAL, Lake, private_folder
from warehouse.store.work import left_alone

try:
    import fcntl
except ImportError:  # on Windows
    fcntl = None  # type: ignore[assignment]

POLL_S = 0.2
NO_FLOCK = {errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL}
NOT_WRITABLE = {errno.EACCES, errno.EROFS, errno.EPERM}
NO_FOLDER = {errno.ENOTDIR, errno.EEXIST, errno.EISDIR, errno.ELOOP}
Holder = dict[str, str | int]


class LakeError(Exception):
    """The lake cannot be written. The message says why and what to do."""


@contextmanager
def writing(
    lake: Lake, command: str, tell: Callable[[str], None] = lambda _: None
) -> Iterator[bool]:
    """The lake for one writer alone; whether the writer before did not end.

    Waits for another one, and tells of it once. Leftovers of dead runs are gone when it yields.

    Raises: LakeError if the lake is read-only, or is where none can be.
    """
    _check_place(lake)
    try:
        private_folder(lake.root)
        handle = os.open(lake.root / "writer.lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise _refused(lake, error) from None
    with ExitStack() as ended:
        ended.callback(os.close, handle)
        ended.enter_context(_locked(lake, handle, tell))
        was_left = bool(_read(handle))
        _write(handle, json.dumps(_me(command)))
        with left_alone(lake, tell):
            lake.heal()
        ended.enter_context(_scratch(lake))
        yield was_left
        _write(handle, "")


def has_locks(lake: Lake) -> bool:
    """Whether flock works where the lake lies."""
    if fcntl is None:
        return False
    try:
        with (lake.root / "writer.lock").open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return True  # nobody has written yet: not known to be otherwise
    except OSError:
        return False
    return True


def holder(lake: Lake) -> tuple[str, bool] | None:
    """Who writes now, or who began and did not end; and whether it is the former."""
    for name in ("writer.held", "writer.lock"):
        try:
            text = (lake.root / name).read_text("utf-8", errors="replace")
        except OSError:
            continue
        if text:
            return _told(text), _is_alive(text)
    return None


def _check_place(lake: Lake) -> None:
    """Nothing, where DuckDB reads paths as they are.

    Raises: LakeError below a folder with a question mark, after which it looks for options, or
    called like `file=x`, which it takes for a column of every table in it.
    """
    from warehouse.schema import RESULTS, TABLES  # here: who asks in SQL does not wait for it

    columns = {name for schema in (TABLES | RESULTS).values() for name in schema.names}
    for part in lake.root.resolve().parts[1:]:
        if "?" in part or ("=" in part and part.partition("=")[0].lower() in columns):
            raise LakeError(
                f"a lake cannot lie in a folder called {part}: name one without ? and ="
            )


def _refused(lake: Lake, error: OSError) -> Exception:
    if error.errno in NO_FOLDER:
        return LakeError(
            f"a file or a broken link is in the way of the lake at {lake.root}: name another folder"
        )
    if error.errno not in NOT_WRITABLE:
        return error
    return LakeError(
        f"the lake at {lake.root} cannot be written here ({error.strerror}): mount it to be "
        "written or mend its permissions; reading goes on as before"
    )


@contextmanager
def _locked(lake: Lake, handle: int, tell: Callable[[str], None]) -> Iterator[None]:
    """Ends with the process at the latest."""
    is_told = False
    while True:
        try:
            if fcntl is None:
                raise OSError(errno.ENOSYS, "no flock")
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError:
            if not is_told:
                tell(f"waiting for {_told(_read(handle))}")
                is_told = True
            time.sleep(POLL_S)
        except OSError as error:
            if error.errno not in NO_FLOCK:
                raise
            with _held(lake, tell):
                yield
            return
    yield  # closing the file unlocks it


@contextmanager
def _held(lake: Lake, tell: Callable[[str], None]) -> Iterator[None]:
    """The lock of file systems without locks: a file that only one can make."""
    path, is_told = lake.root / "writer.held", False
    me = json.dumps({**_me(""), "token": secrets.token_hex(8)})
    while not _taken(path, me):
        if not is_told:
            tell(
                f"waiting for {_told(_text(path))}; this file system has no locks: if that run is "
                "dead, delete writer.held in the lake"
            )
            is_told = True
        time.sleep(POLL_S)
    try:
        yield
    finally:
        _let_go(path, me)


def _taken(path: Path, me: str) -> bool:
    """Whether the file says now that it is mine.

    Whoever is dead is followed by one alone: by who makes a second file, named after what the dead
    one had written, and then finds that still written. No one else may exchange these words. That
    second file is taken in the same way, should its maker die before it is gone.
    """
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        pass
    else:
        with os.fdopen(handle, "w") as file:
            file.write(me)
        return True
    other = _text(path)
    if not other or _is_alive(other):
        return False
    turn = path.with_name(f"{PARTIAL}next-{hashlib.sha256(other.encode()).hexdigest()[:16]}")
    if not _taken(turn, me):
        return False
    try:
        if _text(path) != other:
            return False
        mine = path.with_name(f"{PARTIAL}{hashlib.sha256(me.encode()).hexdigest()[:16]}")
        mine.write_text(me, "utf-8")
        mine.chmod(0o600)
        mine.replace(path)
        return True
    finally:
        _let_go(turn, me)


def _let_go(path: Path, me: str) -> None:
    if _text(path) == me:
        path.unlink(missing_ok=True)


_scratches: list[str] = []


@contextmanager
def _scratch(lake: Lake) -> Iterator[None]:
    """Temporary files of this process go to a folder of the lake."""
    folder = tempfile.mkdtemp(prefix=PARTIAL, dir=lake.root)
    _scratches.append(folder)
    tempfile.tempdir = folder
    try:
        yield
    finally:
        _scratches.remove(folder)
        tempfile.tempdir = _scratches[-1] if _scratches else None
        shutil.rmtree(folder, ignore_errors=True)


def _me(command: str) -> Holder:
    now = dt.datetime.now().astimezone().isoformat(timespec="seconds")
    pid = os.getpid()
    return {
        "pid": pid,
        "host": socket.gethostname(),
        "command": command,
        "since": now,
        "born": _born(pid),
    }


def _told(text: str) -> str:
    """The holder in words; it may be writing its name just now."""
    try:
        him = json.loads(text)
        return (
            f"another run that writes to this lake: {him['command'] or 'dawnlake'} "
            f"(process {him['pid']} on {him['host']}, since {him['since']})"
        )
    except (ValueError, KeyError, TypeError):
        return "another run that writes to this lake"


def _is_alive(text: str) -> bool:
    """Whether the process that wrote this is still there; of another machine nobody knows."""
    try:
        him = json.loads(text)
        pid, host, born = int(him["pid"]), him["host"], him["born"]
    except (ValueError, KeyError, TypeError):
        return True
    if host != socket.gethostname() or sys.platform == "win32":
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # there, and somebody else's
    return _born(pid) == str(born)


def _born(pid: int) -> str:
    """When a process began, where the system tells: numbers of processes are used again."""
    text = _text(Path(f"/proc/{pid}/stat"))
    return text.rpartition(")")[2].split()[19] if text else ""  # proc(5), field 22


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", errors="replace")
    except OSError:
        return ""


def _read(handle: int) -> str:
    return os.pread(handle, 4096, 0).decode("utf-8", "replace").strip("\0")


def _write(handle: int, text: str) -> None:
    os.ftruncate(handle, 0)
    os.pwrite(handle, text.encode(), 0)
    os.fsync(handle)
