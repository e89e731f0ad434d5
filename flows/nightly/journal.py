"""One line for every nightly run: on stderr, and in the lake's log/. No names, no values."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from connectors.contract import IngestError
from flows.deriving.pipeline import Receipt
from flows.usage import say
from warehouse.store.lake import Lake, private_folder

LOG = "nightly.log"
MOST_BYTES = 256 * 1024  # then it becomes nightly.log.1, and that .2
KEPT = 3


def log_of(lake: Lake) -> Path:
    return lake.root / "log" / LOG


def summary(receipts: Sequence[Receipt], misplaced: int) -> str:
    """Counts of a run, in words."""
    files = [file for receipt in receipts for file in receipt.files]
    fates = Counter(file.status for file in files)
    rejected = sum(f.manifest["rejected_count"] for f in files if f.manifest)
    told = {
        "participants": len(receipts),
        "files read": fates["read"],
        "known": fates["known"],
        "not used": fates["not used"],
        "set aside": fates["set aside"],
        "records rejected": rejected,
        "nights added": sum(receipt.nights_added for receipt in receipts),
        "nights changed": sum(receipt.nights_changed for receipt in receipts),
        "problems": sum(len(receipt.problems) for receipt in receipts),
        "misplaced in the inbox": misplaced,
    }
    always = ("participants", "files read", "set aside")
    words = [f"{count} {what}" for what, count in told.items() if count or what in always]
    return ", ".join(words)


def note(lake: Lake, what: str) -> None:
    """A line with the time, said and kept."""
    now = dt.datetime.now().astimezone().isoformat(" ", "seconds")
    line = f"{now} nightly: {what}"
    say(line, is_to_be_copied=True)
    path = log_of(lake)
    with suppress(OSError):  # a lake that cannot be written says so by itself
        private_folder(path.parent)
        _rotate(path)
        path.touch(0o600)
        with path.open("a", encoding="utf-8") as log:
            log.write(f"{line}\n")


@contextmanager
def noted(lake: Lake) -> Iterator[None]:
    """A run that fails leaves a line too: its kind alone."""
    try:
        yield
    except Exception as error:
        why = str(error) if isinstance(error, IngestError) else type(error).__name__
        note(lake, f"failed: {why}")
        raise


def _rotate(path: Path) -> None:
    if not path.exists() or path.stat().st_size < MOST_BYTES:
        return
    for number in range(KEPT - 1, 0, -1):
        older = path.with_name(f"{LOG}.{number}")
        if older.exists():
            older.replace(path.with_name(f"{LOG}.{number + 1}"))
    path.replace(path.with_name(f"{LOG}.1"))
