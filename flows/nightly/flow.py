"""The nightly flow: inbox/<participant>/ as Prefect tasks. Nothing else imports Prefect.

A task per file to extract (small ones of a kind share one), one per participant to align, one for
the marts of whoever had something new, one to build the views, all in this process. What Prefect
keeps holds no file name and no value: a receipt stays in memory, a fault is
told by kind and place, and the artifact has counts.
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import tzlocal

from connectors.contract import Connector
from flows.deriving import intake, pipeline
from flows.deriving.align import Aligned
from flows.deriving.completion import settled
from flows.deriving.derivation import Derivation, derivation
from flows.deriving.intake import Unread
from flows.deriving.pipeline import FileReceipt, Receipt
from flows.nightly import server
from flows.nightly.discretion import Fault, Night, discreet, row
from flows.pull.fetching import connected, fetched, sentence
from flows.reading.manifest import Known, files_of
from flows.reading.mappings import mapped
from flows.reading.password import Passwords, handed, handed_on
from flows.reading.walk import Found, walk
from flows.settings import Settings, SettingsError, check_zone, load
from flows.usage import say
from warehouse.store.lake import Lake
from warehouse.store.lock import writing

NO_HOME = Path(__file__).parent  # exists and holds no profile, so that an import makes nothing
NAME = "nightly"
DRAIN_S = 30.0

P = ParamSpec("P")
R = TypeVar("R")


def _set_environment() -> None:
    """What Prefect reads when it is imported; the home of a lake comes with its server.

    Telemetry is off whatever was set. The rest are defaults: a profile in the user's home is not
    read, nothing is logged but errors, and runs older than Prefect's 90 days are forgotten.
    """
    os.environ |= {
        "DO_NOT_TRACK": "1",  # the SDK's own analytics
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",  # the server's heartbeat
        "PREFECT_CLOUD_ENABLE_ORCHESTRATION_TELEMETRY": "false",  # spans of runs
        "PREFECT_TELEMETRY_ENABLE_RESOURCE_METRICS": "false",  # CPU and memory of runs
    }
    defaults = {
        "PREFECT_HOME": str(NO_HOME),
        "PREFECT_LOGGING_LEVEL": "ERROR",
        "PREFECT_LOGGING_TO_API_ENABLED": "false",
        "PREFECT_LOGGING_LOG_PRINTS": "false",
        "PREFECT_SERVER_LOGGING_LEVEL": "ERROR",
        "PREFECT_SERVER_UI_ENABLED": "false",
        "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
    }
    for name, value in defaults.items():
        os.environ.setdefault(name, value)


_set_environment()

from prefect import State, flow, task  # noqa: E402
from prefect.artifacts import create_table_artifact  # noqa: E402
from prefect.cache_policies import NO_CACHE  # noqa: E402
from prefect.client.orchestration import get_client  # noqa: E402
from prefect.client.schemas.objects import TaskRun  # noqa: E402
from prefect.context import refresh_global_settings_context  # noqa: E402
from prefect.deployments.runner import RunnerDeployment  # noqa: E402
from prefect.events.worker import EventsWorker  # noqa: E402
from prefect.runner import Runner  # noqa: E402
from prefect.schedules import Cron, Schedule  # noqa: E402
from prefect.states import Completed  # noqa: E402
from prefect.types.entrypoint import EntrypointType  # noqa: E402


def _is_worth_retrying(_: object, __: TaskRun, state: State[Any]) -> bool:
    """A disk can be busy or away for a moment; everything else fails again."""
    return isinstance(state.result(raise_on_failure=False), OSError)


def _step(name: str, shown: str, work: Callable[P, R]) -> Callable[P, R]:
    """Work as a task of this process. What it takes and gives stays in memory."""
    made = task(
        name=name,
        task_run_name=shown,
        retries=2,
        retry_delay_seconds=[5, 30],
        retry_condition_fn=_is_worth_retrying,
        cache_policy=NO_CACHE,
        persist_result=False,
        log_prints=False,
    )
    return made(discreet()(work))


extract = _step("extract", "extract {unread.connector}", intake.extract)
align = _step("align", "align {participant}", Derivation.align)
marts = _step("marts", "marts", Derivation.finish)
views = _step("views", "views", pipeline.build_views)
fetch = _step("pull", "pull {service} for {participant}", fetched)


@flow(name=NAME, persist_result=False, log_prints=False)
def nightly(lake: str) -> State[list[Receipt]]:
    """Everything in the inbox of a lake into its tables and views.

    Completed, and named `Set aside` if anything was. Failed if the disk or the lake are at fault.
    """
    place = Lake(Path(lake)).create()
    _fetch_all(place)
    with discreet(), writing(place, "dawnlake nightly", say) as was_left:
        settings = load(place.settings)
        settled(place, settings, was_left, say)
        passwords, people = handed(say), pipeline.inbox_participants(place)
        with derivation(place, settings) as derive:
            nights = [_night(derive, who, passwords) for who in people]
            came = marts(derive)
        views(place, settings)
        for night in nights:
            if isinstance(night.outcome, Aligned):
                pipeline.complete(place, night.receipt, night.there, night.outcome, came)
        about = "What came in from the inbox, by participant: files, records, nights."
        create_table_artifact([row(night) for night in nights], NAME, about)
        return _conclusion(nights)


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


def _night(derive: Derivation, participant: str, passwords: Passwords) -> Night:
    lake, settings = derive.lake, derive.settings
    there, known = files_of(lake, participant), Known.of(lake, participant)
    mappings = mapped(lake)
    taken = intake.Intake(
        lambda found: _seen(found, known, mappings),
        lambda unread: _read(lake, participant, unread, settings, known),
    )
    for item in walk([lake.inbox / participant], settings.limits, passwords):
        taken.take(item)
    receipt = Receipt(participant, taken.finish())
    pipeline.settle(known, receipt.files)
    pipeline.give_way(lake, receipt, there)
    try:
        return Night(receipt, there, align(derive, participant))
    except Fault as fault:  # the others' night goes on
        return Night(receipt, there, fault)


def _seen(found: Found, known: Known, mappings: Iterable[Connector]) -> FileReceipt | Unread:
    try:
        with discreet():
            return intake.look(found, known, mappings=mappings)
    except Fault as fault:
        return FileReceipt(found.name, "set aside", found.archive, error=fault)


def _read(
    lake: Lake, participant: str, unread: Unread, settings: Settings, known: Known
) -> list[FileReceipt]:
    """A receipt for each, and one task for all."""
    try:
        return extract(lake, participant, unread, settings, known)
    except Fault as fault:
        return [FileReceipt(f.name, "set aside", f.archive, error=fault) for f in unread.files]


def _conclusion(nights: list[Night]) -> State[list[Receipt]]:
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
    if all(receipt.is_clean for receipt in receipts):
        return Completed(data=receipts, message=message)
    return Completed(data=receipts, message=f"{message}; see the artifact", name="Set aside")


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


def run_nightly(lake: Path, password_file: Path | None = None) -> list[Receipt]:
    """The receipts of one run of the flow, now.

    Raises: SettingsError; ServerError; OSError of the password file; OSError, Fault without a
    file's name.
    """
    place = Lake(lake.resolve()).create()
    load(place.settings)  # a mistake in dawnlake.toml is told before a server is started
    with handed_on(password_file), _prefect(place, schedules=False):
        ended: State[Any] = nightly(str(place.root), return_state=True)
        receipts: list[Receipt] = ended.result()
        return receipts


def serve(lake: Path, at: str, timezone: str | None, password_file: Path | None = None) -> None:
    """Run the flow daily at HH:MM in a zone, by default this machine's, until stopped.

    A run that was missed because nothing was serving is not made up for: the next one finds
    everything that came since. Ends on SIGINT and SIGTERM, and its server with it.

    Raises: SettingsError for an impossible time or zone; ServerError; OSError of the password file.
    """
    place, schedule = Lake(lake.resolve()).create(), _daily(at, timezone)
    load(place.settings)
    with _interrupted(), handed_on(password_file), _prefect(place, schedules=True):
        deployment = RunnerDeployment.from_flow(
            nightly,
            NAME,
            schedule=schedule,
            parameters={"lake": str(place.root)},
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
        async with get_client() as client:
            await client.pause_deployment(planned)
    for fault in ended:
        if isinstance(fault, Exception):  # of the runner; a cancelled task's is none
            raise fault


def _daily(at: str, timezone: str | None) -> Schedule:
    if not (time := re.fullmatch(r"([01]?\d|2[0-3]):([0-5]\d)", at)):
        raise SettingsError(f"{at} is no time of day: write HH:MM, such as 05:30")
    if timezone:
        check_zone(timezone)
    zone = timezone or _here()
    return Cron(f"{int(time[2])} {int(time[1])} * * *", timezone=zone)


def _here() -> str:
    """The zone this machine is set to; UTC if it does not say."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return tzlocal.get_localzone_name() or "UTC"
        except (KeyError, ValueError, OSError):
            return "UTC"
