"""rebuild: every table and view once more."""

from __future__ import annotations

from pathlib import Path

from flows.deriving import pipeline
from flows.deriving.completion import completed, settled
from flows.deriving.derivation import derivation
from flows.imports import without_pandas
from flows.pull.replaced import drop_replaced
from flows.reading.inbox import inbox_participants
from flows.reading.password import Passwords
from flows.reading.together import untangle
from flows.settings import load
from flows.usage import UsageError, asker, say
from warehouse.store.lake import Lake
from warehouse.store.lock import writing


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
    for participant in inbox_participants(lake) if source == "files" else []:
        say(f"reading inbox/{participant} again")
        files = pipeline.read_again(lake, participant, settings, passwords)
        for file in files:
            if file.error:
                say(f"set aside: {file.name}: {file.error}")
                problems += 1
    with derivation(lake, settings) as derive:
        for participant in lake.participants():
            say(f"aligning {participant}")
            untangle(lake, participant)
            drop_replaced(lake, participant)
            outcome = derive.align(participant, force=True)
            if problem := pipeline.zone_problem(outcome):
                say(str(problem))
                problems += 1
        derive.finish()
    completed(lake, settings)  # also of whoever had no file any more when another run was killed
    settled(lake, settings, False, say)
    pipeline.build_views(lake, settings, anew=True)
    return 1 if problems else 0
