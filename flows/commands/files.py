"""files: the manifest of a lake."""

from __future__ import annotations

from pathlib import Path

from flows.reading.manifest import Manifest, parts_of
from flows.usage import card, data, listing, opened, participants, shortened

COUNTS = ("records", "carried", "skipped", "rejected")
COUNTS_WIDTH = 60  # of those columns, the file's digits and the blanks around them


def show_files(folder: Path, participant: str | None) -> int:
    """The manifest: every file, its name as given, its counts.

    Raises: UsageError if there is no such lake or participant.
    """
    lake, _ = opened(folder)
    for who in participants(lake, participant):
        data.print(who)
        table = listing("file", "name", numbers=COUNTS)
        for part in parts_of(lake, who):
            manifest = part.manifest
            numbers = [str(manifest[f"{name.rstrip('s')}_count"]) for name in COUNTS]
            name = card(shortened(manifest["name"], COUNTS_WIDTH), *_about(manifest))
            table.add_row(manifest["file"], name, *numbers)
        data.print(table)
    return 0


def _about(manifest: Manifest) -> list[str]:
    """Format, span, and why records are missing."""
    first, last = ((manifest[name] or "")[:10] for name in ("first_time", "last_time"))
    span = f", {first} to {last}" if first else ""
    reasons = {**manifest["skipped"], **manifest["rejected"]}
    return [
        f"{manifest['connector']} {manifest['variant']}{span}",
        ", ".join(f"{reason} {count}" for reason, count in reasons.items()),
    ]
