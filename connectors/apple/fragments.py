"""Apple's export.xml in fragments: documents of their own, so that two can be parsed at a time.

A fragment has the root element around some megabytes of its children. The document is cut before
a child of the root and nowhere else. The DTD has Records in the root and in Correlations, and
every other element that is looked for in the root alone; whoever writes another XML is told that
it is damaged, since an element that was cut in two is not well formed on either side.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from connectors.contract import BrokenFile

FRAGMENT_BYTES = 1 << 24
MOST_BYTES = 1 << 27  # a workout of hours with an event each second has some megabytes
ROOT, ROOT_END = b"<HealthData>", b"</HealthData>"
_ROOT_TAG = b"<HealthData"
_CORRELATION, _CORRELATION_END = b"<Correlation", b"</Correlation"
_OTHER_CHILDREN = (b"<Workout ", b"<ActivitySummary", b"<ClinicalRecord", _CORRELATION)


def fragments(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """The document again, from blocks that begin where a tag begins, the root's tag the first.

    Raises: BrokenFile for a child of the root that would not fit into memory, or a second root:
    the reader would not miss its end.
    """
    held: list[bytes] = []
    size = 0
    for block in blocks:
        if block.rfind(_ROOT_TAG, 0 if held else 1) >= 0:
            raise BrokenFile("damaged XML: <HealthData> begins twice; export it again")
        if size >= FRAGMENT_BYTES and (cut := _cut(block, held)) is not None:
            yield b"".join([*held, block[:cut], ROOT_END])
            held, size = [ROOT], 0
            block = block[cut:]
        held.append(block)
        size += len(block)
        if size > MOST_BYTES:
            raise BrokenFile("damaged XML: one element of over 100 MB; export it again")
    yield b"".join(held)


def _cut(block: bytes, before: list[bytes]) -> int | None:
    """Where the last child of the root begins in a block; None if none is sure to begin there.

    `before` are the blocks between the beginning of a child and this one.
    """
    record = block.rfind(b"<Record")
    if record < 0:
        return max((at for name in _OTHER_CHILDREN if (at := block.rfind(name)) >= 0), default=None)
    here = block[:record]
    if (is_inside := _ends_inside(here)) is None:
        earlier = (_ends_inside(text) for text in reversed(before))
        return None if next((told for told in earlier if told is not None), False) else record
    return here.rfind(_CORRELATION) if is_inside else record


def _ends_inside(text: bytes) -> bool | None:
    """Whether a text of whole tags ends inside of a Correlation; None if it has none."""
    opened, closed = text.rfind(_CORRELATION), text.rfind(_CORRELATION_END)
    if opened <= closed:
        return None if closed < 0 else False
    return not text.endswith(b"/", opened, text.find(b">", opened))
