"""Spreadsheets (.xlsx, .xlsm, .xls) as sheets of text, told by content and not by name.

A cell becomes the text that a person would have typed: 1 and not 1.0, 2018-08-01 12:00:00, 12:00:00
for a time of day, TRUE. Nothing is rounded: a number is the shortest text of its double. A date
without a time is only a date where no cell of its column has a time; else it is that midnight.
A sheet may then be read as `delimited` reads text: a header, and columns below it.
"""

from __future__ import annotations

import datetime as dt
import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import BinaryIO
from zipfile import ZipFile

import pyarrow as pa
import pyarrow.compute as pc
import python_calamine as calamine

from connectors.contract import PEEK_BYTES, BrokenFile, Head, Source
from connectors.reading.compound import refuse_far_cells
from connectors.reading.delimited import MOST_COLUMNS, Delimited

ZIP_MAGIC = b"PK\x03\x04"
OLE_MAGIC = bytes.fromhex("d0cf11e0a1b11ae1")  # [MS-CFB] 2.2: every .xls
OFFICE = (b"[Content_Types].xml", b"xl/", b"_rels/.rels")  # first members of an .xlsx, any order
MOST_BYTES = 64 << 20  # of a workbook, packed
MOST_UNPACKED = 1 << 30
MOST_CELLS = 10_000_000  # a sheet is held whole, its empty cells too
DAMAGED = "a spreadsheet that cannot be read to its end: open it, save it anew, or export it again"
LARGE = "a spreadsheet larger than any export: save the sheet as CSV, or export a shorter time"
CELL = re.compile(rb"""\sr\s*=\s*["']([A-Za-z]*)([0-9]+)["']""")


@dataclass(frozen=True)
class Sheet:
    """A sheet with cells, which become text when they are asked for."""

    name: str
    shown: str  # visible, hidden, or very_hidden (from people, not from programs)
    cells: calamine.CalamineSheet = field(repr=False)

    @property
    def size(self) -> tuple[int, int]:
        """Rows and columns, from A1 to the last cell."""
        row, column = self.cells.end or (-1, -1)
        return row + 1, column + 1

    @cached_property
    def columns(self) -> pa.Table:
        """Text columns c0, c1, ..., one row for each row from 1, '' where a cell is empty.

        Raises: BrokenFile if the cells cannot be read.
        """
        with _damage_told():
            return _columns(self.cells.to_python(skip_empty_area=False))

    def top(self, rows: int) -> list[list[str]]:
        """The first rows, cell by cell; a midnight may look like a date here.

        Raises: BrokenFile if the cells cannot be read.
        """
        with _damage_told():
            first = self.cells.to_python(skip_empty_area=False, nrows=rows)
            return [[_text(cell, False).strip() for cell in row[:MOST_COLUMNS]] for row in first]

    def below(self, header_index: int, end: int | None = None) -> Delimited:
        """Rows below row `header_index` (from 0) that are not blank, as `rows_below` gives lines.

        Row `end` and what is below it is left out.

        Raises: BrokenFile without such a row.
        """
        if header_index >= self.size[0]:
            raise BrokenFile("a sheet without its header row: export it again")
        cells = self.top(header_index + 1)[-1]
        count = max((i + 1 for i, cell in enumerate(cells) if cell), default=1)
        end = self.columns.num_rows if end is None else min(end, self.columns.num_rows)
        rows = self.columns.slice(header_index + 1, end - header_index - 1)
        number = pa.array(range(header_index + 2, end + 1), pa.int64())
        joined = pc.binary_join_element_wise(*rows.columns, "")
        filled = pc.not_equal(joined, "").combine_chunks()
        rows, number = rows.filter(filled), number.filter(filled)
        extra = [rows.column(i) for i in range(count, rows.num_columns)]
        beyond = pc.binary_join_element_wise(*extra, "") if extra else pa.repeat("", len(number))
        fits = pc.equal(beyond, "")
        is_wide = pc.invert(fits)
        wide = list(
            zip(
                number.filter(is_wide).to_pylist(),
                [list(row.values()) for row in rows.filter(is_wide).to_pylist()],
                strict=True,
            )
        )
        kept = rows.filter(fits).select(range(count))
        return Delimited(
            header=tuple(cells[:count]),
            columns=kept,
            line=number.filter(fits),
            width=pa.repeat(pa.scalar(count, pa.int32()), kept.num_rows),
            wide=wide,
            broken=[],
        )


def is_workbook(first: bytes) -> bool:
    """Whether the first bytes are those of a spreadsheet, or of another document of an office."""
    if first.startswith(OLE_MAGIC):
        return True
    return first.startswith(ZIP_MAGIC) and any(name in first for name in OFFICE)


