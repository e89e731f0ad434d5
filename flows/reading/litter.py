"""What file managers leave beside what people put somewhere."""

from __future__ import annotations

from collections.abc import Iterable

LITTER = ("__MACOSX", "Thumbs.db", "desktop.ini")  # left by file managers; .DS_Store is hidden


def is_litter(parts: Iterable[str]) -> bool:
    """Whether a name says that a file manager has left it."""
    return any(part.startswith(".") or part in LITTER for part in parts)
