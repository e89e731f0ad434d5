"""Views computed over the tables of some participants, at the price of these."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager

import duckdb

from flows.reading.manifest import parts_of
from flows.settings import Settings
from warehouse.steps import computed, over_tables
from warehouse.store.lake import Lake


@contextmanager
def over(
    lake: Lake, participants: Collection[str], settings: Settings
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database with the tables of some participants."""
    rules, priority = settings.numbers(), settings.priority.whole()
    with over_tables(lake, participants, rules, priority, settings.free_days()) as connection:
        yield connection


@contextmanager
def sources_of(
    lake: Lake, participant: str, settings: Settings
) -> Iterator[duckdb.DuckDBPyConnection]:
    """`night_source` of one participant."""
    there = {part.manifest["connector"] for part in parts_of(lake, participant)}
    rules, priority = settings.numbers(), settings.priority.among(there)
    with over_tables(lake, [participant], rules, priority, settings.free_days()) as connection:
        computed(connection, ["night_source"])
        yield connection
