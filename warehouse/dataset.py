"""Views as a tidy data set: a file each, a codebook, a data package description, checksums."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import duckdb
import pyarrow as pa

from warehouse import mmoll
from warehouse.codebook import Column, columns_of, field_of, write_codebook
from warehouse.dataset_forms import (
    SHEET_NAME,
    csv_cells,
    rows_of,
    write_form,
    write_workbook,
)
from warehouse.store.lake import private_folder, sweep, written
from warehouse.view_files import View

# What a first date is compared with, the first of them that a view has.
DATES = ("sleep_date", "date", "start_local", "onset_local")
NAME = "dawnlake-export"
PACKAGE, CODEBOOK, CHECKSUMS = "datapackage.json", "codebook.csv", "SHA256SUMS"
REPORT = "deidentification.json"  # what was done to a data set without names
WORKBOOK = "dataset.xlsx"
MEDIA = {
    "csv": "text/csv",
    "parquet": "application/vnd.apache.parquet",
    "feather": "application/vnd.apache.arrow.file",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "dta": "application/x-stata-dta",
    "sav": "application/x-spss-sav",
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


@dataclass(frozen=True)
class Wanted:
    """What a data set is to be: its form, whose rows, from when, under which licence, in which unit
    of glucose. `report` says what was done so that nobody is named."""

    form: str
    participant: str | None = None
    since: dt.date | None = None
    licence: str | None = None
    report: Mapping[str, object] | None = None
    is_mmol: bool = False

    def where(self, view: View) -> tuple[str, list[str]]:
        """The condition on the rows of a view, and its values."""
        parts, values = [], []
        if self.participant:
            parts.append("participant_id = ?")
            values.append(self.participant)
        if self.since and (column := dated(view)):
            parts.append(f"{column} >= ?::date")
            values.append(self.since.isoformat())
        return (f"where {' and '.join(parts)}" if parts else ""), values

    def file_of(self, chosen: Chosen) -> str:
        return WORKBOOK if self.form == "xlsx" else f"{chosen.name}.{self.form}"


def write_dataset(
    connection: duckdb.DuckDBPyConnection, chosen: Sequence[Chosen], output: Path, wanted: Wanted
) -> None:
    """Write everything: a description first, again with the hashes of all files, checksums last.

    Raises: duckdb.Error; OSError; TooLarge.
    """
    columns = {
        each.name: columns_of(
            connection, each.view, each.name, *wanted.where(each.view), wanted.is_mmol
        )
        for each in chosen
    }
    _package(chosen, columns, output, wanted)
    every = [column for each in chosen for column in columns[each.name]]
    if wanted.form == "xlsx":
        files = [_workbook(connection, chosen, every, output, wanted)]
    else:
        files = [
            _data_file(connection, each, columns[each.name], output, wanted) for each in chosen
        ]
    files += [write_codebook(every, output / CODEBOOK), _package(chosen, columns, output, wanted)]
    if wanted.report is not None:
        files.append(_json(wanted.report, output / REPORT))
    lines = [f"{_sha256(file)}  {file.name}\n" for file in files]
    with written(output / CHECKSUMS) as partial:
        partial.write_text("".join(lines), "utf-8")


def _query(
    connection: duckdb.DuckDBPyConnection, view: View, wanted: Wanted, is_csv: bool = False
) -> tuple[str, list[str]]:
    """The rows of a view, as they go to a file."""
    condition, values = wanted.where(view)
    order = f"order by {view.grain}" if view.grain else ""
    kinds = [(name, kind) for name, kind, _ in described(connection, view)]
    cells = csv_cells(kinds) if is_csv else "*"
    query = f"select {cells} from {view.name} {condition} {order}"
    return (f"select {mmoll.selected(kinds)} from ({query})" if wanted.is_mmol else query), values


def _data_file(
    connection: duckdb.DuckDBPyConnection,
    chosen: Chosen,
    columns: Sequence[Column],
    output: Path,
    wanted: Wanted,
) -> Path:
    query, values = _query(connection, chosen.view, wanted, wanted.form == "csv")
    path = output / wanted.file_of(chosen)
    with written(path) as partial:
        write_form(connection, query, values, wanted.form, columns, partial)
    return path


def _workbook(
    connection: duckdb.DuckDBPyConnection,
    chosen: Sequence[Chosen],
    columns: Sequence[Column],
    output: Path,
    wanted: Wanted,
) -> Path:
    def asked(view: View) -> Callable[[], pa.Table]:
        return lambda: rows_of(connection, *_query(connection, view, wanted))

    with written(output / WORKBOOK) as partial:
        write_workbook([(each.name, asked(each.view)) for each in chosen], columns, partial)
    return output / WORKBOOK


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _package(
    chosen: Sequence[Chosen],
    columns: Mapping[str, Sequence[Column]],
    output: Path,
    wanted: Wanted,
) -> Path:
    """datapackage.json (Frictionless Data), with the hashes of the files that are there. Of a data
    set without names it does not say when it was made."""
    is_disguised = wanted.report is not None
    # Source: reproducible-builds.org, SOURCE_DATE_EPOCH
    told = int(os.environ.get("SOURCE_DATE_EPOCH", time.time()))
    now = dt.datetime.fromtimestamp(told, dt.UTC).isoformat(timespec="seconds")
    package = {
        "name": NAME,
        "profile": "data-package",
        "version": version("dawnlake"),
        **({} if is_disguised else {"created": now.replace("+00:00", "Z")}),
        **({"licenses": [{"name": wanted.licence}]} if wanted.licence else {}),
        "deidentified": is_disguised,
        "resources": [
            _resource(each, columns[each.name], output / wanted.file_of(each), wanted.form)
            for each in chosen
        ],
    }
    return _json(package, output / PACKAGE)


def _resource(
    chosen: Chosen, columns: Sequence[Column], path: Path, form: str
) -> Mapping[str, object]:
    there: dict[str, object] = {}
    if path.exists():  # Frictionless compares `hash` and `bytes` of text alone
        digest = f"sha256:{_sha256(path)}"
        size = path.stat().st_size
        there = {"bytes": size, "hash": digest} if form == "csv" else {"checksum": digest}
    keys = {column.column for column in columns if column.is_key}
    is_key = chosen.view.keys and set(chosen.view.keys) <= keys
    return {
        "name": chosen.name,
        "path": path.name,
        "format": form,
        "mediatype": MEDIA[form],
        **({"encoding": "utf-8"} if form == "csv" else {}),
        **({"dialect": {"sheet": chosen.name[:SHEET_NAME]}} if form == "xlsx" else {}),
        **there,
        "description": chosen.view.comment,
        "schema": {
            "fields": [field_of(column) for column in columns],
            **({"primaryKey": chosen.view.keys} if is_key else {}),
        },
    }


def _json(value: Mapping[str, object], path: Path) -> Path:
    """A file for people, its keys in their order."""
    with written(path) as partial:
        partial.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", "utf-8")
    return path
