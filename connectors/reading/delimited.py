"""Delimited text as columns, with the line of every row, whatever was done to the file.

Exports come in UTF-8 with and without a byte order mark, in UTF-16 with and without one, in
Windows-1252; with blank lines, preambles, rows shorter than the header, rows longer than it,
and a last row cut off in the middle of a quoted cell. A strict reader stops at the first of them.
Here every line is looked at as a column: quoted parts taken out, delimiters counted, short rows
padded; rows of several lines put together where that is beyond doubt; what has too many fields or
an open quote is handed over by line number, for the connector to understand or to reject.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from connectors.contract import Batch, BrokenFile, batch
from connectors.reading.kept import kept_of_a_head
from connectors.reading.quoted_lines import BREAK, Lines, joined

BLOCK_BYTES = 1 << 26
# Bytes; a longer line is no row of anybody, and of it only a start is kept. The module csv takes no
# longer cell.
LONGEST_LINE = 1 << 17
KEPT_LETTERS = 1000
_JSON = re.compile(r'\s*(?:\[\s*(?:[\[{"\]]|-?\d)|\{\s*["}])')
MOST_COLUMNS = 1000  # short rows are filled up to the header: thousands of columns of them are GBs


@dataclass(frozen=True)
class Delimited:
    """Rows below a header.

    columns   one text column per header cell, blanks around a cell taken off, '' where there is
              nothing; named c0, c1, ...
    line      the line of each row in the file, its first if it has several, from 1 (int64)
    width     how many fields each row had (int32)
    wide      rows with more fields than the header has: (line, fields)
    broken    lines with an open quote or without an end: (line, text)
    """

    header: tuple[str, ...]
    columns: pa.Table
    line: pa.Array
    width: pa.Array
    wide: list[tuple[int, list[str]]]
    broken: list[tuple[int, str]]

    @property
    def records(self) -> int:
        """Rows below the header that are not blank."""
        return len(self.line) + len(self.wide) + len(self.broken)

    def unreadable(self) -> Iterator[Batch]:
        """Rejects: lines with too many fields, and lines that were cut in the middle of a cell."""
        lines = [(n, "ragged_row", "|".join(cells)) for n, cells in self.wide]
        lines += [(n, "broken_row", text) for n, text in self.broken]
        if lines:
            numbers, codes, texts = (list(column) for column in zip(*lines, strict=True))
            yield batch("reject", record=numbers, code=codes, raw=texts)

    def table(self) -> pa.Table:
        """The columns with `record` (the line) before them."""
        return self.columns.add_column(0, "record", self.line)


@kept_of_a_head
def decoded(data: bytes) -> str:
    """The text of a file, its byte order mark taken off, also one that was encoded twice.

    UTF-8, UTF-16 (told by its mark, or by every second byte of the start being NUL), else
    Windows-1252, in which every byte means something.
    """
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        text = data.decode("utf-16", errors="replace")
    elif data[1:200:2].count(0) > 60:
        text = data.decode("utf-16-le", errors="replace")
    elif data[0:200:2].count(0) > 60:
        text = data.decode("utf-16-be", errors="replace")
    else:
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            text = data.decode("cp1252", errors="replace")
    return text.removeprefix("\ufeff").removeprefix("ï»¿").removeprefix('"ï»¿"')


@kept_of_a_head
def lines_of(text: str) -> list[str]:
    """Lines, whatever ends them; the empty piece after the last line end is none."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return lines[:-1] if lines and not lines[-1] else lines


def is_json(text: str) -> bool:
    """Whether a text begins as JSON does, and so has no header line."""
    return bool(_JSON.match(text))


def fields_of(line: str, delimiter: str) -> list[str]:
    """The cells of one line, blanks around them taken off.

    Raises: BrokenFile for a line that is longer than any row.
    """
    if len(line) > LONGEST_LINE:
        raise BrokenFile("a header line of over 128 kB is nobody's; download the file again")
    return list(_cells(line, delimiter))


@lru_cache(16)  # every connector asks about the first line in turn
def _cells(line: str, delimiter: str) -> tuple[str, ...]:
    return tuple(cell.strip() for cell in next(csv.reader([line], delimiter=delimiter), []))


