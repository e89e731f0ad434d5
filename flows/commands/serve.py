"""serve: the ingestion of every day."""

from __future__ import annotations

from pathlib import Path

from flows.nightly.flow import serve
from warehouse.store.lake import Lake


def run_serve(
    folder: Path, at: str, timezone: str | None, password_file: Path | None = None
) -> int:
    """The Prefect flow every day, until stopped."""
    serve(Lake(folder).create().root, at, timezone, password_file)
    return 0
