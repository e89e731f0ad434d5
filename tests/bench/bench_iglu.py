"""glucose_summary beside iglu-python, on the same readings of a year, one process each.

    python -m venv other && other/bin/pip install iglu-python
    python -m tests.bench.bench_iglu other/bin/python [PEOPLE]

iglu-python is asked for the metrics of `glucose_summary` that it has, one after the other as a
notebook would. It is no dependency of dawnlake, so it is run by an interpreter that has it.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb

from flows.settings import Settings
from tests.bench.population import write_population
from tests.lake import with_marts

THEIRS = """
import sys, time, warnings
warnings.filterwarnings("ignore")
import pandas as pd, iglu_python as iglu
data = pd.read_csv(sys.argv[1], parse_dates=["time"])
names = ("active_percent mean_glu median_glu sd_glu cv_glu range_glu iqr_glu mad_glu gmi ea1c "
    "in_range_percent above_percent below_percent j_index lbgi hbgi adrr grade grade_hypo "
    "grade_eugly grade_hyper m_value hypo_index hyper_index igc gri cogi sd_roc mag gvp modd "
    "conga sd_measures cv_measures mage episode_calculation").split()
for name in names:
    begun = time.perf_counter()
    getattr(iglu, name)(data)
    print(name, time.perf_counter() - begun, flush=True)
"""
READINGS = """
    copy (
        select participant_id as id, strftime(start_local, '%Y-%m-%d %H:%M:%S') as time,
            glucose_mgdl as gl
        from glucose order by all
    ) to '{path}' (header)
"""


def ours(folder: Path, people: int) -> tuple[float, Path]:
    """Seconds of MAGE and of every column, and the readings as a CSV file."""
    settings, readings = Settings(), folder / "readings.csv"
    lake = write_population(folder / "lake", people, 365)
    begun = time.perf_counter()
    with_marts(lake, [f"p{number:03d}" for number in range(people)], settings)
    derived = time.perf_counter() - begun
    with duckdb.connect(str(lake.warehouse), read_only=True) as connection:
        connection.execute("set timezone = 'UTC'")
        begun = time.perf_counter()
        connection.sql("from glucose_summary").to_arrow_table()
        derived += time.perf_counter() - begun
        connection.execute(READINGS.format(path=readings))
    return derived, readings


def main(python: str, people: int = 3) -> None:
    """Print the seconds of both, their ratio, and what takes iglu-python longest."""
    with tempfile.TemporaryDirectory() as folder:
        mine, readings = ours(Path(folder), people)
        command = [python, "-c", THEIRS, str(readings)]
        told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    took = {name: float(seconds) for name, seconds in map(str.split, told.splitlines())}
    theirs = sum(took.values())
    longest = sorted(took, key=lambda name: took[name], reverse=True)[:3]
    sys.stdout.write(
        f"{people} people of 365 days: glucose_summary with MAGE {mine:.1f} s, "
        f"iglu-python {theirs:.1f} s ({theirs / mine:.0f} x), of which "
        f"{', '.join(f'{name} {took[name]:.1f}' for name in longest)}\n"
    )


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
