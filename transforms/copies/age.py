"""Which of two exports is the older one: of versions of one fact the newest is used."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def age(manifest: Mapping[str, Any]) -> tuple[str, str]:
    """Sorts exports from old to new: by when they were made, else by the last time in them."""
    stated = manifest["exported_at"] or manifest["last_time"] or ""
    return str(stated)[:19], str(manifest["file"])
