"""A view is a file: a header and one SELECT.

The header says what one row is and every column with its unit; it must name exactly the columns
that the SELECT returns, in order. With parameters it is a table macro. Dependencies come from the
SQL itself. What is kept (`marts.py`) is said by `kept`, see `Kept`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Set
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

SQL = Path(__file__).parent / "sql"
LAYERS = ("staging", "intermediate", "marts")
HEADER = r"^(grain|parameters|columns|kept): *(.*)$"
COMPUTED = {"mage": ("glucose", "glucose_5min")}  # kept too, made by Python from these


class Kept(StrEnum):
    """How the rows of a view are kept. Header line `kept:`; a mart without one is in buckets."""

    BUCKET = "in buckets"  # several participants in a file
    PARTICIPANT = "by participant"  # a file each: what is large
    OF_MARTS = "no, asked of marts"  # computed whenever it is asked, from what is kept
    NO = "no"  # part of the others


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
    kept: Kept = Kept.NO

    @property
    def is_kept(self) -> bool:
        """Whether its rows are stored."""
        return self.kept in (Kept.BUCKET, Kept.PARTICIPANT)

    @property
    def keys(self) -> list[str]:
        """The columns of its grain."""
        return self.grain.split(", ") if self.grain else []

    def within(self, schema: str) -> View:
        """The same, asked in a schema."""
        return replace(self, name=f"{schema}.{self.name}")

    @property
    def from_kept(self) -> str:
        """Its SELECT, in which what is kept is named as it stands in the schema `main`."""
        named = "|".join(sorted(kept().keys() - {self.name}))
        return re.sub(rf"\b(from|join)(\s+)({named})\b(?!\s*\()", r"\1\2main.\3", self.sql)

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


def kept() -> dict[str, View]:
    """Every view whose rows are stored, by name."""
    return {name: view for name, view in relations().items() if view.is_kept}


def steps_to(names: Iterable[str]) -> list[str]:
    """Views, macros and what Python computes that these are made of, each after what it reads."""
    return _closure(names, set())


def needs_of(name: str) -> set[str]:
    """What a view, or what Python computes, reads from: no tables."""
    return _needs()[name]


def reads_of(name: str) -> set[str]:
    """Views and tables that a view may read from, and words that are neither."""
    return _mentioned(relations()[name].sql)


def steps_from_marts(names: Iterable[str]) -> list[str]:
    """The same with what is kept as it is: the views beside it."""
    there = kept().keys() | COMPUTED.keys()
    return [name for name in _closure(names, there) if name not in there]


def _closure(names: Iterable[str], ends: Set[str]) -> list[str]:
    wanted, needs = list(names), _needs()
    for each in wanted:
        wanted += (needs[each] if each not in ends else set()) - set(wanted)
    return [name for name in TopologicalSorter(needs).static_order() if name in set(wanted)]


@cache
def _needs() -> dict[str, set[str]]:
    found = relations()
    every = found.keys() | COMPUTED.keys()
    needs = {name: _mentioned(view.sql) & every - {name} for name, view in found.items()}
    return needs | {name: set(read) for name, read in COMPUTED.items()}


def _parsed(path: Path) -> View:
    lines = path.read_text("utf-8").splitlines()
    head = [line[2:].strip() for line in _taken(lines)]
    body = "\n".join(lines[len(head) :]).strip().rstrip(";")
    columns = dict(re.split(r"\s+\|\s+", line, maxsplit=1) for line in head if " | " in line)
    keyed = dict(re.findall(HEADER, "\n".join(head), re.MULTILINE))
    if "columns" in keyed:  # those of another file
        (other,) = path.parents[1].glob(f"*/{keyed['columns']}.sql")
        columns = _parsed(other).columns
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
        _kept(path.parent.name, keyed),
    )


def _kept(layer: str, keyed: dict[str, str]) -> Kept:
    if "kept" in keyed:
        return Kept(keyed["kept"])
    return Kept.BUCKET if layer == "marts" and "parameters" not in keyed else Kept.NO


def _taken(lines: list[str]) -> list[str]:
    end = next((i for i, line in enumerate(lines) if not line.startswith("--")), len(lines))
    return lines[:end]


def _mentioned(sql: str) -> set[str]:
    """What follows `from` and `join`, and names handed to macros: more than it reads from."""
    text = re.sub(r"--[^\n]*", " ", sql)
    handed = re.findall(r"(?:from|join)\s+[a-z_0-9]+\(([^()]*)\)", text)
    words = {word for each in handed for word in re.findall(r"'([a-z_0-9]+)'", each)}
    return words | set(re.findall(r"(?:from|join)\s+([a-z_0-9]+)", re.sub(r"'[^']*'", " ", text)))
