"""Lines of Oura's app export (`App Data`) as the documents they are.

Semicolons stand between cells, objects stand unquoted in theirs (in some exports quoted, with
doubled quotes), and some lines lack the leading id. A few thousand lines at most.
"""

from __future__ import annotations

import re

import pyarrow as pa

from connectors.contract import Batch, Source, batch
from connectors.reading.delimited import decoded, lines_of

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}", re.IGNORECASE)
_MARK = re.compile(r'"[^"]*"|[;{}\[\]]')


def app_documents(source: Source, keys: tuple[str, ...]) -> tuple[list[str], pa.Table, Batch]:
    """Header, text columns with `under` (''), and rejects of lines that cannot be followed."""
    lines = lines_of(decoded(source.read()))
    header = _cells(lines[0]) or []
    kept: list[tuple[int, dict[str, str]]] = []
    bad: list[tuple[int, str, str]] = []
    for number, line in enumerate(lines[1:], start=2):
        cells = _cells(line)
        if cells is None:
            bad.append((number, "broken_row", line))
            continue
        if len(cells) == len(header) - 1 and not UUID.fullmatch(cells[0]):
            cells = ["", *cells]  # the id is what such lines lack
        if line.strip() and len(cells) != len(header):
            bad.append((number, "ragged_row", line))
        elif line.strip():
            kept.append((number, dict(zip(header, cells, strict=True))))
    columns = {
        key: pa.array([row.get(key) or None for _, row in kept], pa.string()) for key in keys
    }
    numbers = pa.array([number for number, _ in kept], pa.int64())
    table = pa.table({"record": numbers, "under": [""] * len(kept), **columns})
    numbers, codes, texts = (pa.array([row[i] for row in bad]) for i in range(3))
    return header, table, batch("reject", record=numbers, code=codes, raw=texts)


def _cells(line: str) -> list[str] | None:
    """Cells between semicolons that are not inside an object, a list or quotes; None if cut."""
    cells, depth, start = [], 0, 0
    for mark in _MARK.finditer(line):
        if mark.group() == ";" and depth == 0:
            cells.append(line[start : mark.start()])
            start = mark.end()
        depth += (mark.group() in ("{", "[")) - (mark.group() in ("}", "]"))
    cells.append(line[start:])
    return [_bare(cell.strip()) for cell in cells] if depth == 0 else None


def _bare(cell: str) -> str:
    """A cell without the quotes around it; None and null are nothing."""
    if len(cell) > 1 and cell[0] == cell[-1] == '"':
        cell = cell[1:-1].replace('""', '"')
    return "" if cell in ("None", "null") else cell
