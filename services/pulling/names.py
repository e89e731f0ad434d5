"""What documents are called, here and in a lake."""

from __future__ import annotations

import hashlib

from services.contract import Window

FILE_DIGITS = 16  # of a sha256: how a lake names a file


def digits(data: bytes) -> str:
    """How a lake names a file of these bytes."""
    return hashlib.sha256(data).hexdigest()[:FILE_DIGITS]


def name_of(stream: str, window: Window) -> str:
    """The file of a stream's window."""
    return f"{stream}_{window.first}_{window.last}.json"
