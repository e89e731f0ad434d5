"""report: a page to look at, of one participant or of everybody with a list of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import duckdb

from flows.disguises import disguise_of
from flows.usage import UsageError, opened, participants, say
from pages.asked.listing import listing
from pages.asked.person import person
from pages.asked.reader import Reader
from pages.figures.units import UNITS, Unit
from pages.page import About, index_page, person_page
from warehouse.disguise import Disguise
from warehouse.store.lake import Lake, sweep, written

FOLDER = "reports"  # in the lake
INDEX = "index.html"


@dataclass(frozen=True)
class Asked:
    """What was asked for: dates that are open where they are None, unit, disguise or not."""

    first: dt.date | None
    last: dt.date | None
    unit: Unit
    deidentify: bool

    def command(self, who: str | None = None) -> str:
        """What makes such a page again; with a disguise nothing that says who or when."""
        words = ["dawnlake report"]
        if not self.deidentify:
            words += [f"--participant {who}"] if who else []
            words += [f"--from {self.first}"] if self.first else []
            words += [f"--to {self.last}"] if self.last else []
        words += [f"--unit {self.unit.name}"] if self.unit.name != "mg/dL" else []
        return " ".join([*words, "--deidentify"] if self.deidentify else words)


def run_report(
    folder: Path,
    chosen: Sequence[str],
    dates: tuple[str | None, str | None],
    output: Path | None,
    unit: str | None,
    deidentify: bool,
) -> int:
    """Write the page of one participant, or a page of each and one that lists them.

    Raises: UsageError for an unknown participant, a date that is none, or several participants and
    one file; LakeError if somebody needs a new id and the lake is read-only.
    """
    asked = Asked(*_period(*dates), UNITS[unit or "mg/dL"], deidentify)
    lake, connection = opened(folder)
    people = [each for who in chosen for each in participants(lake, who)] or participants(
        lake, None
    )
    people = list(dict.fromkeys(people))
    if not people:
        raise UsageError("nobody is in this lake; `dawnlake ingest PATH --participant ID`")
    place = _place(lake, people, output, deidentify)
    disguise = None
    if deidentify:
        connection.close()  # who has to be added to the key may complete a run that died
        disguise = disguise_of(lake, people, "dawnlake report")
        _, connection = opened(folder)
    with connection:
        connection.execute("set threads = 1")  # many small questions: others would only wait
        if place.suffix == ".html":
            text = _page(connection, people[0], asked, disguise, with_index=False)
            _write(place, text)
        else:
            _write_all(connection, people, asked, disguise, place)
    say(f"a page to open in a browser: {place if place.suffix == '.html' else place / INDEX}")
    return 0


def _period(first: str | None, last: str | None) -> tuple[dt.date | None, dt.date | None]:
    try:
        begin, end = (dt.date.fromisoformat(each) if each else None for each in (first, last))
    except ValueError:
        raise UsageError("--from and --to take dates such as 2025-10-26") from None
    if begin and end and end < begin:
        raise UsageError("--to is before --from")
    return begin, end


def _place(lake: Lake, people: Sequence[str], output: Path | None, deidentify: bool) -> Path:
    """A file of one participant, a folder of several. Nobody's id is in a default name that is
    given away."""
    is_one = len(people) == 1
    if output is None:
        made = lake.root / FOLDER / ("deidentified" if deidentify else "")
        name = "report" if deidentify else people[0]
        return made / f"{name}.html" if is_one else made
    is_file = output.suffix.lower() in (".html", ".htm")
    if is_file and not is_one:
        raise UsageError("several participants have a page each: -o names a folder for them")
    if is_one and not is_file:
        raise UsageError("-o names a file that ends in .html")
    return output.with_suffix(".html") if is_file else output


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


def _write_all(
    connection: duckdb.DuckDBPyConnection,
    people: Sequence[str],
    asked: Asked,
    disguise: Disguise | None,
    folder: Path,
) -> None:
    """The pages, then the list, so that it leads nowhere that is not there."""
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
