"""Views as a tidy data set: a file each, a codebook, a data package description, checksums."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from warehouse.steady import steadily
from warehouse.store.lake import private_folder, sweep, written
from warehouse.view_files import View

# What a first date is compared with, the first of them that a view has.
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
NAME = "dawnlake-export"
PACKAGE, CODEBOOK, CHECKSUMS = "datapackage.json", "codebook.csv", "SHA256SUMS"
REPORT = "deidentification.json"  # what was done to a data set without names
FORMULA = r"^[=+\-@\t\r\n]"  # how a cell begins that a spreadsheet takes for a formula
OPTIONS = {  # of DuckDB's COPY
    "csv": "format csv, header",
    "json": "format json, array true",
    "parquet": "format parquet, compression zstd",
}


@dataclass(frozen=True)
class Chosen:
    """A view of a data set: the relation that is asked, and its name in the data set."""

    view: View
    name: str

    @classmethod
    def as_it_is(cls, view: View) -> Chosen:
        return cls(view, view.name)


def dated(view: View) -> str | None:
    """The column that tells when a row is; None if there is none."""
    return next((name for name in DATES if name in view.columns), None)


def described(connection: duckdb.DuckDBPyConnection, view: View) -> list[tuple[str, str, str]]:
    """Name, DuckDB type and meaning of each column."""
    told = connection.execute(f"describe {view.name}").fetchall()
    return [(row[0], row[1], view.columns[row[0]]) for row in told]


class FolderInUse(Exception):
    """What lies in a folder is no data set that may be replaced. The message says what to do."""


def begun(output: Path, is_disguised: bool) -> Path:
    """The folder of a data set, empty: an earlier one of the same kind is gone.

    Its description goes last, so that whoever is stopped in between leaves a folder that is still
    known for what it is.

    Raises: FolderInUse if anything else lies there.
    """
    if output.exists() and not output.is_dir():
        raise FolderInUse(f"{output} is a file: name a folder")
    sweep(private_folder(output))
    there = {path.name for path in output.iterdir()}
    if not there:
        return output
    known = _files_of(output, is_disguised)
    if odd := there - known:
        several = f" and {len(odd) - 1} more" if len(odd) > 1 else ""
        kind = "a de-identified data set" if is_disguised else "a data set"
        raise FolderInUse(
            f"{output} holds {sorted(odd)[0]}{several}, which no earlier export of {kind} has "
            "written: name a new or empty folder"
        )
    for name in sorted(there, key=lambda name: (name == PACKAGE, name != CHECKSUMS)):
        (output / name).unlink()
    return output


def _files_of(output: Path, is_disguised: bool) -> set[str]:
    """What a data set of this kind that lies in a folder consists of; nothing if none does."""
    try:
        told = json.loads((output / PACKAGE).read_text("utf-8"))
        was_disguised = bool(told.get("deidentified", (output / REPORT).exists()))
        if told["name"] != NAME or was_disguised != is_disguised:
            return set()
        data = {str(each["path"]) for each in told["resources"]}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return set()
    return data | {PACKAGE, CHECKSUMS, CODEBOOK, *([REPORT] if is_disguised else [])}


def write_dataset(
    connection: duckdb.DuckDBPyConnection,
    chosen: Sequence[Chosen],
    output: Path,
    form: str,
    participant: str | None = None,
    since: dt.date | None = None,
    report: Mapping[str, object] | None = None,
) -> None:
    """Write everything: the description first, the checksums last. `report` says what was done so
    that nobody is named.

    Raises: duckdb.Error; OSError.
    """
    package = _package(connection, chosen, output, form, report is not None)
    files = [_data_file(connection, each, output, form, participant, since) for each in chosen]
    files += [_codebook(connection, chosen, output), package]
    if report is not None:
        files.append(_json(report, output / REPORT))
    lines = [f"{hashlib.sha256(f.read_bytes()).hexdigest()}  {f.name}\n" for f in files]
    with written(output / CHECKSUMS) as partial:
        partial.write_text("".join(lines), "utf-8")


def _data_file(
    connection: duckdb.DuckDBPyConnection,
    chosen: Chosen,
    output: Path,
    form: str,
    participant: str | None,
    since: dt.date | None,
) -> Path:
    view, where, values = chosen.view, [], []
    if participant:
        where.append("participant_id = ?")
        values.append(participant)
    if since and (column := dated(view)):
        where.append(f"{column} >= ?::date")
        values.append(since.isoformat())
    condition = f"where {' and '.join(where)}" if where else ""
    order = f"order by {view.grain}" if view.grain else ""
    cells = _without_formulas(connection, view) if form == "csv" else "*"
    query = f"select {cells} from {view.name} {condition} {order}"
    path = output / f"{chosen.name}.{form}"
    with written(path) as partial:
        quoted = str(partial).replace("'", "''")
        copy = f"copy ({query}) to '{quoted}' ({OPTIONS[form]})"
        steadily(lambda: connection.execute(copy, values))
    return path


def _without_formulas(connection: duckdb.DuckDBPyConnection, view: View) -> str:
    """All columns; a text that a spreadsheet would run gets an apostrophe before it.

    Source: OWASP, CSV Injection. Numbers and times are of other types and stay as they are.
    """
    texts = [name for name, kind, _ in described(connection, view) if kind == "VARCHAR"]
    changed = [
        f"if(regexp_matches({name}, '{FORMULA}'), chr(39) || {name}, {name}) as {name}"
        for name in texts
    ]
    return f"* replace ({', '.join(changed)})" if changed else "*"


def _codebook(
    connection: duckdb.DuckDBPyConnection, chosen: Sequence[Chosen], output: Path
) -> Path:
    path = output / CODEBOOK
    with written(path) as partial, partial.open("w", newline="", encoding="utf-8") as file:
        lines = csv.writer(file)
        lines.writerow(("view", "column", "type", "meaning"))
        for each in chosen:
            lines.writerows((each.name, *column) for column in described(connection, each.view))
    return path


def _package(
    connection: duckdb.DuckDBPyConnection,
    chosen: Sequence[Chosen],
    output: Path,
    form: str,
    is_disguised: bool,
) -> Path:
    """datapackage.json (Frictionless Data)."""
    resources = [
        {
            "name": each.name,
            "path": f"{each.name}.{form}",
            "format": form,
            "description": each.view.comment,
            "schema": {
                "fields": [_field(*column) for column in described(connection, each.view)],
                "primaryKey": each.view.grain.split(", ") if each.view.grain else [],
            },
        }
        for each in chosen
    ]
    package = {
        "name": NAME,
        "profile": "data-package",
        "deidentified": is_disguised,
        "resources": resources,
    }
    return _json(package, output / PACKAGE)


def _json(value: Mapping[str, object], path: Path) -> Path:
    """A file for people, its keys in their order."""
    with written(path) as partial:
        partial.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", "utf-8")
    return path


def _field(name: str, kind: str, meaning: str) -> dict[str, str]:
    type_ = TYPES.get(kind, "integer")
    # DuckDB writes a blank where the default format has a T
    form = {"format": "any"} if type_ == "datetime" else {}
    return {"name": name, "type": type_, **form, "description": meaning}
