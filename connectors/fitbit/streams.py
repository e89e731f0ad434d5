"""CSVs of a Takeout in which a row is one timestamp and one quantity: a table of their layouts.

The clock is named per file: UTC instants, naive local, or a date (written with a zero hour, in
some files with Z). Quantities beside the one that is carried are known and left: non-REM heart
rate, entropy, coverage, deviations, bounds and baselines have no metric of ours.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import pyarrow as pa

from connectors.contract import Item, Source, shaped
from connectors.fitbit.sheet import day, instant, number, quoted, raw, sheet, sorted_out, wall
from connectors.reading.query import query

# Breaths: one header says "milli" where its values are plain. Source: real files (17.2).
_MILLI_FROM = 1000


@dataclass(frozen=True)
class Stream:
    """A CSV in which a row is one `timestamp` and one quantity that is carried.

    header    its first cells, as seen, `timestamp` among them
    clock     what `timestamp` is: an instant, a naive wall clock, or a mere date
    others    further columns that are known and not carried
    """

    header: str
    clock: Literal["utc", "wall", "day"]
    cell: str
    metric: str
    unit: str
    others: str = "data source"


_RMSSD = "root mean square of successive differences milliseconds"
_BREATHS = "full sleep stats - milli breaths per minute"  # plain breaths, for all it says
STREAMS = {
    "hrv_daily_csv": Stream(
        "timestamp,rmssd,nremhr,entropy",
        "day",
        "rmssd",
        "sleep_heart_rate_variability_rmssd",
        "ms",
        others="",
    ),
    "hrv_detail_csv": Stream(
        "timestamp,rmssd,coverage,low_frequency,high_frequency",
        "wall",
        "rmssd",
        "heart_rate_variability_rmssd",
        "ms",
        others="",
    ),
    "respiratory_daily_csv": Stream(
        "timestamp,daily_respiratory_rate",
        "day",
        "daily_respiratory_rate",
        "sleep_respiratory_rate",
        "/min",
        others="",
    ),
    "respiratory_sleep_csv": Stream(
        "timestamp,full_sleep_breathing_rate",
        "wall",
        "full_sleep_breathing_rate",
        "sleep_respiratory_rate",
        "/min",
        others=",".join(
            f"{stage}_sleep_{what}"
            for stage in ("full", "deep", "light", "rem")
            for what in ("breathing_rate", "standard_deviation", "signal_to_noise")
        ),
    ),
    "spo2_minute_csv": Stream(
        "timestamp,value", "utc", "value", "oxygen_saturation", "%", others=""
    ),
    "spo2_daily_csv": Stream(
        "timestamp,average_value,lower_bound,upper_bound",
        "day",
        "average_value",
        "sleep_oxygen_saturation",
        "%",
        others="",
    ),
    "google_heart_rate_csv": Stream(
        "timestamp,beats per minute,data source", "utc", "beats per minute", "heart_rate", "/min"
    ),
    # The header of heart_rate_*.csv; told apart by its hours.
    "google_daily_resting_heart_rate_csv": Stream(
        "timestamp,beats per minute,data source",
        "day",
        "beats per minute",
        "resting_heart_rate",
        "/min",
    ),
    "google_steps_csv": Stream(
        "timestamp,steps,data source", "utc", "steps", "step_count", "{count}"
    ),
    "google_hrv_csv": Stream(
        f"timestamp,{_RMSSD}",
        "utc",
        _RMSSD,
        "heart_rate_variability_rmssd",
        "ms",
        others="standard deviation milliseconds,data source",
    ),
    "google_daily_hrv_csv": Stream(
        "timestamp,average heart rate variability milliseconds",
        "day",
        "average heart rate variability milliseconds",
        "sleep_heart_rate_variability_rmssd",
        "ms",
        others=f"non rem heart rate beats per minute,entropy,deep sleep {_RMSSD},data source",
    ),
    "google_daily_respiratory_csv": Stream(
        "timestamp,breaths per minute,data source",
        "day",
        "breaths per minute",
        "sleep_respiratory_rate",
        "/min",
    ),
    "google_respiratory_sleep_csv": Stream(
        "timestamp,deep sleep stats - milli breaths per minute",
        "utc",
        _BREATHS,
        "sleep_respiratory_rate",
        "/min",
        others=",".join(
            f"{stage} sleep stats - {what}"
            for stage in ("deep", "light", "rem", "full")
            for what in (
                "milli breaths per minute",
                "standard deviation milli breaths per minute",
                "signal to noise",
            )
        )
        + ",data source",
    ),
    "google_spo2_csv": Stream(
        "timestamp,oxygen saturation percentage,data source",
        "utc",
        "oxygen saturation percentage",
        "oxygen_saturation",
        "%",
    ),
    "google_daily_spo2_csv": Stream(
        "timestamp,average percentage",
        "day",
        "average percentage",
        "sleep_oxygen_saturation",
        "%",
        others="lower bound percentage,upper bound percentage,baseline percentage,"
        "standard deviation percentage,data source",
    ),
    "google_temperature_csv": Stream(
        "timestamp,nightly temperature celsius",
        "day",
        "nightly temperature celsius",
        "skin_temperature",
        "Cel",
        others="baseline temperature celsius,relative nightly stddev 30d celsius,data source",
    ),
}


def carried(source: Source, stream: Stream) -> Iterator[Item]:
    """Everything a stream's file has to tell."""
    table, items = sheet(source, f"{stream.header},{stream.cell}", stream.others)
    yield from items
    rows, items = sorted_out(query(_stream_sql(stream, table), rows=table))
    yield from items
    if rows.num_rows:
        yield shaped("daily" if stream.clock == "day" else "sample", rows)


def _stream_sql(stream: Stream, table: pa.Table) -> str:
    read, name = {
        "utc": (instant, "start_utc"),
        "wall": (wall, "start_wall"),
        "day": (day, "date"),
    }[stream.clock]
    device = "nullif(\"data source\", '')" if "data source" in table.column_names else "null"
    floor = "number = 50" if "oxygen" in stream.metric else "false"
    nothing = "false" if stream.metric == "step_count" else "number = 0"
    return f"""
        with typed as (
            select *, {read(quoted("timestamp"))} as {name}, {number(quoted(stream.cell))} as number
            from rows
        )
        select record, {name}, '{stream.metric}' as metric, number as value,
            '{stream.unit}' as unit, {device}::varchar as device,
            case when is_short then null
                 when number = -1 or isnan(number) then 'not_computed'
                 when {floor} then 'invalid_floor' end as skip,
            case when skip is not null then null
                 when is_short then 'ragged_row'
                 when "timestamp" = '' then 'missing_time'
                 when {name} is null then 'unreadable_time'
                 when {quoted(stream.cell)} = '' or {nothing} then 'missing_value'
                 when number is null then 'unreadable_number'
                 when number >= {_MILLI_FROM} and '{stream.unit}' = '/min' then 'unknown_unit' end
                as code,
            case when is_short then null when code like '%time' then 'timestamp'
                 else '{stream.cell}' end as field,
            {raw(table)} as raw
        from typed
    """
