"""What is to be known of every column of a data set: unit, values, range, how many are missing."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Any

import duckdb

from warehouse import mmoll
from warehouse.harmless import TEXTS
from warehouse.metric_notes import metric_notes
from warehouse.steady import steadily
from warehouse.store.lake import written
from warehouse.view_files import View

# Frictionless Data types of DuckDB's.
TYPES = {
    "VARCHAR": "string",
    "DATE": "date",
    "BOOLEAN": "boolean",
    "TIMESTAMP": "datetime",
    "TIMESTAMP WITH TIME ZONE": "datetime",
    **dict.fromkeys(("DOUBLE", "FLOAT"), "number"),
    **dict.fromkeys(("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT"), "integer"),
}
UNITS = {  # by how a name ends, the longest first
    "mgdl_min": "mg/dL min",
    "mgdl_h": "mg/dL/h",
    "mgdl": "mg/dL",
    "mmoll_min": "mmol/L min",
    "mmoll_h": "mmol/L/h",
    "mmoll": "mmol/L",
    "per_day": "1/d",
    "per_h": "1/h",
    "pct": "%",
    "min": "min",
    "hours": "h",
    "h": "h",
    "brpm": "1/min",
    "bpm": "1/min",
    "ms": "ms",
    "cel": "Cel",
    "kcal": "kcal",
    "mg": "mg",
    "g": "g",
    "at": "UTC",
    "local": "wall clock",
}
VALUES_MAX = 40  # a closed list is no longer


@dataclass(frozen=True)
class Column:
    """A row of the codebook. `values` are all that a closed list of words has here; `low` and
    `high` what numbers and times reach."""

    view: str
    column: str
    type: str
    unit: str
    meaning: str
    values: str
    low: str
    high: str
    minimum_data: str
    source: str
    n: int
    missing: int

    @property
    def is_key(self) -> bool:
        """Whether every row has it."""
        return self.missing == 0


def unit_of(name: str) -> str:
    """The unit that a name ends in; '' for none."""
    plain = re.sub(r"_\d+(d|h|h30)?$", "", name)
    return next((unit for end, unit in UNITS.items() if plain.endswith(f"_{end}")), "")


def columns_of(
    connection: duckdb.DuckDBPyConnection,
    view: View,
    name: str,
    where: str = "",
    values: Sequence[Any] = (),
    is_mmol: bool = False,
) -> list[Column]:
    """Every column of a view with what its rows have, in one pass over them; of glucose in mmol/L,
    if `is_mmol`."""
    told = connection.execute(f"describe {view.name}").fetchall()
    rows = f"{view.name} {where}"
    known_as = {mmoll.renamed(column) if is_mmol else column: column for column, *_ in told}
    if is_mmol:
        rows = f"(select {mmoll.selected([(name, kind) for name, kind, *_ in told])} from {rows})"
        told = connection.execute(f"describe select * from {rows}", values).fetchall()
    asked = ["count(*)"]
    for column, kind, *_ in told:
        is_text = kind == "VARCHAR"
        shown = f"nullif({column}, '')" if is_text else column
        asked.append(f"count({shown})")
        has_range = TYPES.get(kind) in ("number", "integer", "date", "datetime")
        asked += [f"min({column})::varchar" if has_range else "null"]
        asked += [f"max({column})::varchar" if has_range else "null"]
        is_closed = is_text and column in TEXTS and column != "participant_id"
        words = f"list_sort(list(distinct {shown}) filter (where {shown} is not null))"
        asked.append(words if is_closed else "null")
    query = f"select {', '.join(asked)} from {rows}"
    ((count, *cells),) = steadily(lambda: connection.execute(query, values).fetchall())
    found = []
    for (column, kind, *_), place in zip(told, range(0, len(cells), 4), strict=True):
        n, low, high, words = cells[place : place + 4]
        known = words if words and len(words) <= VALUES_MAX else []
        note = metric_notes().get((name, known_as[column]))
        meaning = view.columns[known_as[column]]
        about = Column(
            view=name,
            column=column,
            type=TYPES.get(kind, "string"),
            unit=unit_of(column),
            meaning=mmoll.meaning(known_as[column], meaning) if is_mmol else meaning,
            values=" | ".join(known),
            low=low or "",
            high=high or "",
            minimum_data=note.minimum_data if note else "",
            source=note.source if note else "",
            n=n,
            missing=count - n,
        )
        found.append(about)
    return found


def write_codebook(columns: Sequence[Column], path: Path) -> Path:
    """A CSV with a row for each column."""
    with written(path) as partial, partial.open("w", newline="", encoding="utf-8") as file:
        lines = csv.writer(file)
        lines.writerow(field.name for field in fields(Column))
        lines.writerows(map(astuple, columns))
    return path


def field_of(column: Column) -> Mapping[str, Any]:
    """The column in datapackage.json."""
    unit = {"unit": column.unit} if column.unit else {}
    bounds: dict[str, Any] = {"required": True} if column.is_key and column.n else {}
    if column.values:
        bounds["enum"] = column.values.split(" | ")
    constraints = {"constraints": bounds} if bounds else {}
    return {
        "name": column.column,
        "type": column.type,
        **unit,
        "description": column.meaning,
        **constraints,
    }
