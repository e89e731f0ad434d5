"""The inbox of a lake: a folder for each participant, and what lies there and is nobody's."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path

from flows.reading.litter import is_litter
from flows.settings import PARTICIPANT, load
from warehouse.store.lake import Lake


def ids(lake: Lake) -> set[str]:
    """Everyone of whom a lake or its settings know.

    Raises: SettingsError.
    """
    return {*lake.participants(), *load(lake.settings).participants}


def twin(participant: str, known: Collection[str]) -> str:
    """Who of those that are known differs in capitals alone from somebody who is not; else ''."""
    if participant in known:
        return ""
    return next((who for who in sorted(known) if who.lower() == participant.lower()), "")


def inbox_participants(lake: Lake) -> list[str]:
    """Everyone with a folder in inbox/ whose name can be a participant id, and no other's id in
    other letters."""
    return [name for name, odd in _judged(lake).items() if not odd]


def misplaced(lake: Lake) -> dict[str, str]:
    """What in the inbox no nightly run reads, by name, and what to do about it."""
    return {name: odd for name, odd in _judged(lake).items() if odd}


def _judged(lake: Lake) -> dict[str, str]:
    """What lies in the inbox, and why it is nobody's; '' for a participant's folder."""
    known = ids(lake)
    lower = {who.lower() for who in known}
    found = sorted(path for path in lake.inbox.glob("*") if not is_litter([path.name]))
    return {path.name: _odd(path, known, lower) for path in found}


def _odd(path: Path, known: Collection[str], lower: Collection[str]) -> str:
    if not path.is_dir():
        return "belongs to nobody: put it into inbox/PARTICIPANT/"
    if not re.fullmatch(PARTICIPANT, path.name):
        return "is no participant: a name is letters, digits, dots, dashes, underscores"
    other = twin(path.name, known) if path.name.lower() in lower else ""
    if other:
        return f"differs from {other} only in capitals: rename it, or name both in dawnlake.toml"
    return ""
