"""The start of a JSON file as values, although it ends anywhere.

The first 64 KiB may end in the middle of a list in an object in a list. What is open there is
closed after the last value that is whole, so that keys can be looked at wherever they stand.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import lru_cache

from connectors.contract import Head
from connectors.reading.delimited import decoded

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],]', re.DOTALL)
_KEY = re.compile(r'"([^"\\]{1,80})"\s*:')
_BLANK = re.compile(r"[\s,]*")
_DECODER = json.JSONDecoder()
_PAIR = {"{": "}", "[": "]"}
LEVELS_DEEP = 6  # of wrappers around documents: {"endpoint": [{"data": [...]}]} has five


def values_in(head: Head) -> list[object]:
    """The values at the start: one, or one after another (a value per line, or just so).

    The last may be cut. Empty where the file is not JSON; never raises.
    """
    return _values(head.first)


@lru_cache(4)
def _keys(data: bytes) -> frozenset[str]:
    text = decoded(data)
    return frozenset(_KEY.findall(text)) if text.lstrip()[:1] in ("{", "[") else frozenset()


def keys_in(head: Head) -> frozenset[str]:
    """Every key that stands in the start of a JSON file, at whatever depth; never raises."""
    return _keys(head.first)


def documents_in(head: Head, marks: frozenset[str]) -> Iterator[tuple[str, dict[str, object]]]:
    """Objects that have one of `marks` as key, in whatever lists and objects they are wrapped, each
    with the keys around it (`sleep/data`, '' for none). What is in a document is not looked into.
    """
    if marks & keys_in(head):  # most files have none of a vendor's
        yield from _documents(_values(head.first), marks, "", 0)


def _documents(
    value: object, marks: frozenset[str], under: str, depth: int
) -> Iterator[tuple[str, dict[str, object]]]:
    if depth > LEVELS_DEEP:
        return
    if isinstance(value, list):
        for each in value:
            yield from _documents(each, marks, under, depth + 1)
    elif isinstance(value, dict):
        if marks & value.keys():
            yield under, value
            return
        for key, each in value.items():
            if isinstance(each, list | dict):
                yield from _documents(each, marks, f"{under}/{key}".lstrip("/"), depth + 1)


@lru_cache(4)  # every connector asks about the same bytes
def _values(data: bytes) -> list[object]:
    text = decoded(data).lstrip()
    if text[:1] not in ("{", "["):
        return []
    found: list[object] = []
    position = 0
    while text[position : position + 1] in ("{", "["):
        try:
            value, position = _DECODER.raw_decode(text, position)
        except (ValueError, RecursionError):
            found += _mended(text[position:])
            break
        found.append(value)
        between = _BLANK.match(text, position)
        position = between.end() if between else position
    return found


def _mended(text: str) -> list[object]:
    """The value that begins here, closed after its last whole part; none if it cannot be."""
    open_, safe, depth = [], 0, 0  # behind `safe` things are opened, and none is closed
    for token in _TOKEN.finditer(text):
        mark = token.group()
        if mark in _PAIR:
            open_.append(_PAIR[mark])
        elif mark in ("}", "]"):
            if not open_ or open_.pop() != mark:
                return []
            safe, depth = token.end(), len(open_)
        elif mark == ",":
            safe, depth = token.start(), len(open_)
    try:
        return [json.loads(text[:safe] + "".join(reversed(open_[:depth])))]
    except (ValueError, RecursionError):
        return []
