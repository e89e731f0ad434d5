"""ingest, rebuild, nightly, serve."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import nullcontext
from pathlib import Path

from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from flows.commands.receipt import print_receipt
from flows.deriving import pipeline
from flows.deriving.completion import completed, settled
from flows.deriving.derivation import derivation
from flows.deriving.pipeline import FileReceipt, Receipt
from flows.imports import without_pandas
from flows.reading.password import Passwords
from flows.settings import load
from flows.usage import UsageError, asker, given, is_terminal, say, words
from warehouse.store.lake import Lake
from warehouse.store.lock import writing


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
    receipt = _with_progress(Lake(lake), given(paths), participant, timezone, password_file)
    print_receipt(receipt)
    return 0 if receipt.is_clean else 1


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
            if not is_terminal():
                say(f"{file.status}: {file.name}")

        return pipeline.ingest(lake, paths, participant, timezone, tell, passwords, say)


def run_rebuild(folder: Path, source: str, password_file: Path | None = None) -> int:
    """Derive everything again, from what was extracted or, from `files`, after reading the inbox.

    Raises: UsageError if there is no lake; OSError if the password file cannot be read.
    """
    without_pandas()
    lake = Lake(folder)
    if not lake.exists():
        raise UsageError(f"no lake at {folder}")
    passwords = Passwords.of(password_file, asker())
    with writing(lake, "dawnlake rebuild", say):
        return _rebuilt(lake, source, passwords)


def _rebuilt(lake: Lake, source: str, passwords: Passwords) -> int:
    settings = load(lake.settings)
    problems = 0
    for participant in pipeline.inbox_participants(lake) if source == "files" else []:
        say(f"reading inbox/{participant} again")
        files = pipeline.read_again(lake, participant, settings, passwords)
        for file in files:
            if file.error:
                say(f"set aside: {file.name}: {file.error}")
                problems += 1
    with derivation(lake, settings) as derive:
        for participant in lake.participants():
            say(f"aligning {participant}")
            outcome = derive.align(participant, force=True)
            if problem := pipeline.zone_problem(outcome):
                say(str(problem))
                problems += 1
        derive.finish()
    completed(lake, settings)  # also of whoever had no file any more when another run was killed
    settled(lake, settings, was_left=False)
    pipeline.build_views(lake, settings, anew=True)
    return 1 if problems else 0


def run_nightly_once(folder: Path, password_file: Path | None = None) -> int:
    """The Prefect flow, once; its receipts."""
    from flows.nightly.flow import run_nightly

    receipts = run_nightly(Lake(folder).create().root, password_file)
    for receipt in receipts:
        print_receipt(receipt)
    if not receipts:
        say("nothing in the inbox: put exports into inbox/<participant>/ of the lake")
    return 0 if all(receipt.is_clean for receipt in receipts) else 1


def run_serve(
    folder: Path, at: str, timezone: str | None, password_file: Path | None = None
) -> int:
    """The Prefect flow every day, until stopped."""
    from flows.nightly.flow import serve

    serve(Lake(folder).create().root, at, timezone, password_file)
    return 0
