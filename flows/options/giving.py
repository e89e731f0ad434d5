"""What is given to a lake: exports, now or every night."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from flows.errors import UsageError
from flows.options.shared import HERE, Dask, Flag, LakeFolder, PasswordFile, Someone, Workers


def demo(folder: Path = Path("demo")) -> int:
    """Make up a month of two people in real vendor formats, ingest it, show the last nights."""
    from flows.commands.demo import show_demo

    return show_demo(folder)


def init(
    folder: Path = HERE,
    *,
    participant: Annotated[list[str] | None, Parameter(name=["--participant", "-p"])] = None,
    timezone: str | None = None,
) -> int:
    """Make a lake: settings with every word explained, and an inbox for each participant.

    Parameters
    ----------
    folder
        Where; what is there already stays.
    participant
        An id; again for each of several.
    timezone
        The home zone of these participants.
    """
    from flows.commands.init import run_init

    return run_init(folder, participant or [], timezone)


def ingest(
    *paths: Path,
    participant: Someone = None,
    timezone: str | None = None,
    participant_from_folder: Path | None = None,
    subjects: Annotated[bool, Parameter(negative="")] = False,
    prefix: str = "",
    password_file: PasswordFile = None,
    workers: Workers = None,
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
    participant_from_folder
        Instead of paths and --participant: a folder with a folder for each participant.
    subjects
        Instead of --participant: a participant of each person whom a file's records name.
    prefix
        With --subjects: comes before each person's id, such as site1-.
    """
    from flows.commands.ingest import run_ingest
    from flows.commands.ingest_folders import run_folders
    from flows.commands.ingest_subjects import run_subjects, whose

    is_by_folder = participant_from_folder is not None
    if whose(participant, subjects, prefix, is_by_folder):
        return run_subjects(lake, paths, prefix, timezone, password_file, workers)
    if participant_from_folder is not None:
        if paths:
            raise UsageError("--participant-from-folder DIR is all that is read: no other paths")
        return run_folders(lake, participant_from_folder, timezone, password_file, workers)
    return run_ingest(lake, paths, str(participant), timezone, password_file)


def check(
    *paths: Path,
    participant: Someone = None,
    password_file: PasswordFile = None,
    lake: LakeFolder = HERE,
) -> int:
    """Read without keeping: what each file is, and what would be set aside."""
    from flows.commands.check import run_check

    return run_check(lake, paths, participant, password_file)


def mapping(
    file: Path,
    *,
    name: str | None = None,
    unit: str = "",
    clock: str = "",
    subject: str = "",
    date_of: Literal["", "evening", "morning", "record"] = "",
    lake: LakeFolder = HERE,
) -> int:
    """Propose how to read a table that no connector knows, and show its first rows by it.

    Parameters
    ----------
    file
        CSV, TSV, XLSX, or JSON with one object per line.
    name
        What the mapping is called: small letters, digits, underscores.
    unit
        The unit of its glucose or temperature, where the table does not say.
    clock
        Whose clock it is: local, UTC, or a zone.
    subject
        The column that says whose a record is; none for one person's table.
    date_of
        In a diary: whether a night has the date of its evening or of its morning.
    """
    from connectors.mapping.propose import Answers
    from flows.commands.mapping import run_mapping

    return run_mapping(lake, file, name, Answers(unit, clock, subject, date_of))


def rebuild(
    *,
    source: Annotated[Literal["files", "extracted"], Parameter(name="--from")] = "extracted",
    password_file: PasswordFile = None,
    workers: Workers = None,
    lake: LakeFolder = HERE,
) -> int:
    """Derive every table and view again, from what was extracted or from the files in inbox/."""
    from flows.commands.rebuild import run_rebuild

    return run_rebuild(lake, source, password_file, workers)


def nightly(
    *,
    password_file: PasswordFile = None,
    workers: Workers = None,
    dask: Dask = "",
    lake: LakeFolder = HERE,
) -> int:
    """Run the scheduled ingestion once, now: everything in inbox/PARTICIPANT/."""
    from flows.commands.nightly import run_nightly_once

    return run_nightly_once(lake, password_file, workers, dask)


def serve(
    *,
    at: str = "05:30",
    timezone: str | None = None,
    ui: Annotated[bool, Parameter(negative="")] = False,
    password_file: PasswordFile = None,
    workers: Workers = None,
    dask: Dask = "",
    lake: LakeFolder = HERE,
) -> int:
    """Run the ingestion of inbox/ every day at a time, until stopped.

    Parameters
    ----------
    at
        HH:MM.
    timezone
        The zone of that time.
    ui
        Also Prefect's page of runs, on this machine alone.
    """
    from flows.commands.serve import run_serve

    return run_serve(lake, at, timezone, password_file, ui, workers, dask)


def publish(
    url: str,
    *,
    site: str | None = None,
    replace: Flag = False,
    lake: LakeFolder = HERE,
) -> int:
    """Put tables and marts into object storage, where others read them by its URL.

    Parameters
    ----------
    url
        s3://bucket/prefix, gs://bucket/prefix, az://account/container/prefix or file:///folder.
    site
        This lake's name among several that share the prefix and are read as one.
    replace
        Also if what is published there is of other people.
    """
    from flows.commands.publish import run_publish

    return run_publish(lake, url, site, replace)


COMMANDS = (demo, init, ingest, check, mapping, rebuild, nightly, serve, publish)
