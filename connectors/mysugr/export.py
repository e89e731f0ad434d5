"""mySugr CSV or XLSX (reports, export): the diary, newest entry first.

One record is one line: an entry with anything from a fingerstick to a walk. The clock is the naive
wall clock of the phone; dates and decimal commas are those of the app's language. Glucose is mg/dL
or mmol/L, named in the header. Columns are known by position, their units by their parentheses:
nothing else is the same in all languages. Place and note of an entry are never carried.

Insulin stands in a total of pen or pump and in its parts for meal and correction: the total is
taken, or the parts where there is none. Carbs are grams at factor 1; bread units are told of.

Evidence: real exports in English (2017) and Danish (2021), read in disguised copies.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from connectors.contract import Connector, Drift, Fact, FormatDrift, Head, Item, Source, Total
from connectors.reading.columns import with_wall
from connectors.reading.grid import grids_of, grids_seen
from connectors.reading.table import Interval, Number, Plan, parsed, planned
from connectors.reading.text_sql import later

COLUMNS = 25
LANGUAGES = {"Date": "en", "Dato": "da"}
UNIT = re.compile(r"\((mg/dL|mmol/L)\)", re.IGNORECASE)
UNITS = {"mg/dl": "mg/dL", "mmol/l": "mmol/L"}
INTENSITY = re.compile(r"\(1: .*2: .*3: .*\)")  # of column 15, in every language seen
GRAMS = re.compile(r"\([^)]*\b(?:factor|faktor|facteur|fattore|fator)\s*1\)", re.IGNORECASE)
# A date in words, or one in numbers whose order the whole file tells.
WORDS = ("%b %-d, %Y", "%-d %b %Y")
CLOCKS = ("%-I:%M:%S %p", "%H:%M:%S", "%H:%M")
DATE = "regexp_replace(c0, ' 00:00:00$', '')"  # a spreadsheet's date with the midnight of others
MINUTES = "try_cast(c13 as double)"


def identify(head: Head) -> str | None:
    """The language of the header, `other` for one that was not seen, or None."""
    for grid in grids_seen(head):
        cells = next(iter(grid.top), [])
        if len(cells) == COLUMNS and INTENSITY.search(cells[14]) and _unit(cells):
            return LANGUAGES.get(cells[0], "other")
    return None


def extract(source: Source, variant: str) -> Iterator[Item]:
    """Fingersticks, insulin, carbs; meals with their words, activities with their minutes.

    Skips: `nothing_measured` (a note, a place, a weight alone).

    Raises: UndatableFile if day and month cannot be told apart; FormatDrift without a unit.
    """
    rows = grids_of(source)[0].below(0)
    unit = _unit(rows.header) if len(rows.header) == COLUMNS else None
    if unit is None:
        raise FormatDrift("column 4 of 25 must name mg/dL or mmol/L; export it again")
    yield Fact("unit", unit)
    yield Fact("language", variant)
    yield Total(rows.records)
    if not (is_grams := bool(GRAMS.search(rows.header[11]))):
        yield Drift("carbs that are not grams at factor 1")
    yield from rows.unreadable()
    table = with_wall(rows.table(), f"{DATE} || ' ' || c1")
    yield from planned(table, _plan(unit, is_grams))


def _plan(unit: str, is_grams: bool) -> Plan:
    def cell(place: int) -> str:
        return f"replace(c{place}, ',', '.')"

    words = parsed("c0 || ' ' || c1", *(f"{date} {clock}" for date in WORDS for clock in CLOCKS))
    at = f"coalesce(moment, {words})"
    parts = "c4 = '' and c6 = ''"  # without a total of the pen or the pump
    bolus = {4: "", 6: "", 7: parts, 8: parts}
    numbers = [
        Number(cell(3), "capillary_glucose", unit, "column 4"),
        Number(cell(5), "insulin_long_acting", "U", "column 6", is_zero_nothing=True),
        *(
            Number(cell(i), "insulin_bolus", "U", f"column {i + 1}", is_zero_nothing=True, when=w)
            for i, w in bolus.items()
        ),
    ]
    if is_grams:
        carbs = Number(cell(11), "dietary_carbohydrate", "g", "column 12", is_zero_nothing=True)
        numbers.append(carbs)
    has_activity = f"{MINUTES} > 0"
    return Plan(
        stamp="trim(c0 || ' ' || c1)",
        stamp_column="column 1",
        times={
            "start_wall": at,
            "end_wall": f"case when {has_activity} then {later(at, f'{MINUTES} * 60')} end",
        },
        numbers=tuple(numbers),
        intervals=(
            Interval(
                "try_cast(replace(c11, ',', '.') as double) > 0 or c12 <> ''",
                "meal",
                "c12",
                spans=False,
            ),
            Interval(has_activity, "exercise"),
        ),
        raw=("c0", "c1", *(f"c{i}" for i in (3, 4, 5, 6, 7, 8, 11, 13))),
    )


def _unit(cells: Sequence[str]) -> str | None:
    found = UNIT.search(cells[3])
    return UNITS[found[1].lower()] if found else None


CONNECTOR = Connector(
    name="mysugr_export",
    title="mySugr CSV or XLSX",
    version="1",
    variants={"en": "verified", "da": "verified", "other": "unverified"},
    identify=identify,
    extract=extract,
    source="manual",
)