def peeked(stream: BinaryIO) -> bytes:
    """What connectors may look at: the first PEEK_BYTES; a workbook whole, as it has no front."""
    first = stream.read(PEEK_BYTES)
    return first + stream.read(MOST_BYTES - PEEK_BYTES) if is_workbook(first) else first


def sheets_seen(head: Head) -> tuple[Sheet, ...]:
    """The sheets of a workbook, none where the file is none; never raises."""
    try:
        return _sheets(head.first) if is_workbook(head.first) else ()
    except BrokenFile:
        return ()


def sheets_of(source: Source) -> tuple[Sheet, ...]:
    """Every sheet with cells, in the order of the workbook.

    Raises: BrokenFile if it is damaged, under a password, or larger than any export.
    """
    return _sheets(source.read())


@lru_cache(maxsize=1)  # all connectors ask about one file in turn, and then one reads it
def _sheets(data: bytes) -> tuple[Sheet, ...]:
    if not is_workbook(data[:PEEK_BYTES]):
        raise BrokenFile(DAMAGED)
    if len(data) >= MOST_BYTES:
        raise BrokenFile(LARGE)
    if data.startswith(ZIP_MAGIC):
        _refuse_bombs(data)
    with _damage_told():
        if data.startswith(OLE_MAGIC):
            refuse_far_cells(data)
        book = calamine.load_workbook(io.BytesIO(data))
        sheets = [
            Sheet(about.name, _shown(about.visible), book.get_sheet_by_name(about.name))
            for about in book.sheets_metadata
            if about.typ == calamine.SheetTypeEnum.WorkSheet
        ]
    if any(rows * columns > MOST_CELLS for rows, columns in (sheet.size for sheet in sheets)):
        raise BrokenFile(LARGE)
    return tuple(sheet for sheet in sheets if sheet.size[0])


@contextmanager
def _damage_told() -> Iterator[None]:
    """Whatever the reader stops at, as an error that a person can do something about."""
    try:
        yield
    except calamine.PasswordError:
        raise BrokenFile("a spreadsheet under a password: save it without one") from None
    except (KeyboardInterrupt, SystemExit, GeneratorExit, MemoryError):
        raise
    except BaseException:  # a panic of the reader is no Exception
        raise BrokenFile(DAMAGED) from None


def _shown(visible: calamine.SheetVisibleEnum) -> str:
    if visible == calamine.SheetVisibleEnum.Visible:
        return "visible"
    return "hidden" if visible == calamine.SheetVisibleEnum.Hidden else "very_hidden"


def _refuse_bombs(data: bytes) -> None:
    """Nothing for a workbook that can be held in memory.

    The reader takes room for all cells between the first and the last, and ends the program where
    there is none. Raises: BrokenFile.
    """
    try:
        with ZipFile(io.BytesIO(data)) as archive:
            if sum(member.file_size for member in archive.infolist()) > MOST_UNPACKED:
                raise BrokenFile(LARGE)
            texts = (archive.read(member) for member in archive.infolist())
            areas = [_area(text) for text in texts if b"sheetData" in text]
    except BrokenFile:
        raise
    except Exception:  # zipfile has a dozen ways to say that a zip is damaged
        raise BrokenFile(DAMAGED) from None
    if max(areas, default=0) > MOST_CELLS:
        raise BrokenFile(LARGE)


def _area(sheet: bytes) -> int:
    """Cells from A1 to the last one that a sheet's XML names."""
    places = CELL.findall(sheet)
    rows = max((int(row[:9]) for row in {row for _, row in places}), default=0)
    columns = max((_column(letters[:9]) for letters in {name for name, _ in places}), default=0)
    return max(rows, len(places)) * max(columns, 1)


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number


def _columns(rows: Sequence[Sequence[object]]) -> pa.Table:
    width = min(len(rows[0]), MOST_COLUMNS)
    return pa.table({f"c{i}": _texts([row[i] for row in rows]) for i in range(width)})


def _texts(cells: list[object]) -> pa.Array:
    with_times = any(isinstance(cell, dt.datetime) for cell in cells)
    texts = [_text(cell, with_times) for cell in cells]
    return pc.utf8_trim_whitespace(pa.array(texts, pa.string()))


def _text(cell: object, with_times: bool) -> str:
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, float):
        whole = cell.is_integer() and abs(cell) < 1e15  # from there on a double has gaps
        return str(int(cell)) if whole else repr(cell)
    if isinstance(cell, dt.datetime):
        return cell.isoformat(" ")
    if isinstance(cell, dt.date):
        return f"{cell.isoformat()} 00:00:00" if with_times else cell.isoformat()
    if isinstance(cell, dt.timedelta):  # of a day and more, too
        minutes, seconds = divmod(int(cell.total_seconds()), 60)
        return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
    return str(cell)
