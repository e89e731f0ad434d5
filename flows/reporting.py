"""Pages from a connection into files."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import duckdb

from flows.usage import say
from pages.asked.listing import listing
from pages.asked.person import person
from pages.asked.reader import Reader
from pages.figures.units import MGDL, Unit
from pages.page import About, index_page, person_page
from warehouse.disguise import Disguise
from warehouse.store.lake import sweep, written

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
    connection: duckdb.DuckDBPyConnection,
    who: str,
    asked: Asked,
    disguise: Disguise | None,
    path: Path,
) -> None:
    """The page of one participant into a file."""
    connection.execute(ALONE)
    _write(path, _page(connection, who, asked, disguise, with_index=False))


def write_pages(
    connection: duckdb.DuckDBPyConnection,
    people: Sequence[str],
    asked: Asked,
    disguise: Disguise | None,
    folder: Path,
) -> None:
    """The pages into a folder, then the list, so that it leads nowhere that is not there."""
    connection.execute(ALONE)
    for number, who in enumerate(people, 1):
        shown = who if disguise is None else disguise.ids[who]
        _write(folder / f"{shown}.html", _page(connection, who, asked, disguise, with_index=True))
        if number % 100 == 0:
            say(f"{number} of {len(people)} pages")
    readers = [Reader(connection, who, asked.first, asked.last, disguise) for who in people]
    about = About(version("dawnlake"), asked.command(), asked.deidentify)
    _write(folder / INDEX, index_page(listing(readers), asked.unit, about))


def _write(path: Path, text: str) -> None:
    if path.parent.exists():
        sweep(path.parent)
    with written(path) as partial:
        partial.write_text(text, "utf-8")
