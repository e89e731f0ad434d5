"""export: views as a tidy data set, of everybody or of one, as they are or disguised."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import duckdb

from flows.disguises import disguise_of
from flows.settings import load
from flows.usage import UsageError, opened, participants, say
from warehouse.dataset import Chosen, begun, write_dataset
from warehouse.disguise import disguised
from warehouse.view_files import View, views


def run_export(
    lake: Path,
    names: Sequence[str],
    output: Path,
    form: str,
    participant: str | None,
    since: str | None,
    deidentify: bool = False,
) -> int:
    """Write the data set.

    Raises: UsageError for an unknown view or participant, or a date that is none; LakeError if
    somebody needs a new id and the lake is read-only.
    """
    exported = _asked(names, participant is not None or deidentify)
    from_date = _date(since)
    there, connection = opened(lake)
    people, is_mmol = participants(there, participant), load(there.settings).is_mmol
    if deidentify:
        connection.close()  # who has to be added to the key may complete a run that died
        disguise = disguise_of(there, people, "dawnlake export")
        _, connection = opened(lake)
        disguise.register(connection)
        _write_disguised(connection, exported, begun(output), form, from_date, is_mmol)
    else:
        chosen = [Chosen.as_it_is(view) for view in exported]
        place = begun(output)
        write_dataset(connection, chosen, place, form, participant, from_date, is_mmol=is_mmol)
    what = "1 view" if len(names) == 1 else f"{len(names)} views"
    say(f"{what} to {output}, described in codebook.csv and datapackage.json")
    return 0


def _asked(names: Sequence[str], is_of_some: bool) -> list[View]:
    """The views of these names, of some participants or changed ones, or as they are."""
    known = views()
    if not names:
        raise UsageError("name a view, such as night_to_day; `dawnlake views` lists them")
    if unknown := sorted(set(names) - known.keys()):
        raise UsageError(f"no view {unknown[0]}; `dawnlake views` lists them")
    of_all = [name for name in names if "participant_id" not in known[name].columns]
    if of_all and is_of_some:
        raise UsageError(
            f"{of_all[0]} is of everyone together: without --participant and --deidentify"
        )
    return [known[name] for name in names]


def _date(text: str | None) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text) if text else None
    except ValueError:
        raise UsageError("--since takes a date such as 2025-10-26") from None


def _write_disguised(
    connection: duckdb.DuckDBPyConnection,
    exported: Sequence[View],
    output: Path,
    form: str,
    since: dt.date | None,
    is_mmol: bool,
) -> None:
    """The disguise has only the people and the dates that were asked for."""
    chosen, warnings, report = disguised(connection, exported, since, output)
    for warning in warnings:
        say(f"small: {warning}")
    write_dataset(connection, chosen, output, form, beside=[report], is_mmol=is_mmol)
