"""Oura trends CSV of the old web site: one line per day of waking, totals in seconds.

The person chose the columns and their order, so they are known by name only, misspelt and with
trailing blanks as they are. Missing is the word None. Bedtimes are ISO times with the offset of
the night; where they were not chosen, the totals belong to the day.
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from connectors.contract import Drift, FormatDrift, Item, Source, Total, batch
from connectors.oura.days import DAILY, days
from connectors.oura.sleep import SLEEP, TOTALS, sleeps
from connectors.reading.delimited import decoded, lines_of, rows_below
from connectors.reading.query import query

# Source: real files of 2019 to 2022; the second spellings from those of 2020 and older.
COLUMNS = {
    "date": "day",
    "Bedtime Start": "bedtime_start",
    "Bedtime End": "bedtime_end",
    "Total Sleep Duration": "total_sleep_duration",
    "Total Sleep Time": "total_sleep_duration",
    "Total Bedtime": "time_in_bed",
    "Sleep Latency": "latency",
    "Light Sleep Duration": "light_sleep_duration",
    "Light Sleep Time": "light_sleep_duration",
    "Deep Sleep Duration": "deep_sleep_duration",
    "Deep Sleep Time": "deep_sleep_duration",
    "REM Sleep Duration": "rem_sleep_duration",
    "REM Sleep Time": "rem_sleep_duration",
    "Sleep Efficiency": "efficiency",
    "Average Resting Heart Rate": "average_heart_rate",
    "Lowest Resting Heart Rate": "lowest_heart_rate",
    "Average HRV": "average_hrv",
    "Respiratory Rate": "average_breath",
    "Sleep Score": "sleep_score",
    "Readiness Score": "readiness_score",
    "Temperature Deviation (°C)": "temperature_deviation",
    "Temperature Deviation": "temperature_deviation",
    "Steps": "steps",
    "Activity Burn": "active_calories",
}
# Every other column that ends in Score is a contributor.
UNUSED = (
    *("Awake Time", "Restless Sleep", "Sleep Timing", "Temperature Trend Deviation", "Rest Time"),
    *("Total Burn", "Target Calories", "Equivalent Walking Distance", "Average MET"),
    *("Inactive Time", "Low Activity Time", "Medium Activity Time", "High Activity Time"),
    *("Non-wear Time", "Long Periods of Inactivity"),
)


def trends(source: Source) -> Iterator[Item]:
    """Sleeps of the lines that have a bedtime, daily values of all.

    Raises: FormatDrift if there is no column `date`.
    """
    lines = lines_of(decoded(source.read()))
    rows = rows_below(lines, 0, ",")
    if "date" not in rows.header:
        raise FormatDrift("a trends file needs its column date; download it again with the date")
    yield Total(rows.records)
    for name in dict.fromkeys(rows.header):
        if name not in (*COLUMNS, *UNUSED) and not name.endswith("Score"):
            yield Drift(f"column {name}")
    bad = [(n, "ragged_row", ",".join(cells)) for n, cells in rows.wide]
    bad += [(n, "broken_row", text) for n, text in rows.broken]
    if bad:
        numbers, codes, texts = zip(*bad, strict=True)
        yield batch("reject", record=[*numbers], code=[*codes], raw=[*texts])
    table = _by_name(rows.table(), rows.header)
    night = "coalesce(bedtime_start, bedtime_end) is not null"
    yield from sleeps(query(f"select * from rows where {night}", rows=table))
    yield from days(
        query(f"select *, {night} as is_carried from rows where {night}", rows=table), DAILY
    )
    yield from days(
        query(f"select *, false as is_carried from rows where not ({night})", rows=table),
        TOTALS | DAILY,
    )


def _by_name(table: pa.Table, header: tuple[str, ...]) -> pa.Table:
    """The text columns of a sleep and of a day, NULL where there is none or None is written."""
    places: dict[str, int] = {}
    for index, name in enumerate(header):
        if key := COLUMNS.get(name):
            places.setdefault(key, index)
    keys = dict.fromkeys((*SLEEP, *DAILY, "day"))
    cells = ", ".join(
        f"nullif(nullif(c{places[key]}, ''), 'None') as {key}"
        if key in places
        else f"null::varchar as {key}"
        for key in keys
    )
    return query(f"select record, {cells} from rows", rows=table)
