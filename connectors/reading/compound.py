"""How far the cells of an old spreadsheet (.xls) reach, read before anybody takes room for them.

Such a file is a small file system of chained sectors with a stream of records in it, most of which
say where a cell is. Source: [MS-CFB] 2.2 to 2.6, [MS-XLS] 2.1.4, 2.4.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

STREAMS = ("Workbook", "Book")  # BIFF8, and what stood there before
DIRECTORY_ENTRY = 128
SMALLEST_STREAM = 4096  # a shorter one stands elsewhere: no program writes so little
# Records that are a cell: formula, label, number, blank, truth, string, RK, rich string.
CELLS = frozenset((0x06, 0xD6, 0xFD, 0x201, 0x203, 0x204, 0x205, 0x27E))
MANY = frozenset((0xBD, 0xBE))  # cells side by side; the last column stands at the end
MOST_COLUMNS = 256  # of this format


class NotReadable(Exception):
    """The sectors or records cannot be followed, or reach beyond what the format allows."""


def refuse_far_cells(data: bytes) -> None:
    """Nothing for a file whose cells are all where the format has cells.

    Raises: NotReadable.
    """
    try:
        streams = list(_streams(data))
        if not streams:
            raise NotReadable
        for stream in streams:
            if any(column >= MOST_COLUMNS for column in _last_columns(stream)):
                raise NotReadable
    except struct.error:
        raise NotReadable from None


def _streams(data: bytes) -> Iterator[bytes]:
    """Every stream that may be the workbook's."""
    shift, first_of_names = (struct.unpack_from("<H", data, 30)[0], _number(data, 48))
    if shift not in (9, 12):
        raise NotReadable
    size = 1 << shift
    chains = _chains(data, size)
    names = b"".join(_chained(data, size, chains, first_of_names))
    for at in range(0, len(names) - DIRECTORY_ENTRY + 1, DIRECTORY_ENTRY):
        length = struct.unpack_from("<H", names, at + 64)[0]
        name = names[at : at + max(0, min(length, 64) - 2)].decode("utf-16-le", "replace")
        if name.partition("\0")[0] not in STREAMS:
            continue
        start, stream_size = _number(names, at + 116), _number(names, at + 120)
        if stream_size < SMALLEST_STREAM:
            raise NotReadable
        yield b"".join(_chained(data, size, chains, start))[:stream_size]


def _number(data: bytes, at: int) -> int:
    number: int = struct.unpack_from("<I", data, at)[0]
    return number


def _chains(data: bytes, size: int) -> list[int]:
    """Of every sector the next: the table, whose own sectors the header and its chain list."""
    listed = list(struct.unpack_from("<109I", data, 76))
    further, seen = _number(data, 68), set[int]()
    while further < 0xFFFFFFFA and further not in seen:  # from there on marks, not sectors
        seen.add(further)
        more = struct.unpack_from(f"<{size // 4}I", data, (further + 1) * size)
        listed += more[:-1]
        further = more[-1]
    chains: list[int] = []
    for sector in listed:
        if sector < 0xFFFFFFFA:
            chains += struct.unpack_from(f"<{size // 4}I", data, (sector + 1) * size)
    return chains


def _chained(data: bytes, size: int, chains: list[int], sector: int) -> Iterator[bytes]:
    most = len(data) // size + 1
    while sector < 0xFFFFFFFA:
        if most == 0 or sector >= len(chains):
            raise NotReadable
        most -= 1
        yield data[(sector + 1) * size : (sector + 2) * size]
        sector = chains[sector]


def _last_columns(stream: bytes) -> Iterator[int]:
    at, end = 0, len(stream) - 4
    read = struct.Struct("<HH").unpack_from
    while at <= end:
        kind, length = read(stream, at)
        if kind in CELLS and length >= 4:
            yield read(stream, at + 4)[1]
        elif kind in MANY and length >= 6:
            last = int.from_bytes(stream[at + 2 + length : at + 4 + length], "little")
            yield max(read(stream, at + 4)[1], last)
        at += 4 + length
