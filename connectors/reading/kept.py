"""What is worked out once for the file at hand, since every connector asks for it in turn."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import TypeVar

from connectors.contract import PEEK_BYTES

Given = TypeVar("Given", bytes, str)
Made = TypeVar("Made")
FILES = 4  # a head, what it is decoded to, and those of the file before


def kept_of_a_head(work: Callable[[Given], Made]) -> Callable[[Given], Made]:
    """The same function, which remembers its answers about the last heads of files.

    A list is handed out as a copy. What is longer than a head is somebody's whole file: nothing of
    it is kept.
    """
    remembered = lru_cache(FILES)(work)

    @wraps(work)
    def answer(given: Given) -> Made:
        if len(given) > PEEK_BYTES:
            return work(given)
        made = remembered(given)
        return made.copy() if isinstance(made, list) else made  # type: ignore[return-value]

    return answer
