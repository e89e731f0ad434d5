"""Views as a tidy data set: a file each, a codebook, a data package description, checksums."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from warehouse import mmoll
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
CHECKSUMS = "SHA256SUMS"
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


def described(
    connection: duckdb.DuckDBPyConnection, view: View, is_mmol: bool = False
) -> list[tuple[str, str, str]]:
    """Name, DuckDB type and meaning of each column; of glucose in mmol/L, if `is_mmol`."""
    told = connection.execute(f"describe {view.name}").fetchall()
    columns = [(row[0], row[1], view.columns[row[0]]) for row in told]
    if not is_mmol:
        return columns
    return [(mmoll.renamed(n), kind, mmoll.meaning(n, text)) for n, kind, text in columns]


def begun(output: Path) -> Path:
    """The folder of a data set, without what an export that did not end has left there."""
    sweep(private_folder(output))
    (output / CHECKSUMS).unlink(missing_ok=True)  # a folder without it is not complete
    return output


def write_dataset(
    connection: duckdb.DuckDBPyConnection,
    chosen: Sequence[Chosen],
    output: Path,
    form: str,
    participant: str | None = None,
    since: dt.date | None = None,
    beside: Sequence[Path] = (),
    is_mmol: bool = False,
) -> None:
    """Write everything, glucose in mmol/L if `is_mmol`; checksums, also of files `beside`, last.

    Raises: duckdb.Error; OSError.
    """
    files = [
        _data_file(connection, each, output, form, participant, since, is_mmol) for each in chosen
    ]
    files.append(_codebook(connection, chosen, output, is_mmol))
    files.append(_package(connection, chosen, output, form, is_mmol))
    lines = [f"{hashlib.sha256(f.read_bytes()).hexdigest()}  {f.name}\n" for f in (*beside, *files)]
    with written(output / CHECKSUMS) as partial:
        partial.write_text("".join(lines), "utf-8")


def _data_file(
    connection: duckdb.DuckDBPyConnection,
    chosen: Chosen,
    output: Path,
    form: str,
    participant: str | None,
    since: dt.date | None,
    is_mmol: bool,
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
    if is_mmol:
        told = [(name, kind) for name, kind, _ in described(connection, view)]
        query = f"select {mmoll.selected(told)} from ({query})"
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
    connection: duckdb.DuckDBPyConnection, chosen: Sequence[Chosen], output: Path, is_mmol: bool
) -> Path:
    path = output / "codebook.csv"
    with written(path) as partial, partial.open("w", newline="", encoding="utf-8") as file:
        lines = csv.writer(file)
        lines.writerow(("view", "column", "type", "meaning"))
        for each in chosen:
            columns = described(connection, each.view, is_mmol)
            lines.writerows((each.name, *column) for column in columns)
    return path


def _package(
    connection: duckdb.DuckDBPyConnection,
    chosen: Sequence[Chosen],
    output: Path,
    form: str,
    is_mmol: bool,
) -> Path:
    """datapackage.json (Frictionless Data)."""
    resources = [
        {
            "name": each.name,
            "path": f"{each.name}.{form}",
            "format": form,
            "description": each.view.comment,
            "schema": {
                "fields": [_field(*column) for column in described(connection, each.view, is_mmol)],
                "primaryKey": each.view.grain.split(", ") if each.view.grain else [],
            },
        }
        for each in chosen
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
