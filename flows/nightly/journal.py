"""One line for every nightly run: on stderr, and in the lake's log/. No names, no values.

Beside it the counts of the last run, for monitors (`last_night.json`).
"""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from connectors.contract import IngestError
from flows.deriving.pipeline import Receipt
from flows.nightly.telling import tell
from flows.usage import say
from warehouse.store.lake import Lake, private_folder, write_json

LOG = "nightly.log"
LAST = "last_night.json"
MOST_BYTES = 256 * 1024  # then it becomes nightly.log.1, and that .2
KEPT = 3
# what somebody has to look at
ODD = ("set aside", "records rejected", "problems", "misplaced in the inbox", "services in trouble")


def log_of(lake: Lake) -> Path:
    return lake.root / "log" / LOG


def last_night(lake: Lake) -> dict[str, Any]:
    """`ended_at`, `seconds`, `outcome` (done, set_aside, failed) and `counts` of the last nightly
    run that ended; nothing if none has, or its note is damaged."""
    try:
        found: dict[str, Any] = json.loads((lake.root / "log" / LAST).read_text("utf-8"))
        return found if {"ended_at", "seconds", "outcome", "counts"} <= found.keys() else {}
    except (OSError, ValueError, AttributeError):
        return {}


@dataclass
class Run:
    """A nightly run: when it began, and its counts once it has ended well."""

    lake: Lake
    began: dt.datetime = field(default_factory=lambda: dt.datetime.now(dt.UTC))
    counts: dict[str, int] | None = None

    def ended(self, receipts: Sequence[Receipt], misplaced: int, troubled: int) -> None:
        """Its counts, also of services that could not be asked."""
        self.counts = counts(receipts, misplaced) | {"services in trouble": troubled}

    def tell(self, exit_class: int) -> None:
        """Note the end of it, and tell whoever is to be told of such an end."""
        outcome = ("done", "set_aside")[exit_class] if exit_class < 2 else "failed"
        now = dt.datetime.now(dt.UTC)
        with suppress(OSError):  # as of the line
            write_json(
                {
                    "ended_at": now.isoformat(timespec="seconds"),
                    "seconds": round((now - self.began).total_seconds(), 1),
                    "outcome": outcome,
                    "counts": self.counts or {},
                },
                self.lake.root / "log" / LAST,
            )
        if exit_class:
            tell(self.lake, outcome, exit_class, self.counts or {})


def counts(receipts: Sequence[Receipt], misplaced: int) -> dict[str, int]:
    """Counts of a run."""
    files = [file for receipt in receipts for file in receipt.files]
    fates = Counter(file.status for file in files)
    rejected = sum(f.manifest["rejected_count"] for f in files if f.manifest)
    return {
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


def summary(told: Mapping[str, int]) -> str:
    """Counts of a run, in words."""
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
def noted(lake: Lake) -> Iterator[Run]:
    """A run, or a part of one that does not end it. One that fails leaves a line too: its kind
    alone. Somebody is told of that, and of anything that was set aside."""
    run = Run(lake)
    try:
        yield run
    except Exception as error:
        why = str(error) if isinstance(error, IngestError) else type(error).__name__
        note(lake, f"failed: {why}")
        run.tell(3 if isinstance(error, OSError) else 2)
        raise
    if run.counts is not None:
        note(lake, summary(run.counts))
        run.tell(int(any(run.counts[what] for what in ODD)))


def _rotate(path: Path) -> None:
    if not path.exists() or path.stat().st_size < MOST_BYTES:
        return
    for number in range(KEPT - 1, 0, -1):
        older = path.with_name(f"{LOG}.{number}")
        if older.exists():
            older.replace(path.with_name(f"{LOG}.{number + 1}"))
    path.replace(path.with_name(f"{LOG}.1"))
