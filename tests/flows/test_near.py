"""What no connector claims is called by what it looks like."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
import xlsxwriter

from connectors.contract import Head, UnknownFormat
from connectors.errors import UnreadTable
from flows.deriving.pipeline import ingest
from flows.reading.identify import identified
from tests.lake import golden
from warehouse.store.lake import Lake


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


GLUCOSE = b"when;Glucose (mg/dL)\n2025-03-01 08:00;104\n2025-03-01 08:05;106\n"


@pytest.mark.parametrize(
    ("data", "is_ours"),
    [
        (GLUCOSE, True),
        (GLUCOSE.replace(b"Glucose (mg/dL)", b"Blutzucker, CGM"), True),
        (GLUCOSE.replace(b"Glucose (mg/dL)", b"mood"), False),
        (GLUCOSE.replace(b"104", b"high").replace(b"106", b"low"), False),
        (b"about Glucose: see page 7\n", False),
        (b"to bed,woke up\n2025-03-01 23:00,2025-03-02 07:00\n", True),
        (b"ride from,until\n2025-03-01 23:00,2025-03-02 07:00\n", False),
    ],
)
def test_a_table_of_glucose_or_sleep_is_known_as_one(data: bytes, is_ours: bool) -> None:
    with pytest.raises(UnknownFormat) as caught:
        identified(Head("x", ("x",), lambda _: data))
    assert isinstance(caught.value, UnreadTable) == is_ours


@pytest.mark.whole
def test_a_table_of_glucose_beside_exports_is_set_aside(tmp_path: Path) -> None:
    folder = tmp_path / "downloads"
    folder.mkdir()
    case = golden("dexcom_clarity", "eu_mmoll_13_columns_cut_row")
    (folder / "clarity.csv").write_bytes(case.data())
    (folder / "mood.csv").write_bytes(b"when;mood\n2025-03-01 08:00;4\n")
    (folder / "other.csv").write_bytes(GLUCOSE)
    receipt = ingest(Lake(tmp_path / "lake"), [folder], "ada", "Europe/Berlin")
    assert [file.status for file in receipt.files] == ["read", "not used", "set aside"]
    assert "`dawnlake mapping`" in str(receipt.files[2].error)


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
