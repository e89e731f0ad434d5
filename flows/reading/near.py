"""What a file looks like that no connector claims, and what to do about it. No cell is told."""

from __future__ import annotations

import csv
import io
import re

from connectors import connectors
from connectors.contract import Head, UnknownFormat
from connectors.errors import UnreadGlucose
from connectors.mapping.looks import looked_at
from connectors.mapping.propose import tells_glucose
from connectors.reading.workbook import is_workbook, sheets_seen

ROWS = 30  # of a sheet, enough for every header
# Source: ISO 32000-1, 7.5.2; PNG 1.2; JFIF; GIF89a; ISO 14496-12 (HEIC, MP4: `ftyp` at 4); RIFF
PICTURES = (b"\x89PNG\r\n", b"\xff\xd8\xff", b"GIF8", b"RIFF", b"II*\0", b"MM\0*", b"BM")
PAGES = (b"<!doctype html", b"<html")
SHEET_OF = (
    "a spreadsheet whose sheet is laid out as the CSV of {names}: its cells may have lost what the "
    "CSV said of times; give the CSV as it was downloaded, or save the sheet as CSV"
)
GLUCOSE = (
    "a table of glucose in no layout that dawnlake reads: `dawnlake mapping` on it proposes how to "
    "read it; `dawnlake connectors` lists the formats"
)
WORDS = re.compile(rb"gluc|gluk|glyc|\bbg\b|\bsgv\b|mg/dl|mmol|cgm", re.IGNORECASE)


def refusal(head: Head) -> UnknownFormat:
    """What is said of a file that nobody claims."""
    if is_workbook(head.first) or WORDS.search(head.first[:4096]):
        look = looked_at(head)
        if look is not None and tells_glucose(look):
            names = _as_csv(head) if look.format == "sheet" else []
            return UnreadGlucose(SHEET_OF.format(names=" or ".join(names)) if names else GLUCOSE)
    return UnknownFormat(looks_like(head))


def looks_like(head: Head) -> str:
    """A sentence for a file that nobody claims."""
    first = head.first[:512]
    if first.startswith(b"%PDF"):
        return "a PDF, which is for people: export the data as CSV, JSON or XML instead"
    if first.startswith(PICTURES) or first[4:8] == b"ftyp":
        return "a picture or a film: a screenshot cannot be read, export the data instead"
    if first.lstrip(b"\xef\xbb\xbf \r\n\t").lower().startswith(PAGES):
        return "a web page and no export: a login or a report; download the data itself"
    if not is_workbook(head.first):
        return "not a format dawnlake reads; `dawnlake connectors` lists them"
    if not sheets_seen(head):
        return (
            "a spreadsheet or document that cannot be read, or is under a password: open it and "
            "save the sheet as CSV, or export it again"
        )
    if names := _as_csv(head):
        return SHEET_OF.format(names=" or ".join(names))
    return (
        "a spreadsheet in no layout that dawnlake reads: give the export as its vendor wrote it, "
        "or save the sheet as CSV; `dawnlake connectors` lists the formats"
    )


def _as_csv(head: Head) -> list[str]:
    """Formats whose CSV the first rows of a sheet would be."""
    found = set()
    for sheet in sheets_seen(head):
        try:
            rows = sheet.top(ROWS)
        except Exception:
            continue  # a damaged sheet: told as what it is
        for mark in ",;":
            text = io.StringIO()
            csv.writer(text, delimiter=mark).writerows(rows)
            data = text.getvalue().encode()
            told = Head(head.name, head.members, lambda _, data=data: data)  # type: ignore[misc]
            found |= {each.title for each in connectors().values() if each.identify(told)}
    return sorted(found)
