"""What a person asked for and cannot have."""

from __future__ import annotations


class UsageError(Exception):
    """What was asked for cannot be done as asked. The message says what to do instead."""
