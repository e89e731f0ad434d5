"""Spreadsheets for tests, made of text that a person can review.

A line `## name` begins a sheet (`## name: very_hidden` one that is not shown), every other line is
a row, its cells parted by tabs. A cell is what it would be if it were typed: 1.5 a number, TRUE a
truth, 2018-08-01, 12:00:00 and 2018-08-01 12:00:00 a date, a time and both, all else text; a cell
that begins with ' is text whatever follows.
"""

from __future__ import annotations

import datetime as dt
import io
import re
import struct
from collections.abc import Iterator
from itertools import groupby
from xml.sax.saxutils import escape, quoteattr
from zipfile import ZIP_DEFLATED, ZipFile

SHOWN = ("visible", "hidden", "very_hidden")
EPOCH = dt.datetime(1899, 12, 30)
# What a number is shown as: plainly, or as one of the dates that every spreadsheet knows.
# Source: ECMA-376 part 1, 18.8.30, numFmtId.
FORMATS = {"number": 0, "date": 14, "time": 21, "moment": 22}
KINDS = list(FORMATS)
DATED = (
    ("moment", re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?")),
    ("date", re.compile(r"\d{4}-\d\d-\d\d")),
    ("time", re.compile(r"\d\d:\d\d:\d\d")),
)
NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?")
SECTOR = 512
Cell = tuple[int, int, str, str | float]  # row, column, kind, value
Sheet = tuple[str, str, list[Cell]]  # name, shown, cells

TYPES = """<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default
Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override
PartName="/xl/workbook.xml" ContentType=
"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>"""
RELATED = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def sheets_in(text: str) -> list[Sheet]:
    """The sheets that a text describes."""
    sheets: list[Sheet] = []
    row = 0
    for line in text.splitlines():
        if line.startswith("## "):
            name, _, shown = line[3:].partition(": ")
            sheets.append((name, shown or "visible", []))
            row = 0
            continue
        cells = enumerate(line.split("\t"))
        sheets[-1][2].extend((row, i, *_typed(cell)) for i, cell in cells if cell)
        row += 1
    return sheets


def _typed(cell: str) -> tuple[str, str | float]:
    if cell.startswith("'"):
        return "text", cell[1:]
    if cell in ("TRUE", "FALSE"):
        return "truth", float(cell == "TRUE")
    if NUMBER.fullmatch(cell):
        return "number", float(cell)
    for kind, written in DATED:
        if written.fullmatch(cell):
            moment = dt.datetime.fromisoformat(cell if kind != "time" else f"1899-12-30 {cell}")
            return kind, (moment - EPOCH) / dt.timedelta(days=1)
    return "text", cell


def xlsx(sheets: list[Sheet]) -> bytes:
    """The workbook as Office Open XML, its sheets behind everything else."""
    data = io.BytesIO()
    listed = "".join(
        f'<sheet name={quoteattr(name)} sheetId="{i}" state="{_camel(shown)}" r:id="rId{i}"/>'
        for i, (name, shown, _) in enumerate(sheets, 1)
    )
    related = "".join(
        f'<Relationship Id="rId{i}" Type="{RELATED}/worksheet" Target="worksheets/sheet{i}.xml"/>'
        for i in range(1, len(sheets) + 1)
    )
    styles = "".join(f'<xf numFmtId="{each}"/>' for each in FORMATS.values())
    with ZipFile(data, "w", ZIP_DEFLATED) as archive:
        parts = {
            "[Content_Types].xml": TYPES,
            "_rels/.rels": f'<Relationships xmlns="{RELATIONS}"><Relationship Id="rId1" '
            f'Type="{RELATED}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
            "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{RELATED}"><sheets>{listed}'
            "</sheets></workbook>",
            "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{RELATIONS}">{related}'
            f'<Relationship Id="rId0" Type="{RELATED}/styles" Target="styles.xml"/>'
            "</Relationships>",
            "xl/styles.xml": f'<styleSheet xmlns="{MAIN}"><cellXfs>{styles}</cellXfs></styleSheet>',
        }
        for i, (_, _, cells) in enumerate(sheets, 1):
            parts[f"xl/worksheets/sheet{i}.xml"] = sheet_xml("".join(_rows_xml(cells)))
        for name, text in parts.items():
            archive.writestr(name, f'<?xml version="1.0" encoding="UTF-8"?>{text}')
    return data.getvalue()


def sheet_xml(rows: str) -> str:
    """A sheet of rows in XML."""
    return f'<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>'


def _rows_xml(cells: list[Cell]) -> Iterator[str]:
    ordered = sorted(cells, key=lambda cell: cell[0])
    for row, of in groupby(ordered, key=lambda cell: cell[0]):
        inside = "".join(_cell_xml(*cell) for cell in of)
        yield f'<row r="{row + 1}">{inside}</row>'


def _cell_xml(row: int, column: int, kind: str, value: str | float) -> str:
    place = f"{_letters(column)}{row + 1}"
    if kind == "text":
        text = escape(str(value))
        return f'<c r="{place}" t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'
    if kind == "truth":
        return f'<c r="{place}" t="b"><v>{value:.0f}</v></c>'
    return f'<c r="{place}" s="{KINDS.index(kind)}"><v>{value!r}</v></c>'


def _letters(column: int) -> str:
    before = _letters(column // 26 - 1) if column >= 26 else ""
    return before + chr(ord("A") + column % 26)


def _camel(shown: str) -> str:
    return "veryHidden" if shown == "very_hidden" else shown


def xls(sheets: list[Sheet]) -> bytes:
    """The workbook as Excel 97 wrote it: BIFF8 in a compound file. Source: [MS-XLS], [MS-CFB]."""
    styles = b"".join(_record(0xE0, struct.pack("<HH16x", 0, each)) for each in FORMATS.values())
    names = [
        struct.pack("<BB", SHOWN.index(shown), 0) + struct.pack("<BB", len(name), 1) + _wide(name)
        for name, shown, _ in sheets
    ]
    books = [_begin(0x10) + b"".join(_cell_xls(*c) for c in cells) for _, _, cells in sheets]
    ends = [body + _record(0x0A, b"") for body in books]
    start = len(_begin(5) + styles) + sum(len(name) + 8 for name in names) + 4
    stream = _begin(5) + styles
    for name, body in zip(names, ends, strict=True):
        stream += _record(0x85, struct.pack("<I", start) + name)
        start += len(body)
    return _compound(stream + _record(0x0A, b"") + b"".join(ends))


def _begin(kind: int) -> bytes:
    return _record(0x0809, struct.pack("<HHHHII", 0x0600, kind, 0x0DBB, 0x07CC, 0, 6))


def _record(kind: int, body: bytes) -> bytes:
    return struct.pack("<HH", kind, len(body)) + body


def _wide(text: str) -> bytes:
    return text.encode("utf-16-le")


def _cell_xls(row: int, column: int, kind: str, value: str | float) -> bytes:
    place = struct.pack("<HHH", row, column, KINDS.index(kind) if kind in KINDS else 0)
    if isinstance(value, str):
        return _record(0x0204, place + struct.pack("<HB", len(value), 1) + _wide(value))
    if kind == "truth":
        return _record(0x0205, place + struct.pack("<BB", int(value), 0))
    return _record(0x0203, place + struct.pack("<d", value))


def _compound(stream: bytes) -> bytes:
    """A compound file with one stream: its header, one sector of chains, one of names, the data."""
    stream = stream.ljust(4096, b"\0")  # what is shorter would stand in another place
    count = -(-len(stream) // SECTOR)
    chain = [*range(3, count + 2), -2]
    table = [-3, -2, *chain]
    assert len(table) <= SECTOR // 4
    header = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(16)
    header += struct.pack(
        "<HHHHH6xIIIIIiIiI", 0x3E, 3, 0xFFFE, 9, 6, 0, 1, 1, 0, 4096, -2, 0, -2, 0
    )
    header += struct.pack("<109i", 0, *[-1] * 108)
    names = _entry("Root Entry", 5, 1, -2, 0) + _entry("Workbook", 2, -1, 2, len(stream))
    chains = struct.pack("<128i", *table, *[-1] * (128 - len(table)))
    return header + chains + names.ljust(SECTOR, b"\0") + stream.ljust(count * SECTOR, b"\0")


def _entry(name: str, kind: int, child: int, start: int, size: int) -> bytes:
    about = struct.pack("<HBBiii36xiQ", len(name) * 2 + 2, kind, 1, -1, -1, child, start, size)
    return _wide(name).ljust(64, b"\0") + about
