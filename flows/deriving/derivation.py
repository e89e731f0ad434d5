"""Tables and marts of the participants who have something new, taking their places together."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, TypeVar

import duckdb
import pyarrow as pa

from connectors.contract import IngestError
from flows.deriving.align import VERSION, Aligned, aligned, known
from flows.deriving.crew import FEWEST, Crew
from flows.deriving.group import Group, Marts, marts_of
from flows.deriving.group import Nights as Nights
from flows.deriving.person import Person, Worked, worked
from flows.settings import Settings
from transforms.glucose import mage
from warehouse.marts import mart_fingerprints, stage_small
from warehouse.store.buckets import MadeFrom, bucket_of
from warehouse.store.exchange import exchange, staged
from warehouse.store.lake import Lake, flush, private_folder

BATCH_BYTES = 50_000_000  # of tables that are derived together
BATCH_PEOPLE = 50
BATCH_LEAST = 10  # people, below which a group costs more than another worker gains

Piece = TypeVar("Piece")
Done = TypeVar("Done")
Came = TypeVar("Came", covariant=True)


class Begun(Protocol[Came]):
    """What will come of a piece of work."""

    def done(self) -> bool:
        """Whether it has."""

    def result(self) -> Came:
        """It, waited for. Raises: what the work raised."""


class Workers(Protocol):
    """Whoever does pieces of work: a crew of processes, or tasks of Prefect's."""

    @property
    def size(self) -> int:
        """How many there are."""

    @property
    def has_lost(self) -> bool:
        """Whether one has died, and left something unfinished."""

    def each(
        self, work: Callable[[Piece], Done], pieces: Iterable[Piece], fewest: int = FEWEST
    ) -> Iterator[Done | IngestError]:
        """What comes of each piece, in their order; why nothing did, where that is no reason to
        stop."""

    def begin(self, work: Callable[[Piece], Done], piece: Piece) -> Begun[Done]:
        """What will come of a piece."""

    def end(self) -> None:
        """Nobody works any more."""


