"""rebuild: every table and view once more."""

from __future__ import annotations

from pathlib import Path

from connectors.contract import IngestError
from flows.deriving import pipeline
from flows.deriving.completion import completed, settled
from flows.deriving.crew import Crew
from flows.deriving.derivation import derivation
from flows.deriving.person import Person, Worked
from flows.imports import without_pandas
from flows.reading.inbox import inbox_participants
from flows.reading.password import Passwords
from flows.settings import load
from flows.usage import UsageError, asker, say
from warehouse.store.lake import Lake
from warehouse.store.lock import writing


def run_rebuild(
    folder: Path, source: str, password_file: Path | None = None, workers: int | None = 1
) -> int:
    """Derive everything again, from what was extracted or, from `files`, after reading the inbox.

    Raises: UsageError if there is no lake; OSError if the password file cannot be read.
    """
    without_pandas()
    lake = Lake(folder)
    if not lake.exists():
        raise UsageError(f"no lake at {folder}")
    passwords = Passwords.of(password_file, asker())
    with writing(lake, "dawnlake rebuild", say), Crew(workers) as crew:
        return _rebuilt(lake, source, passwords, crew)


def _rebuilt(lake: Lake, source: str, passwords: Passwords, crew: Crew) -> int:
    settings = load(lake.settings)
    again = inbox_participants(lake) if source == "files" else []
    everyone = sorted({*lake.participants(), *again})
    problems = 0
    with derivation(lake, settings, crew) as derive:

        def person(who: str) -> Person:
            paths = (lake.inbox / who,) if who in again else ()
            return derive.person(who, paths=paths, passwords=passwords, again=True, force=True)

        found = derive.each(map(person, everyone))
        for who, done in zip(everyone, found, strict=True):
            say(f"aligning {who}" if who not in again else f"reading inbox/{who} again")
            for problem in _problems(who, done):
                say(problem)
                problems += 1
        derive.finish()
        for who, died in derive.lost.items():
            say(f"{who}: {died}")
            problems += 1
    # also of whoever had no file any more when another run was killed
    completed(lake, settings, crew)
    settled(lake, settings, False, say, crew)
    pipeline.build_views(lake, settings, anew=True)
    return 1 if problems else 0


def _problems(who: str, done: Worked | IngestError) -> list[str]:
    """Sentences on what was set aside, or is not known."""
    if isinstance(done, IngestError):
        return [f"{who}: {done}"]
    aside = [f"set aside: {f.name}: {f.error}" for f in done.receipt.files if f.error]
    problem = pipeline.zone_problem(done.outcome)
    return [*aside, *([str(problem)] if problem else [])]
