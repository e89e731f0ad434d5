"""The nightly flow: inbox/<participant>/ as Prefect tasks. Only this room imports Prefect.

Of a participant whose inbox is as it was nothing is read, and there is no task (untouched.py).
Alone: a task per file to extract (small ones of a kind share one), one per participant to align,
one for the marts of whoever had something new, one to build the views, all in this process. With
workers, a task per participant and one per group of them for marts (tasks.py). What Prefect keeps
holds no file name and no value: a receipt stays in memory, a fault is told by kind and place, and
the artifact has counts.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from flows.deriving import pipeline
from flows.deriving.align import Aligned
from flows.deriving.completion import settled
from flows.deriving.derivation import derivation
from flows.deriving.pipeline import Receipt
from flows.nightly.discretion import Fault, Night, discreet, row
from flows.nightly.journal import note, noted
from flows.nightly.nights import nights_of
from flows.nightly.prefect_of import check_cluster, prefect_of
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

from prefect import State, flow  # noqa: E402
from prefect.artifacts import create_table_artifact  # noqa: E402
from prefect.states import Completed, Failed  # noqa: E402

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


def run_nightly(
    lake: Path, password_file: Path | None = None, workers: int | None = 1, cluster: str = ""
) -> list[Receipt]:
    """The receipts of one run of the flow, now.

    Raises: UsageError for a cluster without PREFECT_API_URL; SettingsError; ServerError; OSError
    of the password file; OSError, Fault without a file's name.
    """
    check_cluster(cluster)
    place = Lake(lake.resolve()).create()
    load(place.settings)  # a mistake in dawnlake.toml is told before a server is started
    with handed_on(password_file), prefect_of(place, schedules=False):
        ended: State[Any] = nightly(str(place.root), workers, cluster, return_state=True)
        told: Told = ended.result()
        return told.receipts
