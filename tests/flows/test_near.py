"""What no connector claims is called by what it looks like."""

from __future__ import annotations

import io

import pytest
import xlsxwriter

from connectors.contract import Head, UnknownFormat
from flows.reading.identify import identified
from tests.lake import golden


def refusal(data: bytes) -> str:
    with pytest.raises(UnknownFormat) as caught:
        identified(Head("x", ("x",), lambda _: data))
    return str(caught.value)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"%PDF-1.7\n%\xe2\xe3", "a PDF"),
        (b"\x89PNG\r\n\x1a\n\0\0", "a picture"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "a picture"),
        (b"\0\0\0\x18ftypheic\0\0", "a picture"),
        (b"\xef\xbb\xbf<!DOCTYPE html><html>", "a web page"),
        (b"nothing of interest\n", "not a format dawnlake reads"),
    ],
)
def test_what_a_file_looks_like(data: bytes, told: str) -> None:
    assert refusal(data).startswith(told)


def test_a_sheet_that_was_a_csv_is_named() -> None:
    case = golden("govee_home", "degrees_celsius")
    lines = case.data().decode("utf-8-sig").splitlines()
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        sheet = book.add_worksheet("export")
        for row, line in enumerate(lines):
            for column, cell in enumerate(line.split(",")):
                sheet.write_string(row, column, cell.strip('"'))
    told = refusal(buffer.getvalue())
    assert "whose sheet is laid out as the CSV of" in told
    assert "Govee" in told
