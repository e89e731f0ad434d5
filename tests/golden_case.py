"""A golden case: tests/golden/<connector>/<case>/ with input.*, case.toml and expected.jsonl.

input.*         a file as the vendor writes it, values invented. Some kinds are built, so that a
                person can review them: input.sql becomes a SQLite file, input.sheets a
                spreadsheet (tests/workbooks.py tells how), in the old format where case.toml has
                `workbook = "xls"`, input.annotations (the start, then onset, duration and text in
                a line) an EDF+ file, input.sas a SAS transport file (tests/transport_files.py);
                and `encoding` writes input.* in that encoding.
case.toml       variant, records, shows (what it proves), evidence (where the layout was seen);
                optional: error (the name of the IngestError it must raise), encoding, drift.
expected.jsonl  one line per row that the connector yields, then its skips, facts and drift.
"""

from __future__ import annotations

import datetime as dt
import io
import json
import sqlite3
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from edfio import Edf, EdfAnnotation, Recording

from connectors.contract import Batch, Drift, Fact, Item, Skip, Source, Total
from connectors.reading.workbook import peeked
from tests.transport_files import transport
from tests.workbooks import sheets_in, xls, xlsx

GOLDEN = Path(__file__).parent / "golden"


@dataclass(frozen=True)
class Case:
    """One folder of golden/."""

    folder: Path
    about: dict[str, object]

    @property
    def connector(self) -> str:
        return self.folder.parent.name

    def __str__(self) -> str:
        return f"{self.connector}/{self.folder.name}"

    def data(self) -> bytes:
        """The bytes the connector reads."""
        (path,) = self.folder.glob("input.*")
        if path.suffix == ".sql":
            with sqlite3.connect(":memory:") as database:
                database.executescript(path.read_text())
                return database.serialize()
        if path.suffix == ".sheets":
            written = xls if self.about.get("workbook") == "xls" else xlsx
            return written(sheets_in(path.read_text()))
        if path.suffix == ".annotations":
            return edf_of(path.read_text())
        if path.suffix == ".sas":
            return transport(path.read_text())
        if encoding := self.about.get("encoding"):
            return path.read_bytes().decode().encode(str(encoding))
        return path.read_bytes()

    def source(self) -> Source:
        return source_of(self.data())

    @property
    def expected(self) -> Path:
        return self.folder / "expected.jsonl"


def edf_of(text: str) -> bytes:
    """An EDF+ file without signals, of annotations."""
    start, *lines = text.splitlines()
    begin = dt.datetime.fromisoformat(start)
    parts = [line.split(" ", 2) for line in lines]
    told = [EdfAnnotation(float(a), None if b == "-" else float(b), c) for a, b, c in parts]
    recording = Recording(startdate=begin.date())
    return Edf([], starttime=begin.time(), recording=recording, annotations=told).to_bytes()


def source_of(data: bytes, name: str = "export") -> Source:
    """A source over bytes at hand."""
    return Source(name, (name,), lambda _: peeked(io.BytesIO(data)), lambda _: io.BytesIO(data))


def cases() -> list[Case]:
    """Every case, in the order of its path."""
    return [
        Case(path.parent, tomllib.loads(path.read_text()))
        for path in sorted(GOLDEN.glob("*/*/case.toml"))
    ]


def lines_of_items(items: Iterable[Item]) -> list[str]:
    """What a connector yielded, as the lines of expected.jsonl."""
    rows: list[tuple[int, str]] = []
    ends: list[str] = []
    for item in items:
        match item:
            case Batch(shape, data):
                for row in data.to_pylist():
                    kept = {k: _plain(v) for k, v in row.items() if v is not None}
                    rows.append((row["record"], _line({"shape": shape, **kept})))
            case Skip(reason, count):
                ends.append(_line({"skip": reason, "count": count}))
            case Drift(what):
                ends.append(_line({"drift": what}))
            case Fact(name, value):
                ends.append(_line({"fact": name, "value": value}))
            case Total():
                pass
    rows.sort()  # rows of one record come in no order
    return [line for _, line in rows] + sorted(ends)


def _line(row: dict[str, object]) -> str:
    return json.dumps(row, ensure_ascii=False)


def _plain(value: object) -> object:
    if isinstance(value, dt.datetime):
        return value.isoformat().replace("+00:00", "Z")
    return value.isoformat() if isinstance(value, dt.date) else value
