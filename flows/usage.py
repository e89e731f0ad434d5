"""What every command needs: words to stderr, tables that fit a terminal, a lake that is there."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Iterable, Sequence
from getpass import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from flows.errors import UsageError as UsageError
from flows.reading.password import Ask
from flows.shown import Shown, shown
from warehouse.made_for import is_elsewhere
from warehouse.published.place import is_url
from warehouse.steady import steadily
from warehouse.store.lake import Lake
from warehouse.store.lock import LakeError, writing

if TYPE_CHECKING:
    from rich.progress import Progress

    from warehouse.published.reading import PublishedLake

# what DuckDB and Arrow repeat of the system's own words
DISK_WORDS = (
    "No space left on device",
    "File too large",
    "Disk quota exceeded",
    "Input/output error",
)

# DuckDB fetches no extension, also when a query would need one
OFFLINE = """
    set autoinstall_known_extensions = false;
    set autoload_known_extensions = false;
    set custom_extension_repository = '/dev/null'
"""

# markup off: a file may be named [copy].csv
words = Shown(stderr=True, highlight=False, markup=False, emoji=False)
# a pipe or a file has no width of its own: wide enough for a receipt
data = Shown(highlight=False, markup=False, emoji=False, width=None if sys.stdout.isatty() else 160)


def say(text: str, is_to_be_copied: bool = False) -> None:
    """A sentence for the person, not for a pipe. What is to be copied gets no line ends."""
    words.print(text, soft_wrap=is_to_be_copied or not is_terminal())


def opened(folder: Path) -> tuple[Lake, duckdb.DuckDBPyConnection]:
    """A lake that has something in it, its warehouse open to read, in UTC.

    Relations of a lake that was copied or moved still read the files of the old place: they are
    made anew first.

    Raises: UsageError if there is none, or it was moved and cannot be written.
    """
    lake = Lake(folder)
    if not lake.warehouse.exists():
        raise UsageError(
            f"no lake at {folder}; `dawnlake ingest PATH --participant ID` makes one, "
            "--lake names another folder"
        )
    connection = _connected(lake)
    if is_elsewhere(lake, connection):
        connection.close()
        _related_anew(lake)
        connection = _connected(lake)
    return lake, connection


def reached(place: str) -> tuple[Lake | PublishedLake, duckdb.DuckDBPyConnection]:
    """The same of a lake's folder, or of what was published at a URL: for who only reads.

    Raises: UsageError if there is none; PlaceError, StorageError.
    """
    if not is_url(place):
        return opened(Path(place))
    from warehouse.published.reading import PublishedLake

    published = PublishedLake.of(place)
    connection = published.connected()
    _set_up(connection)
    return published, connection


def folder_of(lake: Lake | PublishedLake, why: str) -> Lake:
    """Raises: UsageError with a reason if a lake is no folder of ours."""
    if isinstance(lake, Lake):
        return lake
    raise UsageError(f"a published lake is only read, and {why}")


def _connected(lake: Lake) -> duckdb.DuckDBPyConnection:
    try:
        connection = duckdb.connect(str(lake.warehouse), read_only=True)
    except duckdb.IOException as error:
        if "lock" not in str(error):
            raise
        raise UsageError(
            "warehouse.duckdb is open for writing in another program: close it there, or open it "
            "there with `duckdb -readonly`; ingest goes on as before"
        ) from None
    _set_up(connection)
    return connection


def _set_up(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(OFFLINE)
    connection.execute("set timezone = 'UTC'")


def _related_anew(lake: Lake) -> None:
    from flows.deriving.completion import build_views
    from flows.settings import load

    try:
        with writing(lake, "dawnlake", say):
            build_views(lake, load(lake.settings), anew=True)
    except LakeError as error:
        raise UsageError(
            "this lake was copied or moved, and its relations still read the files of the old "
            f"place; they cannot be made anew: {error}"
        ) from None


def fetched(connection: duckdb.DuckDBPyConnection, sql: str, *values: object) -> list[Any]:
    """The rows of a query, steadily."""
    return steadily(lambda: connection.execute(sql, values).fetchall())


def machine_trouble(error: Exception) -> str | None:
    """A sentence for what the disk or the memory is to blame for; None if it is not."""
    import pyarrow as pa  # here: who asks in SQL does not wait for it

    text = str(error)
    if isinstance(error, duckdb.Error | pa.ArrowException) or not isinstance(error, OSError):
        known = next((words for words in DISK_WORDS if words in text), None)
        if known is None and not isinstance(error, MemoryError | duckdb.OutOfMemoryException):
            return None
        what = known or "out of memory"
    else:
        what = next((words for words in DISK_WORDS if words in text), error.strerror or "")
    if not what:
        return None
    return (
        f"stopped by this machine: {what}. The lake is as it was or as it will be, nothing is half "
        "in: mend that, make room, and run the same again"
    )


def reads_mmol(lake: Lake | PublishedLake) -> bool:
    """Whether people of this lake read glucose in mmol/L. Settings that do not speak of it are not
    loaded: that takes as long as a query.

    Raises: SettingsError.
    """
    if not isinstance(lake, Lake):
        return lake.is_mmol
    if not lake.settings.exists() or "glucose_unit" not in lake.settings.read_text("utf-8"):
        return False
    from flows.settings import load

    return load(lake.settings).is_mmol


def unit_of(lake: Lake | PublishedLake, asked: str | None) -> str:
    """The unit of glucose that was asked for, else that of the settings."""
    return asked or ("mmol/L" if reads_mmol(lake) else "mg/dL")


def wake_date(text: str) -> dt.date:
    """The date that names a night.

    Raises: UsageError if it is none.
    """
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise UsageError("a night is named by the date of its wake, such as 2025-10-26") from None


def participants(lake: Lake | PublishedLake, only: str | None) -> list[str]:
    """Everyone in the lake, or the one who was asked for.

    Raises: UsageError if the lake has nobody of that id.
    """
    known = lake.participants()
    if only is None:
        return known
    if only not in known:
        raise UsageError(f"no participant {only} in this lake; there is {', '.join(known)}")
    return [only]


def given(paths: Iterable[Path]) -> list[Path]:
    """What was named on the command line.

    Raises: UsageError if nothing was.
    """
    named = list(paths)
    if not named:
        raise UsageError("name what to read: a file, a folder or a zip")
    return named


def listing(*headings: str, numbers: Sequence[str] = ()) -> Table:
    """An empty table: texts on the left, numbers on the right, no frame."""
    table = Table(box=SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0))
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for heading in numbers:
        table.add_column(heading, justify="right", no_wrap=True)
    return table


def card(name: str, *lines: str) -> Text:
    """A cell with a name and, fainter below it, what there is to say."""
    faint = (Text(shown(line), "dim") for line in lines if line)
    return Text("\n").join([Text(shown(name)), *faint])


def shortened(name: str, others: int) -> str:
    """The end of a name, from a folder's edge if it can be, for a cell beside `others` columns."""
    room = max(24, data.width - others)
    if len(name) <= room:
        return name
    _, edge, rest = name[1 - room :].partition("/")
    return f"…/{rest}" if edge else f"…{name[1 - room :]}"


def asker(bar: Progress | None = None) -> Ask | None:
    """Asks for a password without showing it, `bar` out of the way; None if nobody is there."""
    if not (sys.stdin.isatty() and is_terminal()):
        return None

    def ask(question: str) -> str:
        if bar is not None:
            bar.stop()
        try:
            return getpass(shown(question))
        finally:
            if bar is not None:
                bar.start()

    return ask


def is_terminal() -> bool:
    """Whether a person watches stderr."""
    return sys.stderr.isatty()
