"""report: a page to look at, of one participant or of everybody with a list of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from flows.deriving.crew import Crew
from flows.disguises import disguise_of
from flows.reporting import INDEX, Asked, write_page, write_pages
from flows.usage import UsageError, folder_of, opened, participants, reached, say, unit_of
from pages.figures.units import UNITS
from warehouse.store.lake import Lake

if TYPE_CHECKING:
    from warehouse.published.reading import PublishedLake

FOLDER = "reports"  # in the lake


def run_report(
    lake: str,
    chosen: Sequence[str],
    dates: tuple[str | None, str | None],
    output: Path | None,
    unit: str | None,
    deidentify: bool,
    workers: int | None = 1,
) -> int:
    """Write the page of one participant, or a page of each and one that lists them.

    Raises: UsageError for an unknown participant, a date that is none, or several participants and
    one file; LakeError if somebody needs a new id and the lake is read-only.
    """
    period = _period(*dates)
    there, connection = reached(lake)
    asked = Asked(*period, UNITS[unit_of(there, unit)], deidentify)
    people = [each for who in chosen for each in participants(there, who)]
    people = list(dict.fromkeys(people)) or participants(there, None)
    if not people:
        raise UsageError("nobody is in this lake; `dawnlake ingest PATH --participant ID`")
    place = _place(there, people, output, deidentify)
    disguise = None
    if deidentify:
        folder = folder_of(there, "the key to new ids lies in its folder: --deidentify there")
        connection.close()  # who has to be added to the key may complete a run that died
        disguise = disguise_of(folder, people, "dawnlake report")
        lake = str(folder.root)
        _, connection = opened(folder.root)
    with connection, Crew(workers) as crew:
        if place.suffix == ".html":
            write_page(there, connection, people[0], asked, disguise, place)
        else:
            write_pages(lake, connection, people, asked, disguise, place, crew)
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


def _place(
    lake: Lake | PublishedLake, people: Sequence[str], output: Path | None, deidentify: bool
) -> Path:
    """A file of one participant, a folder of several. Nobody's id is in a default name that is
    given away."""
    is_one = len(people) == 1
    if output is None:
        folder = folder_of(lake, "pages need a place: name one with -o")
        made = folder.root / FOLDER / ("deidentified" if deidentify else "")
        name = "report" if deidentify else people[0]
        return made / f"{name}.html" if is_one else made
    is_file = output.suffix.lower() in (".html", ".htm")
    if is_file and not is_one:
        raise UsageError("several participants have a page each: -o names a folder for them")
    if is_one and not is_file:
        raise UsageError("-o names a file that ends in .html")
    return output.with_suffix(".html") if is_file else output