class Derivation:
    """What a run derives. Participants are aligned one by one, to a stage; their marts are made
    for many at once, and then all of it takes its place.

    `lost` are those of whose marts nothing came, and why: their tables stay as they were.
    """

    def __init__(self, lake: Lake, stage: Lake, settings: Settings, workers: Workers) -> None:
        self.lake, self.stage, self.settings = lake, stage, settings
        self.nights: dict[str, Nights] = {}
        self.lost: dict[str, IngestError] = {}
        self._workers = workers
        self._waiting: list[str] = []
        self._begun: deque[tuple[list[str], Begun[Marts]]] = deque()
        self._faults: list[Exception] = []

    def person(self, participant: str, **more: object) -> Person:
        """What is to be done for a participant, as `Person` tells."""
        own = self.settings.of_people([participant])
        return Person(self.lake, self.stage, own, participant, **more)  # type: ignore[arg-type]

    def each(self, people: Iterable[Person]) -> Iterator[Worked | IngestError]:
        """What came of each participant, in their order.

        Raises: as `worked` does.
        """
        given: deque[Person] = deque()

        def noted() -> Iterator[Person]:
            for person in people:
                given.append(person)
                yield person

        for done in self._workers.each(worked, noted()):
            person = given.popleft()
            found = worked(person) if done is None else done  # here is who can be asked
            assert found is not None
            if isinstance(found, Worked):
                self._take(found.outcome)
            yield found

    def align(self, participant: str, force: bool = False) -> Aligned:
        """Derive one participant's tables here, unless nothing they depend on has changed.

        Raises: duckdb.Error, pyarrow.ArrowException for a damaged lake.
        """
        before = None if force else known(self.lake, participant, self.settings)
        outcome = before or aligned(self.lake, self.stage, participant, self.settings)
        self._take(outcome)
        return outcome

    def finish(self) -> dict[str, Nights]:
        """Make the marts of whoever was aligned and let everything take its place; the nights of
        everyone so far.

        Raises: duckdb.Error, pyarrow.ArrowException, once the others' are in their places.
        """
        people, self._waiting = self._waiting, []
        size = max(BATCH_LEAST, -(-len(people) // self._workers.size))
        for first in range(0, len(people), size):
            self._begin(people[first : first + size])
        while self._begun:
            self._place(*self._begun.popleft())
        if self._faults:
            raise self._faults.pop()
        return self.nights

    def _take(self, outcome: Aligned) -> None:
        """Let the marts of somebody whose tables are new be made with those of others."""
        if not outcome.changed:
            return
        self._waiting.append(outcome.participant)
        parts = (self.stage.table_part("sample", who) for who in self._waiting)
        if is_enough(len(self._waiting), sum(part.stat().st_size for part in parts)):
            people, self._waiting = self._waiting, []
            self._begin(people)

    def _begin(self, people: list[str]) -> None:
        self._begun.append((people, self._made(people)))
        while len(self._begun) > self._workers.size or (self._begun and self._begun[0][1].done()):
            self._place(*self._begun.popleft())

    def _made(self, people: Sequence[str]) -> Begun[Marts]:
        settings, count = self.settings.of_people(people), MadeFrom.of(self.lake).count
        group = Group(self.lake, self.stage, self.stage, settings, tuple(people), count)
        return self._workers.begin(marts_of, group)

    def _place(self, people: Sequence[str], made: Begun[Marts]) -> None:
        """Tables and marts of a group. If one of them is at fault, that one's stay as they were,
        and nobody else's."""
        try:
            marts = made.result()
        except (duckdb.Error, pa.ArrowException, IngestError) as error:
            if len(people) > 1:
                for who in people:
                    self._place([who], self._made([who]))
            elif isinstance(error, IngestError):
                self.lost[people[0]] = error
            else:
                self._faults.append(error)
            return
        count = MadeFrom.of(self.lake).count
        small = stage_small(self.lake, self.stage, people, marts.rows, count)
        self.nights |= marts.nights
        exchange(self.lake, self.stage, people, marts.files | small)
        for who in people:
            private_folder(self.lake.note(who).parent)
            self.stage.note(who).replace(self.lake.note(who))
            flush(self.lake.note(who).parent)


@contextmanager
def derivation(
    lake: Lake, settings: Settings, workers: Workers | None = None
) -> Iterator[Derivation]:
    """A place to derive to, gone at the end: what was not finished is done again by the next run.

    Only for the writer.
    """
    workers = workers or Crew(1)
    with staged(lake) as stage:
        try:
            yield Derivation(lake, stage, settings, workers)
        except BaseException:
            workers.end()  # before the stage goes that they fill
            raise
        finally:
            if workers.has_lost:
                lake.heal(lake.extracted)


def made_from(settings: Settings, count: int) -> MadeFrom:
    """What marts are made from now."""
    rules, priority = settings.numbers(), settings.priority.whole()
    return MadeFrom(count, VERSION, mart_fingerprints(rules, priority, mage.VERSION))


def remember(
    lake: Lake,
    settings: Settings,
    people: Iterable[str],
    marts: Collection[str],
    workers: Workers | None = None,
) -> None:
    """Make some marts of all these people again, from the tables as they are; those of everyone
    take their places at the end. Only for the writer.

    Raises: duckdb.Error, pyarrow.ArrowException; IngestError if a worker is lost twice.
    """
    workers = workers or Crew(1)
    count = MadeFrom.of(lake).count
    made: dict[Path, Path] = {}
    everyone = sorted(people, key=lambda who: (bucket_of(who, count), who))
    with staged(lake) as stage:
        groups = [
            Group(lake, lake, stage, settings.of_people(who), tuple(who), count, tuple(marts))
            for who in _groups(lake, everyone)
        ]
        found = workers.each(marts_of, groups, fewest=2)
        for group, marts_ in zip(groups, found, strict=True):
            if isinstance(marts_, IngestError):  # once more, now that others need less
                marts_ = workers.begin(marts_of, group).result()
            made |= marts_.files | stage_small(lake, stage, group.people, marts_.rows, count)
        exchange(lake, stage, [], made)


def _groups(lake: Lake, people: Iterable[str]) -> Iterator[list[str]]:
    """People in order, as many at once as may be derived together."""
    group: list[str] = []
    size = 0
    for who in people:
        group.append(who)
        size += lake.table_part("sample", who).stat().st_size
        if is_enough(len(group), size):
            yield group
            group, size = [], 0
    if group:
        yield group


def is_enough(people: int, size: int) -> bool:
    """Whether tables of so many bytes are to be derived now, and not with more."""
    return size >= BATCH_BYTES or people >= BATCH_PEOPLE
