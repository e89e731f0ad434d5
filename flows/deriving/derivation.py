"""Tables and marts of the participants who have something new, taking their places together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from flows.deriving.align import VERSION, Aligned, aligned, known
from flows.deriving.mage_rows import mage_rows
from flows.settings import Settings
from transforms.glucose import mage
from warehouse.marts import derived, mart_fingerprints, mart_names, stage_marts
from warehouse.steps import computed, over_tables
from warehouse.store.buckets import MadeFrom, bucket_of, rows_of
from warehouse.store.exchange import exchange, staged
from warehouse.store.lake import Lake, flush, private_folder

BATCH_BYTES = 50_000_000  # of tables that are derived together
BATCH_PEOPLE = 50
PRODUCT = "night_to_day"
NIGHTS = """
    select participant_id,
        count(*) filter (old is null) as added,
        count(*) filter (old <> new) as changed
    from (select participant_id, sleep_date, hash(n) as new from now_nights as n)
    left join (select participant_id, sleep_date, hash(n) as old from old_nights as n)
        using (participant_id, sleep_date)
    group by participant_id
"""


@dataclass(frozen=True)
class Nights:
    """How many nights of `night_to_day` a run has brought, how many are other than before, and of
    how many dates time in bed is told and no sleep."""

    added: int = 0
    changed: int = 0
    in_bed_only: int = 0


class Derivation:
    """What a run derives. Participants are aligned one by one, to a stage; their marts are made
    for many at once, and then all of it takes its place."""

    def __init__(self, lake: Lake, stage: Lake, settings: Settings) -> None:
        self.lake, self.stage, self.settings = lake, stage, settings
        self.waiting: list[str] = []
        self.nights: dict[str, Nights] = {}

    def align(self, participant: str, force: bool = False) -> Aligned:
        """Derive one participant's tables, unless nothing they depend on has changed.

        Raises: duckdb.Error, pyarrow.ArrowException for a damaged lake.
        """
        before = None if force else known(self.lake, participant, self.settings)
        if before is not None:
            return before
        if self._is_full():
            self.finish()
        outcome = aligned(self.lake, self.stage, participant, self.settings)
        self.waiting.append(participant)
        return outcome

    def finish(self) -> dict[str, Nights]:
        """Make the marts of whoever was aligned and let everything take its place; the nights of
        everyone so far.

        Raises: duckdb.Error, pyarrow.ArrowException, once the others' are in their places.
        """
        people, self.waiting = self.waiting, []
        try:
            self._remember(people)
        except (duckdb.Error, pa.ArrowException):
            if len(people) == 1:
                raise
            self._one_by_one(people)
        return self.nights

    def _one_by_one(self, people: Collection[str]) -> None:
        """One of them is at fault: that one's tables stay as they were, and nobody else's."""
        faults = []
        for who in people:
            try:
                self._remember([who])
            except (duckdb.Error, pa.ArrowException) as error:
                faults.append(error)
        if faults:
            raise faults[0]

    def _remember(self, people: Collection[str]) -> None:
        if not people:
            return
        count = MadeFrom.of(self.lake).count
        with _connection(self.stage, people, self.settings) as connection:
            marts = dict(derived(connection, {"mage": mage_rows}, mart_names()))
        made = stage_marts(self.lake, self.stage, people, marts.items(), count)
        self.nights |= _nights(self.lake, people, marts, count)
        exchange(self.lake, self.stage, people, made)
        for who in people:
            private_folder(self.lake.note(who).parent)
            self.stage.note(who).replace(self.lake.note(who))
            flush(self.lake.note(who).parent)

    def _is_full(self) -> bool:
        parts = (self.stage.table_part("sample", who) for who in self.waiting)
        size = sum(part.stat().st_size for part in parts)
        return size >= BATCH_BYTES or len(self.waiting) >= BATCH_PEOPLE


@contextmanager
def derivation(lake: Lake, settings: Settings) -> Iterator[Derivation]:
    """A place to derive to, gone at the end: what was not finished is done again by the next run.

    Only for the writer.
    """
    with staged(lake) as stage:
        yield Derivation(lake, stage, settings)


@contextmanager
def _connection(
    lake: Lake, participants: Collection[str], settings: Settings
) -> Iterator[duckdb.DuckDBPyConnection]:
    rules, priority = settings.numbers(), settings.priority.model_dump()
    with over_tables(lake, participants, rules, priority, settings.free_days()) as connection:
        yield connection


@contextmanager
def sources_of(
    lake: Lake, participant: str, settings: Settings
) -> Iterator[duckdb.DuckDBPyConnection]:
    """`night_source` of one participant, at the price of one."""
    with _connection(lake, [participant], settings) as connection:
        computed(connection, ["night_source"])
        yield connection


def _nights(
    lake: Lake, people: Collection[str], marts: Mapping[str, pa.Table], count: int
) -> dict[str, Nights]:
    now, old = marts[PRODUCT], rows_of(lake, PRODUCT, people, count)
    if old is None or not old.schema.equals(now.schema):
        old = now.schema.empty_table()
    with duckdb.connect() as connection:
        connection.register("now_nights", now)
        connection.register("old_nights", old)
        found = {who: (new, other) for who, new, other in connection.execute(NIGHTS).fetchall()}
    beds = Counter(marts["in_bed_only"]["participant_id"].to_pylist())
    return {who: Nights(*found.get(who, (0, 0)), beds[who]) for who in people}


def made_from(settings: Settings, count: int) -> MadeFrom:
    """What marts are made from now."""
    rules, priority = settings.numbers(), settings.priority.model_dump()
    return MadeFrom(count, VERSION, mart_fingerprints(rules, priority, mage.VERSION))


def remember(lake: Lake, settings: Settings, people: Iterable[str], marts: Collection[str]) -> None:
    """Make some marts of all these people again, from the tables as they are; those of everyone
    take their places at the end. Only for the writer."""
    count = MadeFrom.of(lake).count
    made: dict[Path, Path] = {}
    everyone = sorted(people, key=lambda who: (bucket_of(who, count), who))
    with staged(lake) as stage:
        for group in _groups(lake, everyone):
            with _connection(lake, group, settings) as connection:
                rows = derived(connection, {"mage": mage_rows}, marts)
                made |= stage_marts(lake, stage, group, rows, count)
        exchange(lake, stage, [], made)


def _groups(lake: Lake, people: Iterable[str]) -> Iterator[list[str]]:
    """People in order, as many at once as may be derived together."""
    group: list[str] = []
    size = 0
    for who in people:
        group.append(who)
        size += lake.table_part("sample", who).stat().st_size
        if size >= BATCH_BYTES or len(group) >= BATCH_PEOPLE:
            yield group
            group, size = [], 0
    if group:
        yield group
