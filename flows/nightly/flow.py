"""The nightly flow: inbox/<participant>/ as Prefect tasks. Only this room imports Prefect.

Of a participant whose inbox is as it was nothing is read, and there is no task (untouched.py).
Alone: a task per file to extract (small ones of a kind share one), one per participant to align,
one for the marts of whoever had something new, one to build the views, all in this process. With
workers, a task per participant and one per group of them for marts (tasks.py). What Prefect keeps
holds no file name and no value: a receipt stays in memory, a fault is told by kind and place, and
the artifact has counts.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import signal
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import UUID

from flows.deriving import pipeline
from flows.deriving.align import Aligned
from flows.deriving.completion import settled
from flows.deriving.derivation import derivation
from flows.deriving.pipeline import Receipt
from flows.errors import UsageError
from flows.nightly import server
from flows.nightly.daily import next_run, time_and_zone
from flows.nightly.discretion import Fault, Night, discreet, row
from flows.nightly.journal import log_of, note, noted
from flows.nightly.nights import nights_of
from flows.nightly.surroundings import NO_HOME
from flows.nightly.tasks import at_once, step
from flows.nightly.untouched import Inboxes
from flows.pull.fetching import connected, fetched, sentence
from flows.reading.inbox import inbox_participants
from flows.reading.inbox import misplaced as misplaced_in
from flows.reading.password import handed_on
from flows.settings import Settings, SettingsError, load
from flows.usage import say
from warehouse.store.lake import Lake
from warehouse.store.lock import writing

NAME = "nightly"
DRAIN_S = 30.0

from prefect import State, flow  # noqa: E402
from prefect.artifacts import create_table_artifact  # noqa: E402
from prefect.client.orchestration import get_client  # noqa: E402
from prefect.client.schemas.filters import (  # noqa: E402
    FlowRunFilter,
    FlowRunFilterDeploymentId,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import StateType  # noqa: E402
from prefect.context import refresh_global_settings_context  # noqa: E402
from prefect.deployments.runner import RunnerDeployment  # noqa: E402
from prefect.events.worker import EventsWorker  # noqa: E402
from prefect.runner import Runner  # noqa: E402
from prefect.schedules import Cron  # noqa: E402
from prefect.states import Cancelled, Completed, Failed  # noqa: E402
from prefect.types.entrypoint import EntrypointType  # noqa: E402

views = step("views", "views", pipeline.build_views)
fetch = step("pull", "pull {service} for {participant}", fetched)


class Told:
    """The receipts of a night. Prefect looks through lists and dataclasses that a flow gives for
    futures, value by value: into this it does not look."""

    def __init__(self, receipts: list[Receipt]) -> None:
        self.receipts = receipts


@flow(name=NAME, persist_result=False, log_prints=False)
def nightly(lake: str, workers: int | None = 1, cluster: str = "") -> State[Told]:
    """Everything in the inbox of a lake into its tables and views.

    `workers` processes work for participants at the same time, None for all cores; or those of the
    Dask cluster whose scheduler is at the address `cluster`.

    Completed, and named `Set aside` if anything was. Failed if the disk or the lake are at fault.
    """
    place = Lake(Path(lake)).create()
    try:
        settings = load(place.settings)
    except SettingsError as error:
        say(str(error))  # may name what only the settings' owner should see
        note(place, "nothing was read: dawnlake.toml cannot be used")
        return Failed(name="Settings", message="dawnlake.toml cannot be used")
    with noted(place):
        _fetch_all(place)
    with noted(place) as run, discreet(), writing(place, "dawnlake nightly", say) as was_left:
        settings = load(place.settings)  # whoever wrote before may have changed them
        people = inbox_participants(place)
        with at_once(workers, len(people), cluster) as them:
            settled(place, settings, was_left, say, them)
            with derivation(place, settings, them) as derive:
                inboxes = Inboxes(place, settings)
                quiet = [night for who in people if (night := inboxes.untouched(who))]
                others = sorted({*people} - {night.receipt.participant for night in quiet})
                found = nights_of(derive, others, them is not None)
        views(place, settings)
        nights = sorted([*quiet, *found], key=lambda night: night.receipt.participant)
        for night in nights:
            who = night.receipt.participant
            if who in derive.lost:
                night.outcome = Fault(str(derive.lost[who]))
            if isinstance(night.outcome, Aligned):
                pipeline.complete(place, night.receipt, night.there, night.outcome, derive.nights)
        for night in found:
            inboxes.note(night)
        about = "What came in from the inbox, by participant: files, records, nights."
        create_table_artifact([row(night) for night in nights], NAME, about)
        odd = len(misplaced_in(place))
        ended = _conclusion(nights, odd)
        run.ended([night.receipt for night in nights], odd, _in_trouble(place, settings))
        return ended


def _in_trouble(lake: Lake, settings: Settings) -> int:
    """How many services could not be asked, if they are."""
    return sum(bool(each.trouble) for each in connected(lake)) if settings.pull.nightly else 0


def _fetch_all(lake: Lake) -> None:
    """What is new at the services into the inbox, if the settings want it. What goes wrong at one
    is told, remembered in its connection, and costs nobody else anything."""
    with discreet():
        settings = load(lake.settings)
        connections = connected(lake) if settings.pull.nightly else []
    for each in connections:
        try:
            pulled = fetch(lake, each.participant, each.service, settings)
        except (Fault, OSError) as fault:
            say(f"{each.service} for {each.participant}: {fault}")
        else:
            say(sentence(pulled) + (f"; {pulled.trouble}" if pulled.trouble else ""))


def _conclusion(nights: list[Night], misplaced: int) -> State[Told]:
    """The state the flow ends in.

    Raises: Fault if a participant's tables could not be derived.
    """
    for night in nights:
        if isinstance(night.outcome, Fault):
            raise night.outcome
    receipts = [night.receipt for night in nights]
    fates = Counter(file.status for receipt in receipts for file in receipt.files)
    told = ", ".join(f"{count} {fate}" for fate, count in sorted(fates.items()))
    message = f"{len(receipts)} participants; files: {told or 'none'}"
    if misplaced:
        message += f"; {misplaced} misplaced in the inbox"
    if all(receipt.is_clean for receipt in receipts) and not misplaced:
        return Completed(data=Told(receipts), message=message)
    return Completed(data=Told(receipts), message=f"{message}; see the artifact", name="Set aside")


@contextmanager
def _prefect(lake: Lake, schedules: bool) -> Iterator[None]:
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


def _check_cluster(address: str) -> None:
    """Raises: UsageError for a cluster whose workers would have no server of Prefect's."""
    if address and not os.environ.get("PREFECT_API_URL"):
        raise UsageError(
            "--dask needs one Prefect server for all machines: start it with PostgreSQL, and set "
            "PREFECT_API_URL here and for every worker; flows/README.md shows how"
        )


def run_nightly(
    lake: Path, password_file: Path | None = None, workers: int | None = 1, cluster: str = ""
) -> list[Receipt]:
    """The receipts of one run of the flow, now.

    Raises: UsageError for a cluster without PREFECT_API_URL; SettingsError; ServerError; OSError
    of the password file; OSError, Fault without a file's name.
    """
    _check_cluster(cluster)
    place = Lake(lake.resolve()).create()
    load(place.settings)  # a mistake in dawnlake.toml is told before a server is started
    with handed_on(password_file), _prefect(place, schedules=False):
        ended: State[Any] = nightly(str(place.root), workers, cluster, return_state=True)
        told: Told = ended.result()
        return told.receipts


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
    _check_cluster(str((how or {}).get("cluster", "")))
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
    with _interrupted(), handed_on(password_file), _prefect(place, schedules=True):
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
