"""Answers: every mart for everyone and for one person; the floor is a scan of one column of it.

And the marts themselves: for one person of 14 days, for one of a year, for a hundred of 14 days.

python -m tests.bench.bench_views [PEOPLE [DAYS]]
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import duckdb

from flows.commands.status import show_status
from flows.settings import Settings
from tests.bench.measured import Cost, cost
from tests.bench.population import write_population
from tests.lake import with_marts
from warehouse.marts import mart_names
from warehouse.store.lake import Lake

MANY_ROWS = ("glucose", "glucose_5min", "heart_rate", "sleep_stage")
REPEATS = 3


def asking(lake: Lake, query: str) -> Callable[[], int]:
    """A query in a connection of its own."""

    def ask() -> int:
        with duckdb.connect(str(lake.warehouse), read_only=True) as connection:
            connection.execute("set timezone = 'UTC'")
            return connection.sql(query).to_arrow_table().num_rows

    return ask


def derived(people: int, days: int) -> Cost:
    """Marts of people who have none yet."""
    with tempfile.TemporaryDirectory() as folder:
        lake = write_population(Path(folder), people, days)
        return cost(lambda: _remembered(lake, people))


def _remembered(lake: Lake, people: int) -> int:
    with_marts(lake, [f"p{number:03d}" for number in range(people)], Settings())
    return people


def main(people: int = 200, days: int = 365) -> None:
    """Print seconds, CPU and ratios."""
    out = sys.stdout.write
    for many, length in ((1, 14), (1, 365), (100, 14)):
        took = derived(many, length)
        out(f"marts, {many} of {length} days: {took.seconds:.2f} s, {took.cpu_s:.2f} s of CPU\n")
    with tempfile.TemporaryDirectory() as folder:
        lake = write_population(Path(folder), people, days)
        took = cost(lambda: _remembered(lake, people))
        out(f"marts, {people} of {days} days: {took.seconds:.1f} s, {took.cpu_s:.1f} s of CPU\n")
        for mart in sorted(mart_names()):
            floor = cost(asking(lake, f"select count(participant_id) from {mart}"), REPEATS)
            every = cost(asking(lake, f"from {mart}"), REPEATS) if mart not in MANY_ROWS else None
            one = cost(asking(lake, f"from {mart} where participant_id = 'p000'"), REPEATS)
            told = (
                f"{1000 * every.cpu_s:6.0f} ms ({every.cpu_s / floor.cpu_s:.1f} x)"
                if every
                else "-"
            )
            out(f"{mart:24} everyone {told:18} one {1000 * one.cpu_s:5.0f} ms of CPU\n")
        took = cost(lambda: show_status(lake.root, None))
        out(f"status of {people}: {took.seconds:.2f} s, {took.cpu_s:.2f} s of CPU\n")


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
