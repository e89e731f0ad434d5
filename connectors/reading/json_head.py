"""The whole objects at the start of a JSON file, for connectors that have to recognise one.

The first 64 KiB of a file end anywhere, so it cannot be parsed as a whole: its objects are read
one by one until the first that is cut.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache

from connectors.contract import Head
from connectors.reading.delimited import decoded

_DECODER = json.JSONDecoder()
_BETWEEN = re.compile(r"[\s,]*")


def first_objects(head: Head, under: str = "") -> list[dict[str, object]]:
    """Objects of an array, of a file with one object per line, or of the list under a key.

    Empty where the file is not JSON; never raises.
    """
    return list(_objects(head.first, under))


@lru_cache(maxsize=16)  # all connectors ask about one file in turn
def _objects(first: bytes, under: str) -> tuple[dict[str, object], ...]:
    text = decoded(first).lstrip()
    opening = re.search(rf'^\{{.{{0,500}}?"{under}"\s*:\s*\[', text, re.DOTALL) if under else None
    return _whole(text, opening.end() if opening else int(text.startswith("[")))


@lru_cache(maxsize=4)
def _whole(text: str, position: int) -> tuple[dict[str, object], ...]:
    """The objects of a head from a place on."""
    found: list[dict[str, object]] = []
    while True:
        between = _BETWEEN.match(text, position)
        position = between.end() if between else position
        if not text.startswith("{", position):
            return tuple(found)
        try:
            value, position = _DECODER.raw_decode(text, position)
        except (ValueError, RecursionError):
            return tuple(found)
        found.append(value)


def unknown_keys(objects: list[dict[str, object]], known: frozenset[str]) -> list[str]:
    """Keys that none of the known files had, in alphabetical order."""
    return sorted({key for each in objects for key in each} - known)
