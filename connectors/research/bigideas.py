"""BIG IDEAs data set (PhysioNet), food log; its glucose is Dexcom Clarity's own CSV.

One record is one line: a food of a meal, with its energy (kcal) and nutrients (g). The clock is a
naive wall clock: `time_begin`, or the date and the time beside it. Headers differ: 14 columns,
`time_of_day` for `time`; one person's log has 11 columns and no header at all.

Evidence: two layouts of the real set, read in copies with invented values; the data set's page.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from connectors.contract import Connector, Head, Item, Source, Total
from connectors.reading.columns import named, unknown
from connectors.reading.delimited import decoded, lines_of, rows_below
from connectors.reading.head_cells import head_rows
from connectors.reading.table import Interval, Number, Plan, planned
from connectors.reading.text_sql import wall

NEEDED = {cell: cell for cell in ("date", "time_begin", "logged_food", "calorie", "total_carb")}
PERHAPS = {
    **{cell: cell for cell in ("time_end", "dietary_fiber", "sugar", "protein", "total_fat")},
    "time": "clock",
    "time_of_day": "clock",
}
LEFT = ("amount", "unit", "searched_food")
# Columns of the log without a header. Source: the set's file Food_Log_003.csv
BARE = (
    *("date", "time_of_day", "time_begin", "logged_food", "amount", "unit", "searched_food"),
    *("calorie", "total_carb", "sugar", "protein"),
)
BARE_LINE = re.compile(r"\d{4}-\d\d-\d\d,\d\d:\d\d:\d\d,\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,")
NUTRIENTS = (
    Number("calorie", "dietary_energy", "kcal", "calorie"),
    Number("total_carb", "dietary_carbohydrate", "g", "total_carb"),
    Number("dietary_fiber", "dietary_fiber", "g", "dietary_fiber"),
    Number("sugar", "dietary_sugar", "g", "sugar"),
    Number("protein", "dietary_protein", "g", "protein"),
    Number("total_fat", "dietary_fat", "g", "total_fat"),
)


def identify(head: Head) -> str | None:
    """`food_log`, `food_log_without_header`, or None."""
    rows = head_rows(head)[:1]
    if any(set(NEEDED) <= set(row.cells) for row in rows):
        return "food_log"
    is_bare = any(
        len(row.cells) == len(BARE)
        and row.delimiter == ","
        and BARE_LINE.match(",".join(row.cells))
        for row in rows
    )
    return "food_log_without_header" if is_bare else None


def extract(source: Source, variant: str) -> Iterator[Item]:
    """Meals with their words, energy and nutrients. Skips: `nothing_measured`.

    Raises: FormatDrift without one of the columns that every log has.
    """
    lines = lines_of(decoded(source.read()))
    if variant == "food_log_without_header":
        lines = [",".join(BARE), *lines]
    rows = rows_below(lines, 0, ",")
    yield Total(rows.records)
    yield from unknown(rows.header, [*NEEDED, *PERHAPS, *LEFT])
    yield from rows.unreadable()
    stamp = "coalesce(nullif(time_begin, ''), nullif(date, '') || ' ' || nullif(clock, ''))"
    yield from planned(
        named(rows, NEEDED, PERHAPS),
        Plan(
            stamp=stamp,
            stamp_column="time_begin",
            times={"start_wall": wall(stamp), "end_wall": wall("time_end")},
            numbers=NUTRIENTS,
            intervals=(
                Interval("concat(logged_food, calorie, total_carb) <> ''", "meal", "logged_food"),
            ),
            end="time_end",
            end_column="time_end",
            raw=("date", "clock", "time_begin", "calorie", "total_carb"),
        ),
    )


CONNECTOR = Connector(
    name="research_bigideas",
    title="BIG IDEAs data set: food log",
    version="1",
    variants={"food_log": "verified", "food_log_without_header": "verified"},
    identify=identify,
    extract=extract,
    source="cgm",
)
