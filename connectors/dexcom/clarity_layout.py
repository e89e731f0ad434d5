"""The header of a Clarity export: where it is, and in which language.

It is the first line, or stands below a title that somebody gave the table, as text or on a sheet.
The order of the columns is the same in all languages, and three of them name a unit or a mask: that
is enough to know a header whose words nobody has seen yet.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from connectors.dexcom.clarity_words import UNITS
from connectors.reading.grid import Grid, filled

HEADER_WITHIN = 5  # rows
COLUMNS = range(12, 31)  # 12 to 14 are known; what is appended to them is told of and not read
BY_POSITION = "by_position"
ALIKE = 8  # of 12 names that make a language, where the time stamp is called otherwise
# Start of the time stamp's header, by language of the account.
LANGUAGES = {
    "en": "Timestamp (",
    "it": "Data e ora (",
    "cs": "Časové razítko (",
    "de": "Zeitstempel (",
    "es": "Marca temporal (",
    "fr": "Horodatage (",
}
MASK = re.compile(r"\(\w{4}-\w{2}-\w{2}[ T]?\w{2}:\w{2}:\w{2}\)")
# The columns as they are called in the headers that were seen, without units: they are read by
# position, so another name may mean something else. Of the other languages no real header is known.
HEADERS = {
    "en": (
        *("Index", "Timestamp", "Event Type", "Event Subtype", "Patient Info", "Device Info"),
        *("Source Device ID", "Glucose Value", "Insulin Value", "Carb Value", "Duration"),
        *("Glucose Rate of Change", "Transmitter Time", "Transmitter ID"),
    ),
    "it": (
        *("Indice", "Data e ora", "Tipo di evento", "Sottotipo di evento"),
        *("Informazioni del paziente", "Info dispositivo", "ID dispositivo sorgente"),
        *("Valore glicemico", "Valore insulina", "Valore carboidrati", "Durata"),
        *("Velocità di variazione della glicemia", "Ora trasmettitore", "ID trasmettitore"),
    ),
    "cs": (
        *("Obsah", "Časové razítko", "Typ události", "Podtyp události", "Údaje pacienta"),
        *("Informace o zařízení", "ID zdrojového zařízení", "Hodnota glukózy"),
        *("Hodnota inzulinu", "Hodnota sacharidů", "Trvání", "Rychlost změny glukózy"),
        *("Čas vysílače", "ID vysílače"),
    ),
}


@dataclass(frozen=True)
class Layout:
    """A header: the grid and the row that it is in, its language, the unit of glucose."""

    grid: Grid
    row: int
    language: str
    unit: str


def layout_of(grids: Sequence[Grid]) -> Layout | None:
    """The first Clarity header in the first rows of a file, or None."""
    for grid in grids:
        for row, cells in enumerate(grid.top[:HEADER_WITHIN]):
            named = _language(cells)
            if named is not None:
                return Layout(grid, row, *named)
    return None


def _language(cells: list[str]) -> tuple[str, str] | None:
    """Language and unit of a Clarity header."""
    cells = filled(cells)
    unit = unit_of(cells[7]) if len(cells) in COLUMNS else None
    if unit is None:
        return None
    if MASK.search(cells[1]):
        for language, stamp in LANGUAGES.items():
            if cells[1].startswith(stamp):
                return language, unit
    for language, header in HEADERS.items():
        pairs = zip(cells[:12], header, strict=False)
        if sum(_bare(cell) == name for cell, name in pairs) >= ALIKE:
            return language, unit
    rate = re.search(r"\((.*)/min\w*\.?\)$", cells[11])
    by_position = rate and UNITS.get(rate.group(1).strip().lower()) == unit
    return (BY_POSITION, unit) if by_position and MASK.search(cells[1]) else None


def unit_of(cell: str) -> str | None:
    """The unit of glucose that a header cell names in parentheses."""
    found = re.search(r"\(([^()]*)\)", cell)
    return UNITS.get(found.group(1).strip().lower()) if found else None


def unknown_columns(header: tuple[str, ...], language: str) -> list[str]:
    """Columns behind the known ones, and those that are called otherwise than in every known file.

    The first is not looked at: a byte order mark that was encoded twice may stand in it.
    """
    if language == BY_POSITION:
        return [cell for cell in header if cell]
    known = HEADERS.get(language, ())
    pairs = zip(header[1:], known[1:], strict=False)
    return [cell for cell, name in pairs if _bare(cell) != name] + [
        cell for cell in header[14:] if cell
    ]


def _bare(cell: str) -> str:
    return cell.partition("(")[0].strip()
