"""What is asked of nights and glucose."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from flows.options.shared import (
    HERE,
    THIS,
    Flag,
    LakeFolder,
    LakePlace,
    Output,
    Someone,
    Workers,
)

UnitName = Literal["mg/dL", "mmol/L"]


def sql(
    query: str | None = None,
    *,
    format: Literal["table", "lines", "csv", "json", "parquet"] = "table",
    output: Annotated[Path | None, Output] = None,
    lake: LakePlace = THIS,
) -> int:
    """Ask the lake in SQL; without a query, a shell with history, or what a pipe holds.

    Parameters
    ----------
    query
        One or more statements.
    format
        lines: a line for each column, for what is too wide.
    """
    from flows.commands.sql import run_shell, run_sql

    if query is None:
        return run_shell(lake, format, output)
    return run_sql(lake, query, format, output)


def explain(
    participant: str,
    sleep_date: str,
    *,
    rows: Flag = False,
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


def export(
    *names: str,
    output: Annotated[Path, Output],
    format: Literal["csv", "parquet", "feather", "xlsx", "dta", "sav"] = "csv",
    participant: Someone = None,
    since: str | None = None,
    deidentify: bool = False,
    license: str | None = None,
    lake: LakePlace = THIS,
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
    license
        Written into datapackage.json, such as CC-BY-4.0.
    """
    from flows.commands.export import run_export

    return run_export(lake, names, output, format, participant, since, deidentify, license)


def effect(*, participant: Someone = None, workers: Workers = None, lake: LakeFolder = HERE) -> int:
    """Compare nights and the days after them, within each person; kept in sleep_effect."""
    from flows.commands.effect import run_effect

    return run_effect(lake, participant, workers)


def report(
    *,
    participant: Annotated[list[str] | None, Parameter(name=["--participant", "-p"])] = None,
    since: Annotated[str | None, Parameter(name="--from")] = None,
    until: Annotated[str | None, Parameter(name="--to")] = None,
    output: Annotated[Path | None, Output] = None,
    unit: Annotated[UnitName | None, Parameter(name="--unit")] = None,
    deidentify: Flag = False,
    workers: Workers = None,
    lake: LakePlace = THIS,
) -> int:
    """Write a page to look at: of one participant, or of each with a list of them.

    Parameters
    ----------
    participant
        Whose; may be given several times. Without it, everybody's.
    since
        First date, YYYY-MM-DD.
    until
        Last date.
    output
        A file that ends in .html, or a folder for several participants.
    unit
        Of glucose; else that of the settings.
    deidentify
        New ids, dates moved by whole weeks, no devices, zones or free text.
    """
    from flows.commands.report import run_report

    dates = since, until
    return run_report(lake, participant or (), dates, output, unit, deidentify, workers)


def night(
    participant: str,
    sleep_date: str,
    *,
    output: Annotated[Path | None, Output] = None,
    unit: Annotated[UnitName | None, Parameter(name="--unit")] = None,
    deidentify: Flag = False,
    lake: LakePlace = THIS,
) -> int:
    """Show a night and the day after it in the terminal, or draw it.

    Parameters
    ----------
    participant
        Whose night.
    sleep_date
        The date of its wake, YYYY-MM-DD.
    output
        An image: a file that ends in .svg.
    unit
        Of glucose; else that of the settings.
    deidentify
        A new id and other dates; times of day stay.
    """
    from flows.commands.night import show_night

    return show_night(lake, participant, sleep_date, output, unit, deidentify)


def mcp(*, lake: LakeFolder = HERE) -> int:
    """Answer the client of a language model, over stdin and stdout: three read-only tools."""
    from flows.commands.mcp import serve_mcp

    return serve_mcp(lake)


COMMANDS = (sql, explain, export, effect, report, night, mcp)
