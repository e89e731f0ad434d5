"""night_to_day: one person with five years, 50 and 200 people with one; the floor is a bare scan.

python -m tests.bench.bench_views
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import duckdb

from flows.settings import Settings
from tests.bench.population import write_population
from warehouse.store.lake import Lake
from warehouse.views import build

FLOOR = "select count(*), avg(value), stddev_samp(value) from sample where occurrence = 1"


def seconds(lake: Lake, query: str) -> float:
    """Wall time of a query in a connection of its own."""
    with duckdb.connect(str(lake.warehouse), read_only=True) as connection:
        connection.execute("set timezone = 'UTC'")
        begun = time.perf_counter()
        connection.sql(query).to_arrow_table()
        return time.perf_counter() - begun


def main() -> None:
    """Print seconds and ratios."""
    settings = Settings()
    for people, days in ((1, 1826), (50, 365), (200, 365)):
        with tempfile.TemporaryDirectory() as folder:
            lake = write_population(Path(folder), people, days)
            build(lake, settings.rules.model_dump(), settings.priority.model_dump())
            floor = seconds(lake, FLOOR)
            took = seconds(lake, "select * from night_to_day")
            sys.stdout.write(
                f"night_to_day, {people} people of {days} days: {took:.2f} s "
                f"({took / floor:.0f} x a bare scan, {took / people:.3f} s a person)\n"
            )


if __name__ == "__main__":
    main()
