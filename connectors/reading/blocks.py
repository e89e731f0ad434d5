"""A long table in pieces: what studies hand out can be larger than the memory of a laptop.

For tables that machines write, in which no cell has a line break.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pyarrow.compute as pc

from connectors.contract import BrokenFile, Source
from connectors.reading.delimited import (
    LONGEST_LINE,
    Delimited,
    decoded,
    lines_of,
    rows_below,
)

BLOCK_BYTES = 16 << 20


def blocks(source: Source, place: int, delimiter: str) -> Iterator[Delimited]:
    """The rows below the header in line `place` (from 0), with the lines of the whole file.

    At least one, which may have no rows. UTF-16 is read whole.

    Raises: BrokenFile without the header, for a line longer than any, for damaged quoting.
    """
    if b"\0" in source.first[:200] or source.first[:2] in (b"\xff\xfe", b"\xfe\xff"):
        yield _below(lines_of(decoded(source.read())), place, delimiter)
        return
    header, above = "", 0
    for data in _whole_lines(source):
        lines = lines_of(decoded(data))
        if not above:
            rows = _below(lines, place, delimiter)
            header = lines[place]
        else:
            rows = _moved(rows_below([header, *lines], 0, delimiter), above - 1)
        above += len(lines)
        yield rows


def _below(lines: list[str], place: int, delimiter: str) -> Delimited:
    if len(lines) <= place:
        raise BrokenFile("the file ends before its header: export or download it again")
    return rows_below(lines, place, delimiter)


def _whole_lines(source: Source) -> Iterator[bytes]:
    """The bytes of the file, cut at line ends; at least one piece."""
    rest = b""
    with source.stream() as stream:
        while chunk := stream.read(BLOCK_BYTES):
            # a lone CR ends lines, too, but one at the end of a chunk may be half of CRLF
            cut = max(chunk.rfind(b"\n"), chunk[:-1].rfind(b"\r")) + 1
            if cut:
                yield rest + chunk[:cut]
                rest = chunk[cut:]
            else:
                rest += chunk
                if len(rest) > BLOCK_BYTES + LONGEST_LINE:
                    raise BrokenFile("lines of over 128 kB are no table; download the file again")
    if rest:
        yield rest


def _moved(rows: Delimited, lines: int) -> Delimited:
    """The same rows, so many lines further down."""
    return replace(
        rows,
        line=pc.add(rows.line, lines),
        wide=[(line + lines, cells) for line, cells in rows.wide],
        broken=[(line + lines, text) for line, text in rows.broken],
    )
