"""D1NAMO data set: glucose, insulin and food of one person, a file each.

One record is one line. The clock is a naive wall clock. Glucose is mmol/L; `cgm` is the sensor,
`manual` a fingerstick (people without diabetes have these alone). Food has words and kcal, its time
is written as a camera does, `2014:10:01 10:27:49`. Low is a number.

Evidence: glucose and food in copies of the layout with invented values; insulin by the article.
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from connectors.contract import Connector, Fact, Head, Item, Source, Total
from connectors.reading.columns import named
from connectors.reading.delimited import decoded, lines_of, rows_below
from connectors.reading.head_cells import head_rows
from connectors.reading.table import Interval, Number, Plan, parsed, planned

COLUMNS = {
    "glucose": ("date", "time", "glucose", "type", "comments"),
    "food": ("picture", "description", "calories", "balance", "quality", "datetime"),
    "insulin": ("date", "time", "fast_insulin", "slow_insulin", "comments"),
}
CLOCK = {"start_wall": parsed("date || ' ' || time", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M")}
KIND = """case lower(type) when 'cgm' then 'interstitial_glucose'
    when 'manual' then 'capillary_glucose' end"""
PLANS = {
    "glucose": Plan(
        stamp="nullif(date, '') || ' ' || time",
        stamp_column="date",
        times=CLOCK,
        numbers=(
            Number(
                "glucose", metric_sql=KIND, unit="mmol/L", column="glucose", metric_column="type"
            ),
        ),
        nothing="no_reading",
        raw=("date", "time", "glucose", "type"),
    ),
    "food": Plan(
        stamp="datetime",
        stamp_column="datetime",
        times={"start_wall": parsed("datetime", "%Y:%m:%d %H:%M:%S", "%Y-%m-%d %H:%M:%S")},
        numbers=(Number("calories", "dietary_energy", "kcal", "calories"),),
        intervals=(Interval("concat(description, calories) <> ''", "meal", "description"),),
        raw=("datetime", "calories"),
    ),
    "insulin": Plan(
        stamp="nullif(date, '') || ' ' || time",
        stamp_column="date",
        times=CLOCK,
        numbers=(
            Number("fast_insulin", "insulin_bolus", "U", "fast_insulin", is_zero_nothing=True),
            Number(
                "slow_insulin", "insulin_long_acting", "U", "slow_insulin", is_zero_nothing=True
            ),
        ),
        raw=("date", "time", "fast_insulin", "slow_insulin"),
    ),
}


def identify(head: Head) -> str | None:
    """`glucose`, `food` or `insulin` for exactly these columns, or None."""
    row = next(iter(head_rows(head)), None)
    if row is None or row.delimiter != ",":
        return None
    return next((name for name, columns in COLUMNS.items() if row.cells == columns), None)


def extract(source: Source, variant: str) -> Iterator[Item]:
    """Glucose, fingersticks apart; insulin; meals with their words and energy.

    Skips: `no_reading`, `nothing_measured`.
    """
    rows = rows_below(lines_of(decoded(source.read())), 0, ",")
    if variant == "glucose":
        yield Fact("unit", "mmol/L")
        yield Fact("unit_basis", "documentation")
    yield Total(rows.records)
    yield from rows.unreadable()
    table: pa.Table = named(rows, {cell: cell for cell in COLUMNS[variant]})
    yield from planned(table, PLANS[variant])


CONNECTOR = Connector(
    name="research_d1namo",
    title="D1NAMO data set",
    version="1",
    variants={"glucose": "verified", "food": "verified", "insulin": "unverified"},
    identify=identify,
    extract=extract,
    source="cgm",
)
