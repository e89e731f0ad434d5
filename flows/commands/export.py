"""export: views as a tidy data set, of everybody or of one, as they are or disguised."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from connectors import connectors
from flows.disguises import disguise_of
from flows.usage import UsageError, folder_of, opened, participants, reached, reads_mmol, say
from warehouse.dataset import Chosen, FolderInUse, Wanted, begun, write_dataset
from warehouse.dataset_forms import TooLarge
from warehouse.disguised import disguised
from warehouse.harmless import is_given
from warehouse.named import named, nearest
from warehouse.store.lake import Lake
from warehouse.view_files import View
from warehouse.views import LIVE

if TYPE_CHECKING:
    from warehouse.published.reading import PublishedLake


def run_export(
    lake: str,
    names: Sequence[str],
    output: Path,
    form: str,
    participant: str | None,
    since: str | None,
    deidentify: bool = False,
    licence: str | None = None,
) -> int:
    """Write the data set.

    Raises: UsageError for an unknown view or participant, or a date that is none; LakeError if
    somebody needs a new id and the lake is read-only.
    """
    exported = _asked(names, participant is not None, deidentify)
    there, connection = reached(lake)
    wanted = Wanted(form, participant, _date(since), licence, is_mmol=reads_mmol(there))
    people = participants(there, participant)
    try:
        _write(there, connection, exported, people, output, wanted, deidentify)
    except TooLarge as error:
        raise UsageError(str(error)) from None
    what = "1 view" if len(names) == 1 else f"{len(names)} views"
    say(f"{what} to {output}, described in codebook.csv and datapackage.json")
    return 0


def _write(
    lake: Lake | PublishedLake,
    connection: duckdb.DuckDBPyConnection,
    exported: Sequence[View],
    people: Sequence[str],
    output: Path,
    wanted: Wanted,
    is_disguised: bool,
) -> None:
    if not is_disguised:
        chosen = [_found(connection, view) for view in exported]
        write_dataset(connection, chosen, _folder(output, False), wanted)
        return
    there = folder_of(lake, "the key to new ids lies in its folder: --deidentify there")
    connection.close()  # who has to be added to the key may complete a run that died
    disguise = disguise_of(there, people, "dawnlake export")
    _, connection = opened(there.root)
    disguise.register(connection)
    _write_disguised(connection, exported, _folder(output, True), wanted)


def _folder(output: Path, is_disguised: bool) -> Path:
    try:
        return begun(output, is_disguised)
    except FolderInUse as error:
        raise UsageError(str(error)) from None


def _asked(names: Sequence[str], is_of_some: bool, is_disguised: bool) -> list[View]:
    """The views of these names, of some participants or changed ones, or as they are."""
    known = named()
    if not names:
        raise UsageError("name a view, such as night_to_day; `dawnlake views` lists them")
    if unknown := sorted(set(names) - known.keys()):
        raise UsageError(
            f"no view {unknown[0]}{nearest(unknown[0])}. `dawnlake views --all` lists them"
        )
    if asked := [name for name in names if known[name].parameters]:
        raise UsageError(
            f"{asked[0]} is asked with values, and is no data set: "
            f'`dawnlake sql "from {known[asked[0]].call}" --format csv`'
        )
    of_all = [name for name in names if "participant_id" not in known[name].columns]
    if of_all and (is_of_some or is_disguised):
        raise UsageError(
            f"{of_all[0]} is of everyone together: without --participant and --deidentify"
        )
    told = [name for name in names if not is_given(known[name])]
    if told and is_disguised:
        raise UsageError(
            f"{told[0]} may name devices, files or places, and is no part of a data set without "
            "names; `dawnlake views` lists what can be"
        )
    return [known[name] for name in names]


def _found(connection: duckdb.DuckDBPyConnection, view: View) -> Chosen:
    """A relation as it stands in the warehouse: what only others are made of is in `live`."""
    there = connection.execute(
        "select 1 from duckdb_views() where schema_name = 'main' and view_name = ?", [view.name]
    ).fetchall()
    return Chosen.as_it_is(view) if there else Chosen(view.within(LIVE), view.name)


def _date(text: str | None) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text) if text else None
    except ValueError:
        raise UsageError("--since takes a date such as 2025-10-26") from None


def _write_disguised(
    connection: duckdb.DuckDBPyConnection,
    exported: Sequence[View],
    output: Path,
    wanted: Wanted,
) -> None:
    """The disguise has only the people and the dates that were asked for."""
    chosen, report = disguised(connection, exported, wanted.since, connectors())
    for warning in report["warnings"]:
        say(f"small: {warning}")
    write_dataset(
        connection,
        chosen,
        output,
        Wanted(wanted.form, licence=wanted.licence, report=report, is_mmol=wanted.is_mmol),
    )
