"""Marts of a group of participants as one piece of work, here or in another process."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from flows.deriving.mage_rows import mage_rows
from flows.settings import Settings
from warehouse.marts import derived, is_large, mart_names, stage_large
from warehouse.steps import over_tables
from warehouse.store.buckets import rows_of
from warehouse.store.database import in_memory
from warehouse.store.lake import Lake
from warehouse.store.work import at_work

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


@dataclass(frozen=True)
class Group:
    """Whose marts are to be made.

    tables  where their tables are: in the stage, or in the lake as they were
    stage   where marts go that have a file for each participant
    names   some of the marts; all if there are none
    count   of buckets
    """

    lake: Lake
    tables: Lake
    stage: Lake
    settings: Settings
    people: tuple[str, ...]
    count: int
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Marts:
    """What came of it: files with the place of each, the rows of buckets, and the nights."""

    files: dict[Path, Path]
    rows: dict[str, pa.Table]
    nights: dict[str, Nights]


def marts_of(group: Group) -> Marts:
    """The marts of a group. What is large is written to the stage; the rest, which goes into
    buckets with others' rows, is handed over.

    Raises: duckdb.Error, pyarrow.ArrowException; OSError; RunEnded.
    """
    files: dict[Path, Path] = {}
    rows: dict[str, pa.Table] = {}
    names = group.names or mart_names()
    with (
        at_work(group.lake, group.stage),
        over(group.tables, group.people, group.settings) as connection,
    ):
        for name, found in derived(connection, {"mage": mage_rows}, names):
            if is_large(name):
                files |= stage_large(group.lake, group.stage, name, group.people, found)
            else:
                rows[name] = found
        return Marts(files, rows, {} if group.names else _nights(group, rows))


@contextmanager
def over(
    lake: Lake, participants: Collection[str], settings: Settings
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database with the tables of some participants."""
    rules, priority = settings.numbers(), settings.priority.whole()
    with over_tables(lake, participants, rules, priority, settings.free_days()) as connection:
        yield connection


def _nights(group: Group, rows: Mapping[str, pa.Table]) -> dict[str, Nights]:
    now, old = rows[PRODUCT], rows_of(group.lake, PRODUCT, group.people, group.count)
    if old is None or not old.schema.equals(now.schema):
        old = now.schema.empty_table()
    with in_memory() as connection:
        connection.register("now_nights", now)
        connection.register("old_nights", old)
        found = {who: (new, other) for who, new, other in connection.execute(NIGHTS).fetchall()}
    beds = Counter(rows["in_bed_only"]["participant_id"].to_pylist())
    return {who: Nights(*found.get(who, (0, 0)), beds[who]) for who in group.people}
