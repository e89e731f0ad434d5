"""CSVs of a Takeout in which a row is one timestamp and one quantity: a table of their layouts.

The clock is named per file: UTC instants, naive local, or a date (written with a zero hour, in
some files with Z). Files of Google's generation of 2025 have no `data source`; two kinds of them
write the wall clock and mark it as UTC. Source: 17 057 of 17 057 rows equal those of `Heart Rate
Variability Details` and `Respiratory Rate Summary` in wall clock and value, while heart rate of the
same exports is UTC. Quantities beside those carried are known and left: non-REM heart rate,
entropy, coverage, deviations of breathing, bounds and baselines have no metric of ours.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

import pyarrow as pa

from connectors.contract import Item, Source, shaped
from connectors.fitbit.sheet import (
    day,
    instant,
    marked_wall,
    number,
    quoted,
    raw,
    sheet,
    sorted_out,
    wall,
)
from connectors.reading.query import query

# Breaths: one header says "milli" where its values are plain. Source: real files (17.2).
_MILLI_FROM = 1000


@dataclass(frozen=True)
class Stream:
    """A CSV in which a row is one `timestamp` and one quantity that is carried.

    header    its first cells, as seen, `timestamp` among them
    clock     what `timestamp` is: an instant, a naive wall clock, a wall clock that is marked as
              UTC, or a mere date
    others    further columns that are known and not carried
    beside    a second quantity of the same instant: cell, metric
    """

    header: str
    clock: Literal["utc", "wall", "wall marked utc", "day"]
    cell: str
    metric: str
    unit: str
    others: str = "data source"
    beside: tuple[str, str] | None = None


_RMSSD = "root mean square of successive differences milliseconds"
_BREATHS = "full sleep stats - milli breaths per minute"  # plain breaths, for all it says


def _google_hrv(clock: Literal["utc", "wall marked utc"]) -> Stream:
    """Five minutes of a heart's variability, of either generation."""
    return Stream(
        f"timestamp,{_RMSSD}",
        clock,
        _RMSSD,
        "heart_rate_variability_rmssd",
        "ms",
        beside=("standard deviation milliseconds", "heart_rate_variability_sdnn"),
    )


def _google_breathing(clock: Literal["utc", "wall marked utc"]) -> Stream:
    """Breathing of a sleep, of either generation."""
    kinds = ("milli breaths per minute", "standard deviation milli breaths per minute")
    stages = ("deep", "light", "rem", "full")
    cells = [f"{s} sleep stats - {w}" for s in stages for w in (*kinds, "signal to noise")]
    return Stream(
        "timestamp,deep sleep stats - milli breaths per minute",
        clock,
        _BREATHS,
        "sleep_respiratory_rate",
        "/min",
        others=",".join((*cells, "data source")),
    )


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
        "timestamp,beats per minute", "utc", "beats per minute", "heart_rate", "/min"
    ),
    # The header of heart_rate_*.csv; told apart by its hours.
    "google_daily_resting_heart_rate_csv": Stream(
        "timestamp,beats per minute",
        "day",
        "beats per minute",
        "resting_heart_rate",
        "/min",
    ),
    "google_steps_csv": Stream("timestamp,steps", "utc", "steps", "step_count", "{count}"),
    "google_hrv_csv": _google_hrv("utc"),
    "google_hrv_2025_csv": _google_hrv("wall marked utc"),
    "google_daily_hrv_csv": Stream(
        "timestamp,average heart rate variability milliseconds",
        "day",
        "average heart rate variability milliseconds",
        "sleep_heart_rate_variability_rmssd",
        "ms",
        others=f"non rem heart rate beats per minute,entropy,deep sleep {_RMSSD},data source",
    ),
    "google_daily_respiratory_csv": Stream(
        "timestamp,breaths per minute",
        "day",
        "breaths per minute",
        "sleep_respiratory_rate",
        "/min",
    ),
    "google_respiratory_sleep_csv": _google_breathing("utc"),
    "google_respiratory_sleep_2025_csv": _google_breathing("wall marked utc"),
    "google_spo2_csv": Stream(
        "timestamp,oxygen saturation percentage",
        "utc",
        "oxygen saturation percentage",
        "oxygen_saturation",
        "%",
    ),
    "google_body_temperature_csv": Stream(
        "timestamp,temperature celsius", "utc", "temperature celsius", "skin_temperature", "Cel"
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
    known = f"{stream.others},{stream.beside[0]}" if stream.beside else stream.others
    table, items = sheet(source, f"{stream.header},{stream.cell}", known)
    yield from items
    rows, items = sorted_out(query(_stream_sql(stream, table), rows=table))
    yield from items
    if rows.num_rows == 0:
        return
    yield shaped("daily" if stream.clock == "day" else "sample", rows)
    if stream.beside and stream.beside[0] in table.column_names:
        second = replace(stream, cell=stream.beside[0], metric=stream.beside[1])
        yield from _beside(second, table, rows)


def _beside(stream: Stream, table: pa.Table, carried: pa.Table) -> Iterator[Item]:
    """The second quantity of the rows whose first is carried."""
    judged = query(_stream_sql(stream, table), rows=table)
    good = query(
        """select * exclude (skip, code, field, raw) from judged semi join carried using (record)
           where skip is null and code is null""",
        judged=judged,
        carried=carried,
    )
    yield shaped("sample", good)
    unread = "code = 'unreadable_number'"
    sql = f"select record, code, field, raw from j semi join carried using (record) where {unread}"
    yield shaped("reject", query(sql, j=judged, carried=carried))


def _stream_sql(stream: Stream, table: pa.Table) -> str:
    read, name = {
        "utc": (instant, "start_utc"),
        "wall": (wall, "start_wall"),
        "wall marked utc": (marked_wall, "start_wall"),
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
