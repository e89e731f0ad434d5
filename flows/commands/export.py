"""export: views as a tidy data set, with a codebook, a data package description and checksums."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import duckdb

from flows.usage import UsageError, opened, participants, say, steadily
from warehouse.disguise import (
    Disguise,
    disguised_name,
    disguised_sql,
    kept_columns,
    small_cells,
    write_report,
)
from warehouse.store.lake import private_folder, sweep, written
from warehouse.view_files import View, views

# What `--since` looks at, first that a view has.
DATES = ("sleep_date", "date", "start_local", "onset_local")
# Frictionless Data types of DuckDB's.
TYPES = {
    "VARCHAR": "string",
    "DATE": "date",
    "BOOLEAN": "boolean",
    "TIMESTAMP": "datetime",
    "TIMESTAMP WITH TIME ZONE": "datetime",
    "DOUBLE": "number",
}
CHECKSUMS = "SHA256SUMS"
FORMULA = r"^[=+\-@\t\r\n]"  # how a cell begins that a spreadsheet takes for a formula


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
    people = participants(there, participant)
    disguise = None
    if deidentify:
        connection.close()  # who has to be added to the key may complete a run that died
        disguise = Disguise.of(there, people, say)
        _, connection = opened(lake)
    sweep(private_folder(output))
    (output / CHECKSUMS).unlink(missing_ok=True)  # a folder without it is not complete
    kept: list[Path] = []
    if disguise:
        disguise.register(connection)
        exported, report = _disguised(connection, exported, from_date, output)
        kept.append(report)
        participant = from_date = None  # the disguise has only these people and dates
    kept += [_data_file(connection, v, output, form, participant, from_date) for v in exported]
    kept.append(_codebook(connection, exported, output))
    kept.append(_package(connection, exported, output, form))
    _checksums(kept, output)
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


def _disguised(
    connection: duckdb.DuckDBPyConnection,
    exported: Sequence[View],
    since: dt.date | None,
    output: Path,
) -> tuple[list[View], Path]:
    """Temporary views in the place of the real ones, and the report of what was done."""
    views_, dropped, warnings = [], {}, []
    for view in exported:
        columns = _columns(connection, view)
        kept = kept_columns(columns)
        left = [column[0] for column in columns if column not in kept]
        dated = next((name for name in DATES if name in view.columns), None)
        from_ = (dated, since.isoformat()) if since and dated else None
        name = disguised_name(view)
        connection.execute(f"create temp view {name} as {disguised_sql(view, kept, from_)}")
        grain = [part for part in view.grain.split(", ") if part]
        is_key = not set(grain) & set(left)
        views_.append(
            replace(
                view,
                name=name,
                columns={column: meaning for column, _, meaning in kept},
                grain=", ".join(grain) if is_key else "",
            )
        )
        if left:
            dropped[view.name] = left
        warnings += small_cells(connection, view, kept)
    for warning in warnings:
        say(f"small: {warning}")
    return views_, write_report(output, dropped, warnings)


def _date(text: str | None) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text) if text else None
    except ValueError:
        raise UsageError("--since takes a date such as 2025-10-26") from None


def _data_file(
    connection: duckdb.DuckDBPyConnection,
    view: View,
    output: Path,
    form: str,
    participant: str | None,
    since: dt.date | None,
) -> Path:
    where, values = [], []
    if participant:
        where.append("participant_id = ?")
        values.append(participant)
    column = next((name for name in DATES if name in view.columns), None)
    if since and column:
        where.append(f"{column} >= ?::date")
        values.append(since.isoformat())
    condition = f"where {' and '.join(where)}" if where else ""
    path = output / f"{_told(view)}.{form}"
    options = "format csv, header" if form == "csv" else "format parquet, compression zstd"
    order = f"order by {view.grain}" if view.grain else ""
    cells = _without_formulas(connection, view) if form == "csv" else "*"
    query = f"select {cells} from {view.name} {condition} {order}"
    with written(path) as partial:
        quoted = str(partial).replace("'", "''")
        copy = f"copy ({query}) to '{quoted}' ({options})"
        steadily(lambda: connection.execute(copy, values))
    return path


def _without_formulas(connection: duckdb.DuckDBPyConnection, view: View) -> str:
    """All columns; a text that a spreadsheet would run gets an apostrophe before it.

    Source: OWASP, CSV Injection. Numbers and times are of other types and stay as they are.
    """
    texts = [name for name, kind, _ in _columns(connection, view) if kind == "VARCHAR"]
    changed = [
        f"if(regexp_matches({name}, '{FORMULA}'), chr(39) || {name}, {name}) as {name}"
        for name in texts
    ]
    return f"* replace ({', '.join(changed)})" if changed else "*"


def _told(view: View) -> str:
    """The name of a view in a data set."""
    return view.name.removeprefix("disguised_")


def _columns(connection: duckdb.DuckDBPyConnection, view: View) -> list[tuple[str, str, str]]:
    """Name, DuckDB type, meaning."""
    described = connection.execute(f"describe {view.name}").fetchall()
    return [(row[0], row[1], view.columns[row[0]]) for row in described]


def _codebook(connection: duckdb.DuckDBPyConnection, exported: list[View], output: Path) -> Path:
    path = output / "codebook.csv"
    with written(path) as partial, partial.open("w", newline="", encoding="utf-8") as file:
        lines = csv.writer(file)
        lines.writerow(("view", "column", "type", "meaning"))
        for view in exported:
            lines.writerows((_told(view), *column) for column in _columns(connection, view))
    return path


def _package(
    connection: duckdb.DuckDBPyConnection, exported: list[View], output: Path, form: str
) -> Path:
    """datapackage.json (Frictionless Data)."""
    resources = [
        {
            "name": _told(view),
            "path": f"{_told(view)}.{form}",
            "format": form,
            "description": view.comment,
            "schema": {
                "fields": [_field(*column) for column in _columns(connection, view)],
                "primaryKey": view.grain.split(", ") if view.grain else [],
            },
        }
        for view in exported
    ]
    path = output / "datapackage.json"
    package = {"name": "dawnlake-export", "profile": "data-package", "resources": resources}
    with written(path) as partial:
        partial.write_text(json.dumps(package, indent=1, ensure_ascii=False) + "\n", "utf-8")
    return path


def _field(name: str, kind: str, meaning: str) -> dict[str, str]:
    type_ = TYPES.get(kind, "integer")
    # DuckDB writes a blank where the default format has a T
    form = {"format": "any"} if type_ == "datetime" else {}
    return {"name": name, "type": type_, **form, "description": meaning}


def _checksums(files: list[Path], output: Path) -> None:
    lines = [f"{hashlib.sha256(f.read_bytes()).hexdigest()}  {f.name}\n" for f in files]
    with written(output / CHECKSUMS) as partial:
        partial.write_text("".join(lines), "utf-8")
