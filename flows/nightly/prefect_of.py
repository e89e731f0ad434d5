"""Prefect with a server and a home of the lake's own, or those of a cluster."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flows.errors import UsageError
from flows.nightly import server
from flows.nightly.surroundings import NO_HOME, set_environment
from warehouse.store.lake import Lake

DRAIN_S = 30.0

set_environment()

from prefect.context import refresh_global_settings_context  # noqa: E402
from prefect.events.worker import EventsWorker  # noqa: E402


@contextmanager
def prefect_of(lake: Lake, schedules: bool) -> Iterator[None]:
    """Prefect with a server and a home of the lake's own.

    Raises: ServerError.
    """
    theirs = Path(os.environ["PREFECT_HOME"])
    home = lake.root / "prefect" if theirs == NO_HOME else theirs
    with server.running(home, schedules) as environment:
        before = {name: os.environ.get(name) for name in environment}
        os.environ |= environment
        refresh_global_settings_context()
        try:
            yield
        finally:
            EventsWorker.drain_all(timeout=DRAIN_S)  # task runs are written down from events
            for name, value in before.items():
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value
            refresh_global_settings_context()


def check_cluster(address: str) -> None:
    """Raises: UsageError for a cluster whose workers would have no server of Prefect's."""
    if address and not os.environ.get("PREFECT_API_URL"):
        raise UsageError(
            "--dask needs one Prefect server for all machines: start it with PostgreSQL, and set "
            "PREFECT_API_URL here and for every worker; flows/README.md shows how"
        )
