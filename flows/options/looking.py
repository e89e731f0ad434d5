"""What is in a lake, and what dawnlake knows."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from flows.options.shared import HERE, THIS, Flag, LakeFolder, LakePlace, Someone


def status(
    *,
    participant: Someone = None,
    details: Flag = False,
    format: Literal["table", "json"] = "table",
    check: Flag = False,
    metrics: Path | None = None,
    lake: LakePlace = THIS,
) -> int:
    """What is in the lake, how new it is, how the last run ended; of one, every stream.

    Parameters
    ----------
    details
        Streams, coverage and what was set aside of everybody.
    format
        json: the summary, for other programs.
    check
        For monitors: exit 1 if a source is stale, a run did not end, or the inbox holds what
        nobody reads.
    metrics
        A file for Prometheus' textfile collector, such as dawnlake.prom: counts and ages, and no
        names, unless --details.
    """
    from flows.commands.status import show_status

    return show_status(lake, participant, details, format, check, metrics)


def files(*, participant: Someone = None, lake: LakeFolder = HERE) -> int:
    """Every file that was read, and what became of its records."""
    from flows.commands.files import show_files

    return show_files(lake, participant)


def rejects(
    *,
    participant: Someone = None,
    raw: Flag = False,
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


def zones(participant: str | None = None, *, lake: LakeFolder = HERE) -> int:
    """Where each participant was and on what evidence, and what was found out about clocks.

    Parameters
    ----------
    participant
        Only this one.
    """
    from flows.commands.zones import show_zones

    return show_zones(lake, participant)


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
    from flows.commands.views import show_views

    return show_views(name, everything)


def connectors(*, lake: LakeFolder = HERE) -> int:
    """The export formats that are read, and how well each is known."""
    from flows.commands.connectors import show_connectors

    return show_connectors(lake)


def doctor(*, lake: LakeFolder = HERE) -> int:
    """Look at the machine, the lake and its settings, and say how to mend what is wrong."""
    from flows.commands.doctor import run_doctor

    return run_doctor(lake)


COMMANDS = (status, files, rejects, zones, views, connectors, doctor)
