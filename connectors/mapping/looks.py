"""What a table looks like: its header, and what kind of thing stands in each of its columns."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from connectors.contract import Head
from connectors.mapping.model import EPOCH_MS, EPOCH_S, ISO
from connectors.reading.delimited import decoded, fields_of, lines_of
from connectors.reading.head_cells import DELIMITERS, head_rows
from connectors.reading.json_head import first_objects
from connectors.reading.workbook import is_workbook, sheets_seen

ROWS = 300  # looked at
HEADER_ROWS = 30
ABSENT = ("na", "n/a", "nan", "null", "none", "-", "--", "---", "?")
ODD_PCT = 5  # of the cells of a column may be of another kind; of a few, one
_DATES = ("%Y-%m-%d", "%d.%m.%Y", "%d.%m.%y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y",
          "%m/%d/%y", "%d/%m/%y", "%Y/%m/%d", "%b %d, %Y", "%d %b %Y")  # fmt: skip
_CLOCKS = ("%H:%M:%S", "%H:%M", "%I:%M:%S %p", "%I:%M %p", "%H:%M:%S.%f")
Kind = Literal["moment", "date", "clock", "number", "text"]
FORMATS: dict[Kind, tuple[str, ...]] = {
    "moment": tuple(f"{date} {clock}" for date in _DATES for clock in _CLOCKS),
    "date": _DATES,
    "clock": _CLOCKS,
}
_ISO = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d.*")
_STATED = re.compile(r".*(Z|[+-]\d\d:?\d\d)")
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?")
_COMMA = re.compile(r"[+-]?\d+(,\d+)?")


@dataclass(frozen=True)
class Column:
    """A column: its header, what its cells are, and by which formats; `is_stated` if they state
    an instant."""

    name: str
    cells: tuple[str, ...] = field(repr=False)
    kind: Kind = "text"
    formats: tuple[str, ...] = ()
    is_stated: bool = False
    has_comma: bool = False

    @property
    def told(self) -> list[str]:
        """Cells that say something."""
        return [cell for cell in self.cells if cell and cell.lower() not in ABSENT]

    @property
    def values(self) -> list[float]:
        """Its numbers."""
        plain = (cell.replace(",", ".") if self.has_comma else cell for cell in self.told)
        return [float(cell) for cell in plain if _NUMBER.fullmatch(cell)]


@dataclass(frozen=True)
class Look:
    """A table as it lies in a file."""

    format: Literal["table", "sheet", "json_lines"]
    columns: tuple[Column, ...]
    header: int = 1
    delimiter: str = ","
    sheet: str = ""


def looked_at(head: Head) -> Look | None:
    """The table that the start of a file shows, or None where there is no header above rows."""
    if is_workbook(head.first):
        for sheet in sheets_seen(head):
            if (found := _below_header(sheet.top(ROWS))) is not None:
                place, columns = found
                return Look("sheet", columns, place + 1, sheet=sheet.name)
        return None
    if objects := first_objects(head)[:ROWS]:
        names = list(dict.fromkeys(key for each in objects for key in each))
        rows = [
            ["" if each.get(n) is None else str(each.get(n)) for n in names] for each in objects
        ]
        return Look("json_lines", _columns(names, rows))
    return _text(head)


def _text(head: Head) -> Look | None:
    """The delimiter whose header has the most columns."""
    lines = lines_of(decoded(head.first))
    lines = lines[: min(ROWS, max(len(lines) - (len(head.first) >= 65_536), 1))]
    looks = []
    for delimiter in DELIMITERS:
        rows = [_fields(line, delimiter) for line in lines]
        if (found := _below_header(rows)) is not None:
            looks.append(Look("table", found[1], found[0] + 1, delimiter))
    return max(looks, key=lambda look: len(look.columns), default=None) if head_rows(head) else None


def _fields(line: str, delimiter: str) -> list[str]:
    try:
        return fields_of(line, delimiter)
    except Exception:  # a quote that does not end is no header
        return []


def _below_header(rows: Sequence[Sequence[str]]) -> tuple[int, tuple[Column, ...]] | None:
    """The first row of different words above rows that are as wide and hold a number or a time."""
    for place, row in enumerate(rows[:HEADER_ROWS]):
        names = [cell for cell in row if cell]
        below = [each for each in rows[place + 1 :] if any(each)]
        if len(names) < 2 or len(set(names)) < len(names) or not below:
            continue
        if any(_NUMBER.fullmatch(cell) or _ISO.fullmatch(cell) for cell in names):
            continue
        if max(len([c for c in each if c]) for each in below[:5]) < 2 or len(below[0]) > len(row):
            continue
        places = [i for i, cell in enumerate(row) if cell]
        cells = [[each[i] if i < len(each) else "" for i in places] for each in below]
        columns = _columns(names, cells)
        if any(column.kind != "text" for column in columns):
            return place, columns
    return None


def _columns(names: Sequence[str], rows: Iterable[Sequence[str]]) -> tuple[Column, ...]:
    cells = list(zip(*rows, strict=False)) or [()] * len(names)
    return tuple(_column(name, tuple(each)) for name, each in zip(names, cells, strict=False))


def _column(name: str, cells: tuple[str, ...]) -> Column:
    plain = Column(name, cells)
    told = plain.told
    if not told:
        return plain
    enough = len(told) - max(len(told) * ODD_PCT / 100, len(told) > 2)
    if sum(bool(_ISO.fullmatch(cell)) for cell in told) >= enough:
        is_stated = sum(bool(_STATED.fullmatch(cell)) for cell in told) >= enough
        return Column(name, cells, "moment", (ISO,), is_stated)
    for kind, formats in FORMATS.items():
        fits = [f for f in formats if sum(_reads(cell, f) for cell in told) >= enough]
        if fits:
            return Column(name, cells, kind, tuple(fits))
    for pattern, has_comma in ((_NUMBER, False), (_COMMA, True)):
        if sum(bool(pattern.fullmatch(cell)) for cell in told) >= enough:
            found = Column(name, cells, "number", has_comma=has_comma)
            epoch = _epoch(found.values)
            return Column(name, cells, "moment", (epoch,), True) if epoch else found
    return plain


def _reads(cell: str, form: str) -> bool:
    try:
        dt.datetime.strptime(cell, form)
    except ValueError:
        return False
    return True


def _epoch(values: list[float]) -> str | None:
    """Seconds or milliseconds since 1970, for numbers of the years 2000 to 2100."""
    for name, unit in ((EPOCH_S, 1), (EPOCH_MS, 1000)):
        if values and all(946_684_800 * unit <= value <= 4_102_444_800 * unit for value in values):
            return name
    return None
