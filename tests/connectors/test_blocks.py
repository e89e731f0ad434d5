"""A table read in pieces is the table read whole, wherever it is cut."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.contract import BrokenFile
from connectors.reading import blocks as pieces
from connectors.reading.blocks import blocks
from connectors.reading.delimited import decoded, lines_of, rows_below
from tests.golden_case import source_of

LINES = ["a title", "x,y", "1,2", "", '3,"4, four"', "5,6,7", "8", '9,"open', "é,ß", "10,11"]


def told(rows: Any) -> list[tuple[int, list[str]]]:
    table = rows.table().to_pylist()
    found = [(row["record"], [row["c0"], row["c1"]]) for row in table]
    return sorted(found + rows.wide + [(n, [text]) for n, text in rows.broken])


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("size", [1, 2, 3, 7, 20, 10_000])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_pieces_are_the_whole(
    end: str, size: int, encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = (end.join(LINES) + end).encode(encoding)
    monkeypatch.setattr(pieces, "BLOCK_BYTES", max(size, 18))  # the header is in the first piece
    parts = list(blocks(source_of(data), 1, ","))
    whole = rows_below(lines_of(decoded(data)), 1, ",")
    assert [row for part in parts for row in told(part)] == told(whole)
    assert sum(part.records for part in parts) == whole.records
    assert encoding == "utf-16" or size > 30 or len(parts) > 1


def test_a_file_without_the_header_is_broken() -> None:
    with pytest.raises(BrokenFile):
        list(blocks(source_of(b"one line"), 3, ","))


def test_a_line_without_an_end_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "BLOCK_BYTES", 10)
    with pytest.raises(BrokenFile):
        list(blocks(source_of(b"x" * 300_000), 0, ","))
