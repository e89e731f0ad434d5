"""serve: the ingestion of every day."""

from __future__ import annotations

import os
from pathlib import Path

from warehouse.store.lake import Lake


def run_serve(
    folder: Path,
    at: str,
    timezone: str | None,
    password_file: Path | None = None,
    has_page: bool = False,
    workers: int | None = 1,
    cluster: str = "",
) -> int:
    """The Prefect flow every day, until stopped; with Prefect's page of runs if it `has_page`."""
    if has_page:  # Prefect reads this when it is imported
        os.environ["PREFECT_SERVER_UI_ENABLED"] = "true"
    from flows.nightly.serving import serve

    how = {"workers": workers, "cluster": cluster}
    serve(Lake(folder).create().root, at, timezone, password_file, has_page, how)
    return 0
