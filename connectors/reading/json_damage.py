"""What is wrong with a JSON file that does not parse, and where: without a word of what it says."""

from __future__ import annotations

import re
from pathlib import Path

from connectors.contract import BrokenFile, Source

CHUNK_BYTES = 1 << 20
TAIL_BYTES = 4096
_BLANK = b" \t\r\n\0"


def is_closed(path: Path) -> bool:
    """Whether what the first letter of a file opens is closed by the last, blanks aside."""
    with path.open("rb") as file:
        first = file.read(TAIL_BYTES).lstrip(_BLANK)[:1]
        file.seek(max(0, file.seek(0, 2) - TAIL_BYTES))
        last = file.read().rstrip(_BLANK)[-1:]
    return last == {b"[": b"]", b"{": b"}"}.get(first, last)


def broken_json(source: Source, error: Exception | None = None) -> BrokenFile:
    """The error for a file that a reader stopped at; `error` is the reader's own."""
    if b"\0" in source.first[:TAIL_BYTES]:
        return BrokenFile(
            "JSON in UTF-16 or with NUL bytes in it: save it as UTF-8, or export it again"
        )
    lines, size, last = _end(source)
    if last not in (b"]", b"}") or "unexpected end of data" in str(error):
        return BrokenFile(
            f"not readable as JSON to its end: cut off at line {lines} (byte {size}), in the "
            "middle of a record; export or download it again"
        )
    near = re.search(r"in (?:line|record/value) (\d+): ", str(error))
    place = f", near record {near[1]}" if near else ""
    return BrokenFile(
        f"not readable as JSON to its end{place}: damaged, or another layout; export it again"
    )


def _end(source: Source) -> tuple[int, int, bytes]:
    """Lines, bytes, and the last byte that is not blank."""
    lines, size, last = 1, 0, b""
    with source.stream() as stream:
        while chunk := stream.read(CHUNK_BYTES):
            lines += chunk.count(b"\n")
            size += len(chunk)
            last = chunk.rstrip(_BLANK)[-1:] or last
    return lines, size, last
