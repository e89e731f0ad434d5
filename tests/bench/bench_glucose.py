"""glucose_summary and its kin for 200 people of a year; the floor is a bare scan by person.

python -m tests.bench.bench_glucose [PEOPLE [DAYS]]
"""

from __future__ import annotations

import os
import resource
import sys
import tempfile
import time
from pathlib import Path

import duckdb

from flows.settings import Settings
from tests.bench.population import write_population
from tests.lake import with_marts
from warehouse.store.lake import Lake

FLOOR = """
    select participant_id, count(*), avg(value), median(value), stddev_samp(value)
    from sample where occurrence = 1 group by participant_id
"""
QUERIES = {
    "glucose_summary": "from glucose_summary",
    "a month of it": "from glucose_summary_between('2024-06-01', '2024-06-30')",
    "one person of it": "from glucose_summary where participant_id = 'p000'",
    "glucose_daily": "from glucose_daily",
    "glucose_episode": "from glucose_episode",
    "agp_profile": "from agp_profile",
}


def measured(lake: Lake, query: str) -> tuple[float, float]:
    """Wall and processor seconds of a query in a connection of its own."""
    with duckdb.connect(str(lake.warehouse), read_only=True) as connection:
        connection.execute("set timezone = 'UTC'")
        connection.execute(f"set memory_limit = '{os.environ.get('DAWNLAKE_BENCH_MEMORY', '6GB')}'")
        begun, worked = time.perf_counter(), time.process_time()
        connection.sql(query).to_arrow_table()
        return time.perf_counter() - begun, time.process_time() - worked


def derived(lake: Lake, settings: Settings, people: int) -> float:
    """Seconds to derive the marts of everyone."""
    begun = time.perf_counter()
    with_marts(lake, [f"p{number:03d}" for number in range(people)], settings)
    return time.perf_counter() - begun


def main(people: int = 200, days: int = 365) -> None:
    """Print seconds, and ratios to the floor of the same run."""
    settings, out = Settings(), sys.stdout.write
    with tempfile.TemporaryDirectory() as folder:
        lake = write_population(Path(folder), people, days)
        took = derived(lake, settings, people)
        out(f"{people} people of {days} days\nmarts: {took:.1f} s ({took / people:.2f} s each)\n")
        _, floor = measured(lake, FLOOR)
        for name, query in QUERIES.items():
            wall, worked = measured(lake, query)
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
            out(
                f"{name}: {wall:.1f} s, {worked:.1f} s of processors "
                f"({worked / floor:.0f} x a bare scan), peak so far {peak} MB\n"
            )


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
