"""The command line. Commands say what they do; the work is done elsewhere, imported when needed.

Plain words go to stderr, data to stdout. Exit 0: done; 1: done, but something was set aside;
2: usage or settings; 3: the machine stopped it, such as a full disk.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, CycloptsError, Parameter

from flows import stdio

app = App(
    name="dawnlake",
    help="Last night's sleep, this morning's glucose, one SQL view.",
    version=lambda: version("dawnlake"),
    result_action="return_value",
)

LakeFolder = Annotated[
    Path, Parameter(name="--lake", env_var="DAWNLAKE_LAKE", help="The lake's folder.")
]
PasswordFile = Annotated[
    Path | None,
    Parameter(
        name="--password-file",
        help="Passwords of zips, one a line; without it, a terminal is asked, if there is one.",
    ),
]
Someone = Annotated[str | None, Parameter(name="--participant")]
HERE = Path("lake")


@app.command
def demo(folder: Path = Path("demo")) -> int:
    """Make up a month of two people in real vendor formats, ingest it, show the last nights."""
    from flows.commands.demo import show_demo

    return show_demo(folder)


@app.command
def ingest(
    *paths: Path,
    participant: Someone = None,
    timezone: str | None = None,
    subjects: Annotated[bool, Parameter(negative="")] = False,
    prefix: str = "",
    password_file: PasswordFile = None,
    lake: LakeFolder = HERE,
) -> int:
    """Read exports (files, folders, zips) of one participant into the lake.

    Parameters
    ----------
    paths
        What was downloaded; again and again, in any mix.
    participant
        Whose it is: a short id.
    timezone
        The participant's home zone, such as Europe/Berlin; remembered.
    subjects
        Instead of --participant: a participant of each person whom a file's records name.
    prefix
        With --subjects: comes before each person's id, such as site1-.
    """
    from flows.commands.ingest import run_ingest
    from flows.commands.subjects import run_subjects, whose

    if whose(participant, subjects, prefix):
        return run_subjects(lake, paths, prefix, timezone, password_file)
    return run_ingest(lake, paths, str(participant), timezone, password_file)


@app.command
def check(
    *paths: Path,
    participant: Someone = None,
    password_file: PasswordFile = None,
    lake: LakeFolder = HERE,
) -> int:
    """Read without keeping: what each file is, and what would be set aside."""
    from flows.commands.check import run_check

    return run_check(lake, paths, participant, password_file)


@app.command
def status(*, participant: Someone = None, lake: LakeFolder = HERE) -> int:
    """What is in the lake: streams, first and last day, coverage, what was set aside."""
    from flows.commands.look import show_status

    return show_status(lake, participant)


@app.command
def files(*, participant: Someone = None, lake: LakeFolder = HERE) -> int:
    """Every file that was read, and what became of its records."""
    from flows.commands.look import show_files

    return show_files(lake, participant)


@app.command
def rejects(
    *,
    participant: Someone = None,
    raw: Annotated[bool, Parameter(negative="")] = False,
    lake: LakeFolder = HERE,
) -> int:
    """Records that were not understood, by file and reason.

    Parameters
    ----------
    raw
        Every record with its text.
    """
    from flows.commands.rejects import show_rejects

    return show_rejects(lake, participant, raw)


@app.command
def withdraw(*file_ids: str, participant: Someone = None, lake: LakeFolder = HERE) -> int:
    """Remove an export and all that came of it, as if it had never been given.

    Parameters
    ----------
    file_ids
        As `dawnlake files` lists them, or their first digits.
    participant
        Only from this one, if several gave the same file.
    """
    from flows.commands.remove import run_withdraw

    return run_withdraw(lake, file_ids, participant)


@app.command
def forget(
    participant: str,
    *,
    yes: Annotated[bool, Parameter(negative="")] = False,
    lake: LakeFolder = HERE,
) -> int:
    """Remove everything of a participant from the lake, for good.

    Parameters
    ----------
    participant
        Whose.
    yes
        Do not ask.
    """
    from flows.commands.remove import run_forget

    return run_forget(lake, participant, yes)


@app.command
def zones(participant: str | None = None, *, lake: LakeFolder = HERE) -> int:
    """Where each participant was and on what evidence, and what was found out about clocks.

    Parameters
    ----------
    participant
        Only this one.
    """
    from flows.commands.zones import show_zones

    return show_zones(lake, participant)


@app.command
def sql(
    query: str | None = None,
    *,
    format: Literal["table", "csv", "json", "parquet"] = "table",
    output: Annotated[Path | None, Parameter(name=["--output", "-o"])] = None,
    lake: LakeFolder = HERE,
) -> int:
    """Ask the lake in SQL; without a query, a shell with history."""
    from flows.commands.sql import run_shell, run_sql

    return run_shell(lake) if query is None else run_sql(lake, query, format, output)


@app.command
def views(
    name: str | None = None, *, everything: Annotated[bool, Parameter(name="--all")] = False
) -> int:
    """Views, what one row of each is; of one view, its columns with units.

    Parameters
    ----------
    name
        A view.
    everything
        Also the views that others are made from.
    """
    from flows.commands.look import show_views

    return show_views(name, everything)


@app.command
def explain(
    participant: str,
    sleep_date: str,
    *,
    rows: Annotated[bool, Parameter(negative="")] = False,
    format: Literal["table", "csv", "json"] = "table",
    lake: LakeFolder = HERE,
) -> int:
    """Every number of a night back to rows, files and record numbers.

    Parameters
    ----------
    participant
        Whose night.
    sleep_date
        The date of its wake, YYYY-MM-DD.
    rows
        Every row with its value.
    format
        Of the rows.
    """
    from flows.commands.explain import explain_night

    return explain_night(lake, participant, sleep_date, rows, format)


@app.command
def export(
    *names: str,
    output: Annotated[Path, Parameter(name=["--output", "-o"])],
    format: Literal["csv", "parquet"] = "csv",
    participant: Someone = None,
    since: str | None = None,
    deidentify: bool = False,
    lake: LakeFolder = HERE,
) -> int:
    """Write views as a tidy data set with codebook, datapackage.json and checksums.

    Parameters
    ----------
    names
        Views, such as night_to_day.
    output
        A folder; made if it is not there.
    since
        Only rows of this date (YYYY-MM-DD) and later.
    deidentify
        New ids, dates moved by whole weeks, no devices, files or free text.
    """
    from flows.commands.export import run_export

    return run_export(lake, names, output, format, participant, since, deidentify)


@app.command
def effect(*, participant: Someone = None, lake: LakeFolder = HERE) -> int:
    """Compare nights and the days after them, within each person; kept in sleep_effect."""
    from flows.commands.effect import run_effect

    return run_effect(lake, participant)


@app.command
def doctor(*, lake: LakeFolder = HERE) -> int:
    """Look at the machine, the lake and its settings, and say how to mend what is wrong."""
    from flows.commands.doctor import run_doctor

    return run_doctor(lake)


@app.command
def connectors() -> int:
    """The export formats that are read, and how well each is known."""
    from flows.commands.look import show_connectors

    return show_connectors()


@app.command
def rebuild(
    *,
    source: Annotated[Literal["files", "extracted"], Parameter(name="--from")] = "extracted",
    password_file: PasswordFile = None,
    lake: LakeFolder = HERE,
) -> int:
    """Derive every table and view again, from what was extracted or from the files in inbox/."""
    from flows.commands.ingest import run_rebuild

    return run_rebuild(lake, source, password_file)


@app.command
def nightly(*, password_file: PasswordFile = None, lake: LakeFolder = HERE) -> int:
    """Run the scheduled ingestion once, now: everything in inbox/PARTICIPANT/."""
    from flows.commands.ingest import run_nightly_once

    return run_nightly_once(lake, password_file)


@app.command
def serve(
    *,
    at: str = "05:30",
    timezone: str | None = None,
    password_file: PasswordFile = None,
    lake: LakeFolder = HERE,
) -> int:
    """Run the ingestion of inbox/ every day at a time, until stopped.

    Parameters
    ----------
    at
        HH:MM.
    timezone
        The zone of that time.
    """
    from flows.commands.ingest import run_serve

    return run_serve(lake, at, timezone, password_file)


def main(arguments: Sequence[str] | None = None) -> None:
    """A command, and the end of the process with its exit code."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # threads that numpy would start for nothing
    gc.set_threshold(100_000)  # imports make many objects, and no garbage to look for
    stdio.prepare()
    try:
        code = app(arguments, exit_on_error=False)
    except CycloptsError:
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:  # whoever read our output has left, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as error:
        sys.exit(_usage(error))
    sys.exit(code if isinstance(code, int) else 0)


def _usage(error: Exception) -> int:
    """2, with the sentence of a mistake in what was asked for; 3, with that of machine or fault."""
    from flows.nightly.discretion import Fault, told_of
    from flows.nightly.server import ServerError
    from flows.settings import SettingsError
    from flows.usage import UsageError, machine_trouble, say
    from warehouse.store.lock import LakeError

    asked = FileNotFoundError | PermissionError | UsageError | SettingsError | LakeError
    if isinstance(error, asked | ServerError | Fault):
        say(f"dawnlake: {error}")
        return 2
    say(f"dawnlake: {machine_trouble(error) or told_of(error)}")
    return 3


def run() -> None:
    """The console command `dawnlake`.

    What `ingest` leaves behind is on the disk, and all else in memory: to take that apart piece by
    piece takes longer than to read a small file, and is left to the system.
    """
    try:
        main()
    except SystemExit as left:
        if sys.argv[1:2] != ["ingest"] or not isinstance(left.code, int):
            raise
        with suppress(BrokenPipeError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(left.code)


if __name__ == "__main__":
    run()
