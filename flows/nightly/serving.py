"""The nightly flow every day at one time, until somebody ends it."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import UUID

from flows.nightly.daily import next_run, time_and_zone
from flows.nightly.flow import NAME, nightly
from flows.nightly.journal import log_of
from flows.nightly.prefect_of import check_cluster, prefect_of
from flows.nightly.surroundings import set_environment
from flows.reading.password import handed_on
from flows.settings import load
from flows.usage import say
from warehouse.store.lake import Lake

set_environment()

from prefect.client.orchestration import get_client  # noqa: E402
from prefect.client.schemas.filters import (  # noqa: E402
    FlowRunFilter,
    FlowRunFilterDeploymentId,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import StateType  # noqa: E402
from prefect.deployments.runner import RunnerDeployment  # noqa: E402
from prefect.runner import Runner  # noqa: E402
from prefect.schedules import Cron  # noqa: E402
from prefect.states import Cancelled  # noqa: E402
from prefect.types.entrypoint import EntrypointType  # noqa: E402


def serve(
    lake: Path,
    at: str,
    timezone: str | None,
    password_file: Path | None = None,
    has_page: bool = False,
    how: Mapping[str, Any] | None = None,
) -> None:
    """Run the flow daily at HH:MM in a zone, by default this machine's, until stopped.

    A run that was missed because nothing was serving is not made up for: the next one finds
    everything that came since. Ends on SIGINT and SIGTERM, and its server with it.

    `how` are workers and cluster, as `nightly` takes them.

    Raises: SettingsError for an impossible time or zone; UsageError for a cluster without
    PREFECT_API_URL; ServerError; OSError of the password file.
    """
    check_cluster(str((how or {}).get("cluster", "")))
    hour, minute, zone = time_and_zone(at, timezone)
    place = Lake(lake.resolve()).create()
    load(place.settings)
    following = next_run(hour, minute, zone, dt.datetime.now(dt.UTC))
    say(
        f"every day at {at} ({zone}), next {following:%Y-%m-%d %H:%M}; reads {place.inbox}\n"
        f"each run leaves a line here and in {log_of(place)}; Ctrl-C ends this.\n"
        f"`dawnlake status --lake {place.root}` tells what is there",
        is_to_be_copied=True,
    )
    with _interrupted(), handed_on(password_file), prefect_of(place, schedules=True):
        if has_page and (told := os.environ.get("PREFECT_API_AUTH_STRING")):
            page = os.environ["PREFECT_API_URL"].removesuffix("/api")
            say(f"Prefect's page: {page}, password {told}", is_to_be_copied=True)
        deployment = RunnerDeployment.from_flow(
            nightly,
            NAME,
            schedule=Cron(f"{minute} {hour} * * *", timezone=zone),
            parameters={"lake": str(place.root), **(how or {})},
            paused=False,
            entrypoint_type=EntrypointType.MODULE_PATH,
        )
        asyncio.run(_until_stopped(deployment))


class _Runner(Runner):
    """Prefect's, which ends on SIGTERM by our handler alone: its own exits without tidying up."""

    def handle_sigterm(self, *_: object, **__: object) -> None:
        pass


@contextmanager
def _interrupted() -> Iterator[None]:
    """SIGTERM ends this as Ctrl-C does, and either is an ordinary end."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with suppress(KeyboardInterrupt):
            yield
    finally:
        signal.signal(signal.SIGTERM, before)


async def _until_stopped(deployment: RunnerDeployment) -> None:
    """Plan the runs and start each in a process of its own, until SIGINT or SIGTERM.

    A signal is heard from before the first run is planned, and nothing stays planned after it.
    """
    stopped, loop = asyncio.Event(), asyncio.get_running_loop()
    with suppress(NotImplementedError):  # on Windows, where Ctrl-C cancels this task
        for each in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(each, stopped.set)
    runner = _Runner(NAME, limit=1, pause_on_shutdown=False)
    planned = await runner.aadd_deployment(deployment)
    ends = [asyncio.create_task(each) for each in (runner.start(), stopped.wait())]
    try:
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for end in ends:
            end.cancel()
        ended = await asyncio.gather(*ends, return_exceptions=True)
        await _unplan(planned)
    for fault in ended:
        if isinstance(fault, Exception):  # of the runner; a cancelled task's is none
            raise fault


async def _unplan(deployment: UUID) -> None:
    """Nothing of it stays planned, and no run waits that will never begin."""
    waiting = FlowRunFilter(
        deployment_id=FlowRunFilterDeploymentId(any_=[deployment]),
        state=FlowRunFilterState(
            type=FlowRunFilterStateType(any_=[StateType.SCHEDULED, StateType.PENDING])
        ),
    )
    async with get_client() as client:
        await client.pause_deployment(deployment)
        for run in await client.read_flow_runs(flow_run_filter=waiting):
            await client.set_flow_run_state(run.id, Cancelled(), force=True)
