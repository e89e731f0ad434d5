"""Sheets of a workbook as text, and workbooks that must not be opened."""

from __future__ import annotations

import datetime as dt
import io
import struct
from zipfile import ZIP_DEFLATED, ZipFile

import pytest

from connectors.contract import BrokenFile, UnknownFormat
from connectors.reading import workbook
from connectors.reading.workbook import Sheet, is_workbook, sheets_of, sheets_seen
from flows.reading.identify import identified
from tests.golden_case import source_of
from tests.workbooks import sheet_xml, sheets_in, xls, xlsx

TEXT = """\
## notes: very_hidden
nobody looks here
## CGM
Patient\tOwl

Time\tmmol/L\tday\tclock\tlong number\tas text\tflag
2020-03-02 00:00:00\t5.6\t2020-03-02\t06:30:00\t347631000000\t'0012\tTRUE
2020-03-02 00:05:01.250000\t11\t2020-03-03\t23:59:59\t0.1\t\u00fc < 3 & "x"\tFALSE

2020-03-02 00:10:00\t\t\t\t\t\t\tbeyond
"""


@pytest.fixture(params=[xlsx, xls])
def book(request: pytest.FixtureRequest) -> bytes:
    data: bytes = request.param(sheets_in(TEXT))
    return data


def test_cells_are_what_a_person_would_have_typed(book: bytes) -> None:
    notes, cgm = sheets_of(source_of(book))
    assert (notes.name, notes.shown, notes.top(5)) == (
        "notes",
        "very_hidden",
        [["nobody looks here"]],
    )
    assert (cgm.name, cgm.shown) == ("CGM", "visible")
    assert cgm.top(3)[0][:2] == ["Patient", "Owl"]
    first, second = (list(row.values()) for row in cgm.columns.slice(3, 2).to_pylist())
    assert first == [
        *("2020-03-02 00:00:00", "5.6", "2020-03-02", "06:30:00", "347631000000", "0012"),
        *("TRUE", ""),
    ]
    assert second == [
        *("2020-03-02 00:05:01.250000", "11", "2020-03-03", "23:59:59", "0.1"),
        *('ü < 3 & "x"', "FALSE", ""),
    ]


def test_rows_below_a_header_have_the_numbers_of_the_sheet(book: bytes) -> None:
    rows = sheets_of(source_of(book))[1].below(2)
    assert rows.header == ("Time", "mmol/L", "day", "clock", "long number", "as text", "flag")
    assert rows.line.to_pylist() == [4, 5]
    assert rows.columns["c1"].to_pylist() == ["5.6", "11"]
    assert rows.wide == [(7, ["2020-03-02 00:10:00", *[""] * 6, "beyond"])]
    assert rows.records == 3


def test_a_file_of_bytes_is_seen_by_its_bytes(book: bytes) -> None:
    assert is_workbook(book)
    assert [sheet.name for sheet in sheets_seen(source_of(book))] == ["notes", "CGM"]
    for cut in (8, 600, len(book) // 2, len(book) - 30):
        assert sheets_seen(source_of(book[:cut])) == () or book.startswith(workbook.OLE_MAGIC)
    assert sheets_seen(source_of(b"PK\x03\x04 no zip, [Content_Types].xml")) == ()
    assert sheets_seen(source_of(b"Time,mmol/L\n")) == ()


def test_a_large_workbook_is_identified_by_all_of_it() -> None:
    rows = "\n".join(f"{i * 7919}\t{i * 104729}\t{i * 1299709}" for i in range(20_000))
    data = xlsx(sheets_in(f"## far\n{rows}\n## last\nhere"))
    assert len(data) > 3 * 65_536
    seen = sheets_seen(source_of(data))
    assert [sheet.top(1) for sheet in seen] == [[["0", "0", "0"]], [["here"]]]


def packed(rows: str) -> bytes:
    """A workbook whose one sheet has these rows in XML."""
    made = io.BytesIO(xlsx(sheets_in("## a\nx")))
    data = io.BytesIO()
    with ZipFile(made) as source, ZipFile(data, "w", ZIP_DEFLATED) as target:
        for name in source.namelist():
            is_sheet = "worksheets" in name
            target.writestr(name, sheet_xml(rows) if is_sheet else source.read(name))
    return data.getvalue()


FAR = '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
WIDE = "".join(f"<row r='{i}'><c r='ZZ{i}'><v>1</v></c></row>" for i in (1, 900_000))


@pytest.mark.parametrize("rows", [FAR, WIDE])
def test_a_sheet_that_no_memory_holds_is_refused(rows: str) -> None:
    """The reader ends the whole program there, so this must be seen before it is asked."""
    data = packed(f'<row r="1"><c r="A1"><v>1</v></c></row>{rows}')
    with pytest.raises(BrokenFile, match="larger than any export"):
        sheets_of(source_of(data))
    assert sheets_seen(source_of(data)) == ()


@pytest.mark.parametrize("column", [256, 65_535])
def test_an_old_sheet_that_no_memory_holds_is_refused(column: int) -> None:
    (sheet,) = sheets_in("## a\n1")
    book = xls([(sheet[0], sheet[1], [*sheet[2], (65_535, column, "number", 1.0)])])
    with pytest.raises(BrokenFile):
        sheets_of(source_of(book))


def test_an_old_sheet_may_be_long_but_not_full() -> None:
    far = [(65_535, 255, "number", 1.0), (0, 0, "text", "x")]
    with pytest.raises(BrokenFile, match="larger than any export"):
        sheets_of(source_of(xls([("a", "visible", far)])))


def test_what_unpacks_to_more_than_memory_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "MOST_UNPACKED", 10_000)
    with pytest.raises(BrokenFile, match="larger than any export"):
        sheets_of(source_of(packed("<row/>" * 5_000)))


def test_sizes_that_lie_are_damage() -> None:
    data = bytearray(packed("<row/>" * 5_000))
    place = data.rindex(b"PK\x01\x02")
    data[place + 24 : place + 28] = struct.pack("<I", 10)  # the size that the directory tells
    with pytest.raises(BrokenFile):
        sheets_of(source_of(bytes(data)))


def test_a_sheet_without_its_header() -> None:
    (sheet,) = sheets_of(source_of(xlsx(sheets_in("## a\nx"))))
    assert isinstance(sheet, Sheet)
    with pytest.raises(BrokenFile, match="header"):
        sheet.below(1)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (xlsx(sheets_in("## a\nx\ty")), "in no layout that dawnlake reads"),
        (xlsx(sheets_in("## a\nx\ty"))[:-40], "cannot be read"),
        (workbook.OLE_MAGIC + bytes(600), "cannot be read"),
    ],
)
def test_a_spreadsheet_that_nobody_claims_is_told_as_one(data: bytes, says: str) -> None:
    with pytest.raises(UnknownFormat, match=says):
        identified(source_of(data))


def test_a_duration_of_more_than_a_day_is_hours() -> None:
    assert workbook._text(dt.timedelta(days=1, hours=2, seconds=5), False) == "26:00:05"
