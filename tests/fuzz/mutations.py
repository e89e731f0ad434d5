"""What may be done to an export, by what it is made of. Everything is drawn from one Random.

    mutated(data, chance, others)   a few changes to the bytes, `others` being inputs of any kind
    archived(chance, others)        a zip of such inputs, with something wrong with it

One Random makes the same bytes again; Hypothesis and libFuzzer bring a Random of their own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from random import Random

from connectors.reading.delimited import decoded
from tests.fuzz import hostile
from tests.fuzz.mutations_json import json_changed
from tests.fuzz.mutations_sqlite import sqlite_changed
from tests.fuzz.mutations_xml import xml_changed
from tests.fuzz.mutations_zip import zip_changed, zip_made

ENCODINGS = (*(["utf-8"] * 8), "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "latin-1")
DELIMITERS = ",;\t|"
LARGEST = 3_000_000  # bytes; what grows without end tells about the fuzzer alone


def mutated(data: bytes, chance: Random, others: Sequence[bytes]) -> bytes:
    """The bytes with one to four changes, most of them of their own format."""
    for _ in range(chance.choice((1, 1, 1, 2, 2, 3, 4))):
        how = _change_of(data) if chance.random() < 0.8 else None
        if how is None:
            how = chance.choice((bytes_changed, text_changed, repeated, lambda d, c: d))
        data = how(data, chance)[:LARGEST]
        if chance.random() < 0.04:
            data = crossed(data, chance.choice(others), chance)
    return data


def archived(chance: Random, others: Sequence[bytes]) -> bytes:
    """A zip of a few inputs, and perhaps something done to its bytes."""
    inputs = [
        mutated(chance.choice(others), chance, others)
        if chance.random() < 0.3
        else chance.choice(others)
        for _ in range(chance.randint(0, 4))
    ]
    data = zip_made(inputs, chance)
    for _ in range(chance.choice((0, 0, 1, 1, 2, 4))):
        data = zip_changed(data, chance) if chance.random() < 0.7 else bytes_changed(data, chance)
    return data


def _change_of(data: bytes) -> Callable[[bytes, Random], bytes]:
    start = data[:400].lstrip(b"\xef\xbb\xbf \r\n\t")
    if start.startswith(b"SQLite format 3\0"):
        return sqlite_changed
    if start.startswith(b"PK"):
        return zip_changed
    if start.startswith(b"<"):
        return xml_changed
    return json_changed if start[:1] in (b"{", b"[") else csv_changed


def bytes_changed(data: bytes, chance: Random) -> bytes:
    """A piece of the bytes cut, dropped, doubled, moved, flipped or overwritten."""
    a = chance.randint(0, len(data))
    b = min(len(data), a + chance.choice((1, 2, 8, 60, 500)))
    piece = data[a:b]
    match chance.randrange(7):
        case 0:
            return data[:a]
        case 1:
            return data[:a] + data[b:]
        case 2:
            return data[:b] + piece * chance.choice((1, 2, 30)) + data[b:]
        case 3:
            return data[:a] + chance.randbytes(chance.randint(1, 8)) + data[b:]
        case 4:
            return data[:a] + bytes(each ^ 1 << chance.randrange(8) for each in piece) + data[b:]
        case 5:
            return data[b:] + piece + data[:a]
        case _:
            return data[:a] + chance.choice((b"\0", b"\xff")) * len(piece) + data[b:]


def text_changed(data: bytes, chance: Random) -> bytes:
    """A number or a word of the text exchanged for a hostile one, in perhaps another encoding."""
    text = decoded(data)
    found = list(
        re.finditer(chance.choice((r"-?\d+(?:\.\d+)?", r"\w+", r"\d[\d:T./ -]{6,}\d")), text)
    )
    if found:
        which = chance.choice(found)
        text = text[: which.start()] + hostile.value(chance) + text[which.end() :]
    return encoded(text, chance)


def repeated(data: bytes, chance: Random) -> bytes:
    """A token many times over, somewhere."""
    at = chance.choice((0, len(data), chance.randint(0, len(data)), chance.randint(0, len(data))))
    return data[:at] + hostile.many(chance).encode() + data[at:]


def crossed(data: bytes, other: bytes, chance: Random) -> bytes:
    """The start of one file and the end of another."""
    return data[: chance.randint(0, len(data))] + other[chance.randint(0, len(other)) :]


def encoded(text: str, chance: Random) -> bytes:
    """The text in UTF-8 or in what spreadsheets make of it."""
    return text.encode(chance.choice(ENCODINGS), "replace")


def csv_changed(data: bytes, chance: Random) -> bytes:
    """Cells, rows, columns, quotes, delimiters and line ends of delimited text changed."""
    text = decoded(data)
    lines = text.splitlines()
    if not lines:
        return repeated(data, chance)
    longest = max(lines[:4], key=len)
    delimiter = max(DELIMITERS, key=longest.count)
    how = chance.choice((_cell, _cell, _cell, _row, _row, _column, _quotes, _header))
    lines = how(lines, delimiter, chance)
    end = chance.choice(("\n", "\n", "\n", "\r\n", "\r", "\n\n", "\n \n"))
    changed = end.join(lines) + (end if chance.random() < 0.8 else "")
    if chance.random() < 0.06:
        changed = changed.replace(delimiter, chance.choice(DELIMITERS))
    return encoded(changed, chance)


def _cell(lines: list[str], delimiter: str, chance: Random) -> list[str]:
    row = chance.randrange(len(lines))
    cells = lines[row].split(delimiter)
    at = chance.randrange(len(cells))
    other = chance.choice(lines).split(delimiter)
    cells[at] = chance.choice((hostile.value(chance), chance.choice(other), cells[at] * 2))
    return [*lines[:row], delimiter.join(cells), *lines[row + 1 :]]


def _row(lines: list[str], delimiter: str, chance: Random) -> list[str]:
    row, to = chance.randrange(len(lines)), chance.randrange(len(lines) + 1)
    line = lines[row]
    match chance.randrange(7):
        case 0:
            return [*lines[:row], *lines[row + 1 :]]
        case 1:
            return [*lines[:to], *[line] * chance.choice((1, 2, 2000)), *lines[to:]]
        case 2:
            return [*lines[:row], line[: chance.randint(0, len(line))], *lines[row + 1 :]]
        case 3:
            return [*lines[:row], line + delimiter * chance.choice((1, 2, 50)), *lines[row + 1 :]]
        case 4:
            return [
                *lines[:to],
                chance.choice(("", " ", delimiter, hostile.value(chance))),
                *lines[to:],
            ]
        case 5:
            return lines[: row + 1]
        case _:
            return chance.sample(lines, len(lines))


def _column(lines: list[str], delimiter: str, chance: Random) -> list[str]:
    """One column of every row dropped, doubled or filled with one value."""
    at = chance.randrange(max(line.count(delimiter) for line in lines) + 1)
    how, filling = chance.randrange(3), hostile.value(chance)

    def changed(cells: list[str]) -> list[str]:
        if how == 0:
            return cells[:at] + cells[at + 1 :]
        return cells[:at] + (cells[at : at + 1] * 2 if how == 1 else [filling]) + cells[at + 1 :]

    return [delimiter.join(changed(line.split(delimiter))) for line in lines]


def _quotes(lines: list[str], delimiter: str, chance: Random) -> list[str]:
    row = chance.randrange(len(lines))
    cells = lines[row].split(delimiter)
    at = chance.randrange(len(cells))
    quoted = ('"{}"', '"{}', '{}"', ' "{}"', '"{}" ', '"{}""', '"a"{}', '"{}\n"', "'{}'", '"{}"x')
    cells[at] = chance.choice(quoted).format(cells[at])
    if chance.random() < 0.2:
        return [f'"{line}"' for line in lines]
    return [*lines[:row], delimiter.join(cells), *lines[row + 1 :]]


def _header(lines: list[str], delimiter: str, chance: Random) -> list[str]:
    """The first lines, which tell the format: case, blanks, order, preamble."""
    row = chance.randrange(min(3, len(lines)))
    cells = lines[row].split(delimiter)
    match chance.randrange(5):
        case 0:
            lines[row] = lines[row].upper()
        case 1:
            lines[row] = delimiter.join(f" {cell} " for cell in cells)
        case 2:
            lines[row] = delimiter.join(chance.sample(cells, len(cells)))
        case 3:
            lines.insert(row, hostile.value(chance))
        case _:
            lines.insert(row, lines[chance.randrange(len(lines))])
    return lines
