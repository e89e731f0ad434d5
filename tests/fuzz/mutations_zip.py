"""Zips with something wrong: names, modes, methods, doubles, nesting, any field of a header."""

from __future__ import annotations

import io
import struct
import warnings
import zipfile
from collections.abc import Sequence
from random import Random

NAMES = (
    *(
        "x.csv",
        "Takeout/Fitbit/x.json",
        "x.csv",
        "a\\b.csv",
        "../x.csv",
        "/etc/x",
        "C:\\x",
        "a/../b",
    ),
    *(
        "",
        ".",
        "..",
        "/",
        "dir/",
        "é.csv",
        "🦉.json",
        "\x1b[31m",
        "a\nb",
        "x" * 3000,
        ".hidden",
        "con",
    ),
    *("__MACOSX/._x", "[Content_Types].xml", "in.zip", "a/b/c/d/e/f/g", "x.csv\0.exe", "\ufffd"),
)
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
MODES = (0, 0, 0, 0o100644, 0o120777, 0o040755, 0o020666, 0o010644)
# signature, and (offset, format) of fields: APPNOTE 4.3.7, 4.3.12, 4.3.16, 4.3.14, 4.3.15
FIELDS: dict[bytes, str] = {
    b"PK\x03\x04": "5H3L2H",
    b"PK\x01\x02": "6H3L5H2L",
    b"PK\x05\x06": "4H2LH",
    b"PK\x06\x06": "Q2H2L4Q",
    b"PK\x06\x07": "LQL",
}
SIZES = (
    0,
    1,
    2,
    8,
    9,
    12,
    14,
    99,
    255,
    2047,
    65535,
    1 << 20,
    2**31 - 1,
    2**31,
    2**32 - 1,
    2**64 - 1,
)


def zip_made(inputs: Sequence[bytes], chance: Random, depth: int = 0) -> bytes:
    """A zip of the inputs under hostile names, perhaps with zips inside."""
    buffer = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(buffer, "w") as made:
        warnings.simplefilter("ignore")  # duplicates are meant
        for data in inputs:
            if depth < 3 and chance.random() < 0.2:
                data = zip_made(inputs[:2], chance, depth + 1)
            member = zipfile.ZipInfo("x")
            member.filename = chance.choice(NAMES)
            member.compress_type = chance.choice(METHODS)
            member.external_attr = chance.choice(MODES) << 16
            member.extra = chance.choice(
                (b"", b"", b"", b"\x01\x00\x08\x00" + b"\xff" * 8, b"\x01")
            )
            made.writestr(
                member, chance.choice((data, data, b"", data * (1 + 500_000 // (len(data) + 1))))
            )
        made.comment = chance.choice((b"", b"", b"x" * 99, b"PK\x05\x06" + bytes(18)))
    return buffer.getvalue()


def zip_changed(data: bytes, chance: Random) -> bytes:
    """A field of one of the headers exchanged, or the whole cut, prefixed or appended to itself."""
    match chance.randrange(9):
        case 0:
            return data[: chance.randint(0, len(data))]
        case 1:
            return chance.randbytes(chance.choice((1, 30, 9000))) + data
        case 2:
            return data + chance.choice((data, b"\0" * 50, b"PK\x05\x06", b"x" * 70_000))
        case 3:
            return data[chance.randint(0, len(data)) :]
        case _:
            return _field(data, chance)


def _field(data: bytes, chance: Random) -> bytes:
    """One number of one header, by the layout of its kind."""
    places = [
        (at, fields)
        for signature, fields in FIELDS.items()
        for at in _all(data, signature)
        if at + 4 + struct.calcsize("<" + fields) <= len(data)
    ]
    if not places:
        return data + b"PK\x05\x06" + bytes(18)
    at, fields = chance.choice(places)
    layout = "<" + fields
    numbers = list(struct.unpack_from(layout, data, at + 4))
    which = chance.randrange(len(numbers))
    letters = "".join(c * int(n or 1) for n, c in _runs(fields))
    most = 2 ** (8 * struct.calcsize("<" + letters[which])) - 1
    numbers[which] = (
        chance.choice((*SIZES, numbers[which] ^ 1 << chance.randrange(16), 0x801)) & most
    )
    changed = bytearray(data)
    struct.pack_into(layout, changed, at + 4, *numbers)
    return bytes(changed)


def _runs(fields: str) -> list[tuple[str, str]]:
    """`5H3L` as [("5", "H"), ("3", "L")]."""
    runs, count = [], ""
    for letter in fields:
        if letter.isdigit():
            count += letter
        else:
            runs.append((count, letter))
            count = ""
    return runs


def _all(data: bytes, signature: bytes) -> list[int]:
    places, at = [], data.find(signature)
    while at >= 0 and len(places) < 200:
        places.append(at)
        at = data.find(signature, at + 1)
    return places
