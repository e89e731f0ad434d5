"""ingest: the main job, with a bar while it runs and a receipt at its end."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from contextlib import nullcontext
from pathlib import Path

from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from flows.deriving import pipeline
from flows.deriving.pipeline import FileReceipt, Receipt
from flows.imports import without_pandas
from flows.reading.inbox import ids, twin
from flows.reading.password import Passwords
from flows.terminal.receipt import print_receipt
from flows.usage import UsageError, asker, given, is_terminal, say, words
from warehouse.store.lake import Lake


def run_ingest(
    lake: Path,
    paths: Iterable[Path],
    participant: str,
    timezone: str | None,
    password_file: Path | None = None,
) -> int:
    """Ingest, print the receipt, say what to do about what was set aside.

    Raises: UsageError if nothing was named; SettingsError; FileNotFoundError.
    """
    without_pandas()
    _check_twin(Lake(lake), participant)
    receipt = _with_progress(Lake(lake), given(paths), participant, timezone, password_file)
    print_receipt(receipt)
    return 0 if receipt.is_clean else 1


def _check_twin(lake: Lake, participant: str) -> None:
    """Nothing for somebody who is known, or new under a name of their own.

    Raises: UsageError for an id that differs from another in capitals alone, unless a person says
    that somebody else is meant.
    """
    other = twin(participant, ids(lake))
    if not other:
        return
    if sys.stdin.isatty() and is_terminal():
        say(f"there is {other} in this lake. Is {participant} somebody else?")
        if input("type yes to go on: ").strip().lower() == "yes":
            return
    raise UsageError(
        f"there is {other} in this lake: --participant {other}, or, for somebody else, a name that "
        f"differs in more than capitals; [participants.{participant}] in dawnlake.toml allows both"
    )


def _with_progress(
    lake: Lake,
    paths: list[Path],
    participant: str,
    timezone: str | None,
    password_file: Path | None,
) -> Receipt:
    bar = Progress(
        SpinnerColumn(),
        TextColumn("{task.completed} files"),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
        console=words,
        transient=True,
    )
    passwords = Passwords.of(password_file, asker(bar))
    with bar if is_terminal() else nullcontext():
        task = bar.add_task("reading")

        def tell(file: FileReceipt) -> None:
            bar.update(task, advance=1, description=file.name[-60:])
            if not is_terminal() and not pipeline.is_idle(file):
                say(f"{file.status}: {file.name}")

        return pipeline.ingest(lake, paths, participant, timezone, tell, passwords, say)
