"""Pages from a connection into files."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from flows.deriving.crew import Crew
from flows.usage import reached, say
from pages.asked.listing import listing
from pages.asked.person import ASKED, person
from pages.asked.reader import Reader
from pages.figures.units import MGDL, Unit
from pages.page import About, index_page, person_page
from warehouse.disguise import Disguise
from warehouse.one_person import only_of
from warehouse.store.lake import Lake, sweep, written

if TYPE_CHECKING:
    from warehouse.published.reading import PublishedLake

INDEX = "index.html"
ALONE = "set threads = 1"  # many small questions: other threads would only wait


@dataclass(frozen=True)
class Asked:
    """What was asked for: dates that are open where they are None, unit, disguise or not."""

    first: dt.date | None = None
    last: dt.date | None = None
    unit: Unit = MGDL
    deidentify: bool = False

    def command(self, who: str | None = None) -> str:
        """What makes such a page again; with a disguise nothing that says who or when."""
        words = ["dawnlake report"]
        if not self.deidentify:
            words += [f"--participant {who}"] if who else []
            words += [f"--from {self.first}"] if self.first else []
            words += [f"--to {self.last}"] if self.last else []
        words += [f"--unit {self.unit.name}"] if self.unit.name != "mg/dL" else []
        return " ".join([*words, "--deidentify"] if self.deidentify else words)


def _page(
    connection: duckdb.DuckDBPyConnection,
    who: str,
    asked: Asked,
    disguise: Disguise | None,
    with_index: bool,
) -> str:
    reader = Reader(connection, who, asked.first, asked.last, disguise)
    about = About(version("dawnlake"), asked.command(who), asked.deidentify)
    return person_page(person(reader), asked.unit, about, INDEX if with_index else "")


def write_page(
    lake: Lake | PublishedLake,
    connection: duckdb.DuckDBPyConnection,
    who: str,
    asked: Asked,
    disguise: Disguise | None,
    path: Path,
) -> None:
    """The page of one participant into a file."""
    connection.execute(ALONE)
    _narrow(lake, connection, who)
    _write(path, _page(connection, who, asked, disguise, with_index=False))


def _narrow(lake: Lake | PublishedLake, connection: duckdb.DuckDBPyConnection, who: str) -> None:
    if isinstance(lake, Lake):  # what is published is listed once, when it is opened
        only_of(connection, lake, who, ASKED)


@dataclass(frozen=True)
class _Wanted:
    """A page of one participant among several, for whichever process makes it."""

    lake: str
    who: str
    asked: Asked
    disguise: Disguise | None
    path: Path


def _made(page: _Wanted) -> None:
    lake, connection = _open(page.lake)
    _narrow(lake, connection, page.who)
    _write(page.path, _page(connection, page.who, page.asked, page.disguise, with_index=True))


@cache
def _open(lake: str) -> tuple[Lake | PublishedLake, duckdb.DuckDBPyConnection]:
    """The lake, which keeps what its relations need, and a connection."""
    there, connection = reached(lake)
    connection.execute(ALONE)
    return there, connection


def write_pages(
    lake: str,
    connection: duckdb.DuckDBPyConnection,
    people: Sequence[str],
    asked: Asked,
    disguise: Disguise | None,
    folder: Path,
    crew: Crew,
) -> None:
    """The pages into a folder, then the list, so that it leads nowhere that is not there.

    Raises: WorkerDied.
    """
    connection.execute(ALONE)
    names = people if disguise is None else [disguise.ids[who] for who in people]
    pages = (
        _Wanted(lake, who, asked, disguise and disguise.of_one(who), folder / f"{name}.html")
        for who, name in zip(people, names, strict=True)
    )
    try:
        for number, died in enumerate(crew.each(_made, pages), 1):
            if died is not None:
                raise died
            if number % 100 == 0:
                say(f"{number} of {len(people)} pages")
    finally:
        _open.cache_clear()  # in this process; others end with the crew
    readers = [Reader(connection, who, asked.first, asked.last, disguise) for who in people]
    about = About(version("dawnlake"), asked.command(), asked.deidentify)
    _write(folder / INDEX, index_page(listing(readers), asked.unit, about))


def _write(path: Path, text: str) -> None:
    if path.parent.exists():
        sweep(path.parent)
    with written(path) as partial:
        partial.write_text(text, "utf-8")
