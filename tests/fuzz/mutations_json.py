"""Changes to JSON: values, keys, types, nesting. Numbers stay as they are written."""

from __future__ import annotations

import json
from random import Random
from typing import Any

from tests.fuzz import hostile

DEPTHS = (1, 2, 60, 990, 5000, 100_000)


class Raw(str):
    """Text that stands in the file as it is."""


class Members(list[tuple[str, Any]]):
    """An object with its keys in order, perhaps one of them twice."""


def json_changed(data: bytes, chance: Random) -> bytes:
    """One change to a document, or to one of the lines that are documents.

    What does not parse has a piece dropped; bytes that are no text, and what is too deep for
    Python already, are left as they are.
    """
    try:
        return _text_changed(data.decode(), chance).encode("utf-8", "replace")
    except (UnicodeDecodeError, RecursionError):
        return data


def _text_changed(text: str, chance: Random) -> str:
    lines = text.split("\n")
    whole = _parsed(text)
    if whole is not None:
        return _dumped(_changed(whole, chance), chance.random() < 0.2)
    at = chance.randrange(len(lines))
    line = _parsed(lines[at])
    if line is None:
        lines[at] = lines[at][: chance.randint(0, len(lines[at]))]
    else:
        lines[at] = _dumped(_changed(line, chance))
    return "\n".join(lines)


def _parsed(text: str) -> Any:
    """The document, or None."""
    try:
        return json.loads(
            text, object_pairs_hook=Members, parse_int=Raw, parse_float=Raw, parse_constant=Raw
        )
    except (ValueError, RecursionError):
        return None


def _places(node: Any) -> list[tuple[Any, int]]:
    """Every member of an object and element of an array, as where it is."""
    places: list[tuple[Any, int]] = []
    left = [node]
    while left:
        inner = left.pop()
        if isinstance(inner, Raw) or not isinstance(inner, list):
            continue
        places += [(inner, n) for n in range(len(inner))]
        left += [value for _, value in inner] if isinstance(inner, Members) else inner
    return places


def _changed(node: Any, chance: Random) -> Any:
    places = _places(node)
    if not places or chance.random() < 0.03:
        return _value(node, chance, places)
    parent, at = chance.choice(places)
    if isinstance(parent, Members):
        _change_member(parent, at, chance, places)
    else:
        _change_element(parent, at, chance, places)
    return node


def _change_member(parent: Members, at: int, chance: Random, places: list[tuple[Any, int]]) -> None:
    key, value = parent[at]
    match chance.randrange(8):
        case 0:
            del parent[at]
        case 1:
            parent.append((key, _value(value, chance, places)))  # the key twice
        case 2:
            parent[at] = (
                chance.choice((key.upper(), key + "\ud800", hostile.value(chance))),
                value,
            )
        case 3:
            parent.append((hostile.value(chance), value))
        case _:
            parent[at] = (key, _value(value, chance, places))


def _change_element(
    parent: list[Any], at: int, chance: Random, places: list[tuple[Any, int]]
) -> None:
    match chance.randrange(6):
        case 0:
            del parent[at]
        case 1:
            parent[at:at] = [parent[at]] * chance.choice((1, 2, 3000))
        case 2:
            chance.shuffle(parent)
        case _:
            parent[at] = _value(parent[at], chance, places)


def _value(value: Any, chance: Random, places: list[tuple[Any, int]]) -> Any:
    """Another value: of another type, of another place, deeper, or hostile."""
    match chance.randrange(9):
        case 0:
            empty = Members([("a", None)])
            return chance.choice((None, True, False, [], Members(), [None], [[]], empty))
        case 1:
            return Raw(chance.choice(hostile.NUMBERS[:40]))
        case 2:
            deep = chance.choice(DEPTHS)
            return Raw("[" * deep + _dumped(value) + "]" * deep)
        case 3:
            deep = min(chance.choice(DEPTHS), 20_000)
            return Raw('{"a":' * deep + _dumped(value) + "}" * deep)
        case 4 if places:
            parent, at = chance.choice(places)
            return Raw(_dumped(parent[at][1] if isinstance(parent, Members) else parent[at]))
        case 5:
            return Raw(f'"{value}"') if isinstance(value, Raw) else Raw(_dumped(value).strip('"'))
        case 6:
            return Raw(
                chance.choice(('"\\ud800"', '"\\udc00x"', '"\\u0000"', '"\\x"', '"\t"', "'a'"))
            )
        case _:
            return hostile.value(chance)


def _dumped(node: Any, is_wide: bool = False) -> str:
    """The text of a document; of a wide one every value has a line."""
    gap = "\n " if is_wide else ""
    if isinstance(node, Raw):
        return str(node)
    if isinstance(node, Members):
        inner = (f"{json.dumps(key)}: {_dumped(value, is_wide)}" for key, value in node)
        return "{" + ",".join(gap + each for each in inner) + "}"
    if isinstance(node, list):
        return "[" + ",".join(gap + _dumped(each, is_wide) for each in node) + "]"
    return json.dumps(node, ensure_ascii=False)
