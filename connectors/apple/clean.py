"""What is wrong inside of Apple's export.xml, put right on the bytes, block by block.

    metadata is a list of keys and values       the entries that matter are named after their key,
                                                and become columns
    WorkoutStatistics has startDate twice       each attribute of it is kept once, the first

A block begins and ends where a tag begins.
"""

from __future__ import annotations

import re

# Metadata that becomes columns, each with its rarest letter: one byte is found many times faster.
METADATA = {b"HKTimeZone": b"Z", b"HKWasUserEntered": b"U"}

_ATTRIBUTE = re.compile(rb"""([\w:]+)\s*=\s*("[^"<]*"|'[^'<]*')""")
_STATISTICS = re.compile(rb"<WorkoutStatistics((?:\s+%s)*)\s*(/?>)" % _ATTRIBUTE.pattern)


def cleaned(block: bytes) -> bytes:
    """A block with the wanted metadata as elements and each attribute of statistics once."""
    for key, letter in METADATA.items():
        if letter in block and (found := block.count(key)):
            block = _named_after_key(block, key, found)
    return _statistics_once(block)


def _named_after_key(block: bytes, key: bytes, found: int) -> bytes:
    """<MetadataEntry key="K" value="V"/> as <K value="V"/>, whatever the order and the quotes."""
    usual = b'<MetadataEntry key="' + key + b'"'
    named = block.replace(usual, b"<" + key)
    if len(block) - len(named) < found * (len(usual) - len(key) - 1):
        named = re.sub(
            rb"<MetadataEntry(\s[^<]*?)?\skey\s*=\s*([\"'])" + key + rb"\2",
            rb"<" + key + rb"\1",
            named,
        )
    return named


def _statistics_once(block: bytes) -> bytes:
    """The block with its WorkoutStatistics rewritten; few, and found faster than matched."""
    pieces, at = [], 0
    while (start := block.find(b"<WorkoutStatistics", at)) >= 0:
        tag = _STATISTICS.match(block, start)
        pieces += [block[at:start], _statistics(tag) if tag else block[start : start + 1]]
        at = tag.end() if tag else start + 1
    return b"".join([*pieces, block[at:]]) if pieces else block


def _statistics(tag: re.Match[bytes]) -> bytes:
    """One WorkoutStatistics; as <Distance> if it is one, for it to become a column."""
    attributes: dict[bytes, bytes] = {}
    for name, value in _ATTRIBUTE.findall(tag[1]):
        attributes.setdefault(name, value)
    is_distance = attributes.get(b"type", b"")[1:].startswith(b"HKQuantityTypeIdentifierDistance")
    name = b"Distance" if is_distance and tag[4] == b"/>" else b"WorkoutStatistics"
    return b"<%s %s%s" % (name, b" ".join(b"%s=%s" % item for item in attributes.items()), tag[4])
