"""A view is a file: a header and one SELECT.

The header says what one row is and every column with its unit; it must name exactly the columns
that the SELECT returns, in order. With parameters it is a table macro. Dependencies come from the
SQL itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

SQL = Path(__file__).parent / "sql"
LAYERS = ("staging", "intermediate", "marts")


@dataclass(frozen=True)
class View:
    """One .sql file."""

    name: str
    layer: str
    about: str
    grain: str
    columns: dict[str, str]
    notes: str
    sql: str
    parameters: dict[str, str] = field(default_factory=dict)  # and a relation it is tried with

    @property
    def call(self) -> str:
        """Its name, and the parameters of a table macro."""
        return f"{self.name}({', '.join(self.parameters)})" if self.parameters else self.name

    @property
    def comment(self) -> str:
        grain = f" One row per {self.grain}." if self.grain else ""
        return f"{self.about}{grain}" + (f" {self.notes}" if self.notes else "")


def views() -> dict[str, View]:
    """Every view by name, in an order in which each can be built."""
    return {name: view for name, view in relations().items() if not view.parameters}


@cache
def relations() -> dict[str, View]:
    """Every view, and every table macro: a view with parameters, asked as `from name(a, b)`."""
    found = {p.stem: _parsed(p) for layer in LAYERS for p in sorted((SQL / layer).glob("*.sql"))}
    needs = {name: _mentioned(view.sql) & found.keys() - {name} for name, view in found.items()}
    return {name: found[name] for name in TopologicalSorter(needs).static_order()}


def checks() -> dict[str, str]:
    """SQL that returns rows only where something is wrong, by name."""
    return {p.stem: _parsed(p).sql for p in sorted((SQL / "checks").glob("*.sql"))}


def needed_by(name: str) -> list[View]:
    """A view and all that it is made of, in an order in which each can be built."""
    names, found = [name], relations()
    for each in names:
        names += _mentioned(found[each].sql) & found.keys() - set(names)
    return [view for view in found.values() if view.name in names]


def _parsed(path: Path) -> View:
    lines = path.read_text("utf-8").splitlines()
    head = [line[2:].strip() for line in _taken(lines)]
    body = "\n".join(lines[len(head) :]).strip().rstrip(";")
    columns = dict(re.split(r"\s+\|\s+", line, maxsplit=1) for line in head if " | " in line)
    keyed = dict(re.findall(r"^(grain|parameters|columns): *(.*)$", "\n".join(head), re.MULTILINE))
    if "columns" in keyed:  # those of another file of the folder
        columns = _parsed(path.with_name(f"{keyed['columns']}.sql")).columns
    keys = tuple(f"{key}:" for key in keyed)
    prose = [line for line in head if line and " | " not in line and not line.startswith(keys)]
    about, *notes = prose or [""]
    return View(
        path.stem,
        path.parent.name,
        about,
        keyed.get("grain", ""),
        columns,
        " ".join(notes),
        body,
        dict(re.findall(r"(\w+)(?: like (\w+))?", keyed.get("parameters", ""))),
    )


def _taken(lines: list[str]) -> list[str]:
    end = next((i for i, line in enumerate(lines) if not line.startswith("--")), len(lines))
    return lines[:end]


def _mentioned(sql: str) -> set[str]:
    """Words of the SQL without its comments and strings: a superset of what it reads from."""
    bare = re.sub(r"--[^\n]*|'[^']*'", " ", sql)
    return set(re.findall(r"(?:from|join)\s+([a-z_0-9]+)", bare))