def rows_below(lines: list[str], header_index: int, delimiter: str) -> Delimited:
    """Everything below line `header_index` (from 0), by the width of that line.

    Raises: BrokenFile if the quoting cannot be followed, or the header is nobody's.
    """
    header = tuple(fields_of(lines[header_index], delimiter))
    if len(header) > MOST_COLUMNS:
        raise BrokenFile(f"a header of over {MOST_COLUMNS} columns is nobody's; download it again")
    text = pa.array(lines[header_index + 1 :], pa.string())
    number = pa.array(range(header_index + 2, len(lines) + 1), pa.int64())
    filled = pc.not_equal(pc.utf8_trim_whitespace(text), "")
    text, number = text.filter(filled), number.filter(filled)
    endless = pc.greater(pc.binary_length(text), LONGEST_LINE)
    if pc.any(endless).as_py():
        text = pc.if_else(endless, pc.utf8_slice_codeunits(text, 0, KEPT_LETTERS), text)
    width, is_open = _widths(text, delimiter)
    found = Lines(text, number, width, pc.or_(is_open, endless))
    found = joined(found, lines, len(header), delimiter)
    text, number, width, is_open = found.text, found.number, found.width, found.is_open
    is_wide = pc.and_(pc.greater(width, len(header)), pc.invert(is_open))
    fits = pc.invert(pc.or_(is_open, is_wide))
    broken = list(
        zip(number.filter(is_open).to_pylist(), text.filter(is_open).to_pylist(), strict=True)
    )
    wide = [
        (line, [cell.replace(BREAK, "\n") for cell in fields_of(row, delimiter)])
        for line, row in zip(
            number.filter(is_wide).to_pylist(), text.filter(is_wide).to_pylist(), strict=True
        )
    ]
    kept, kept_width = text.filter(fits), width.filter(fits)
    padding = pc.binary_repeat(delimiter, pc.subtract(len(header), kept_width))
    return Delimited(
        header=header,
        columns=_columns(pc.binary_join_element_wise(kept, padding, ""), len(header), delimiter),
        line=number.filter(fits),
        width=kept_width,
        wide=wide,
        broken=broken,
    )


def rows_between(
    lines: list[str], header_index: int, end: int, delimiter: str, surplus: int = 0
) -> Delimited:
    """The same up to line `end` (from 0): one section of several, by the lines of the whole file.

    `surplus` is how many more fields than its header a row may have.

    Raises: BrokenFile, as `rows_below` does.
    """
    header = lines[header_index] + delimiter * surplus
    rows = rows_below([header, *lines[header_index + 1 : end]], 0, delimiter)
    return replace(
        rows,
        line=pc.add(rows.line, header_index),
        wide=[(line + header_index, cells) for line, cells in rows.wide],
        broken=[(line + header_index, text) for line, text in rows.broken],
    )


def _widths(text: pa.Array, delimiter: str) -> tuple[pa.Array, pa.Array]:
    """How many fields each line has, and whether a quote stays open in it.

    A line without quotes, or with two for every field, tells by counting; only the others are
    looked into.
    """
    quotes = pc.count_substring(text, '"')
    width = pc.add(pc.count_substring(text, delimiter), 1)
    mixed = pc.and_(pc.not_equal(quotes, 0), pc.not_equal(quotes, pc.multiply(width, 2)))
    if pc.any(mixed).as_py():
        bare = pc.replace_substring_regex(text.filter(mixed), '"[^"]*"', "")
        inside = pc.add(pc.count_substring(bare, delimiter), 1)
        width = pc.replace_with_mask(width, mixed, inside)
    return width, pc.equal(pc.bit_wise_and(quotes, 1), 1)


def _columns(rows: pa.Array, count: int, delimiter: str) -> pa.Table:
    """Rows of exactly `count` fields as text columns c0, c1, ..."""
    names = [f"c{i}" for i in range(count)]
    if len(rows) == 0:
        return pa.table({name: pa.array([], pa.string()) for name in names})
    whole = pa.ListArray.from_arrays(pa.array([0, len(rows)], pa.int32()), rows)
    data = pc.binary_join(whole, "\n")[0].as_buffer()
    try:
        table = pacsv.read_csv(
            pa.BufferReader(data),
            read_options=pacsv.ReadOptions(
                column_names=names, block_size=max(BLOCK_BYTES, data.size), use_threads=False
            ),
            parse_options=pacsv.ParseOptions(delimiter=delimiter, ignore_empty_lines=False),
            convert_options=pacsv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid:
        table = _edited_by_hand(rows.to_pylist(), names, delimiter)
    if table.num_rows != len(rows):
        raise BrokenFile("the quoting of this file cannot be followed; export it again")
    return pa.table({name: _trimmed(table.column(name)) for name in names})


def _trimmed(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """The cells without blanks around them, with the line breaks that stood in them."""
    if pc.any(pc.match_substring(column, BREAK)).as_py():
        column = pc.replace_substring(column, BREAK, "\n")
    return pc.utf8_trim_whitespace(column)


def _edited_by_hand(rows: list[str], names: list[str], delimiter: str) -> pa.Table:
    """The slow way, for quoting that only a lenient reader follows (a blank before a quote)."""
    cells = [next(csv.reader([row], delimiter=delimiter, skipinitialspace=True)) for row in rows]
    if any(len(row) != len(names) for row in cells):
        raise BrokenFile("the quoting of this file cannot be followed; export it again")
    return pa.table({name: [row[i] for row in cells] for i, name in enumerate(names)})
