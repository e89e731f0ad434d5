"""The other streams of a Fitbit Takeout: JSON (heart rate, steps, resting heart rate) and CSV.

JSON: `dateTime` is MM/DD/YY HH:MM:SS in UTC, although a file covers a local day. A step count is
a string and the steps of one minute. Resting heart rate is of a date and padded with empty days.

CSV: each file has a clock of its own. `sleep_score.csv` writes the local time at which the sleep
ended and marks it Z, wrongly: it is taken as a wall clock. Details of heart rate variability,
the respiratory summary and the computed temperature are naive local; SpO2 minutes are true UTC;
daily files are dates, whatever their zero hour is marked with.
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from connectors.contract import FormatDrift, Item, Source, Total, shaped
from connectors.fitbit.sheet import number, raw, sheet, sorted_out, wall
from connectors.reading.query import json_rows, query
from connectors.reading.text_sql import written

SCORE = "sleep_log_entry_id,timestamp,overall_score"
SCORE_OTHERS = (
    "composition_score,revitalization_score,duration_score,deep_sleep_in_minutes,"
    "resting_heart_rate,restlessness"
)
TEMPERATURE = "type,sleep_start,sleep_end,temperature_samples,nightly_temperature"
TEMPERATURE_OTHERS = (
    "baseline_relative_sample_sum,baseline_relative_sample_sum_of_squares,"
    "baseline_relative_nightly_standard_deviation,baseline_relative_sample_standard_deviation"
)
_STAMP = "'%m/%d/%y %H:%M:%S'"
# Faster than anybody runs (about 250 a minute); the same layout holds centimetres and calories.
STEPS_A_MINUTE = 400


def heart_rate(source: Source) -> Iterator[Item]:
    """Samples of heart rate at instants; a spot of 0 is a reject."""
    rows = json_rows(
        source,
        {"dateTime": "VARCHAR", "value": "STRUCT(bpm VARCHAR, confidence VARCHAR)"},
    )
    yield Total(rows.num_rows)
    good, items = sorted_out(query(_spot_sql("heart_rate", "/min", "value.bpm"), rows=rows))
    yield from items
    if good.num_rows:
        yield shaped("sample", good.drop_columns(["end_utc"]))


def steps(source: Source) -> Iterator[Item]:
    """Samples of steps over one minute each.

    Raises: FormatDrift if the values are too many a minute to be steps.
    """
    rows = json_rows(source, {"dateTime": "VARCHAR", "value": "VARCHAR"})
    yield Total(rows.num_rows)
    good, items = sorted_out(query(_spot_sql("step_count", "{count}", "value"), rows=rows))
    share = query(
        f"select coalesce(avg((value > {STEPS_A_MINUTE})::int), 0) as share from r where value > 0",
        r=good,
    )
    if share["share"][0].as_py() > 0.01:
        raise FormatDrift(
            f"more than {STEPS_A_MINUTE} a minute in key value: these are not steps; of the files "
            "of this layout only steps-*.json is used"
        )
    yield from items
    if good.num_rows:
        yield shaped("sample", good)


def resting_heart_rate(source: Source) -> Iterator[Item]:
    """Daily values. Skips: `padding`, a day without a date and with 0."""
    rows = json_rows(
        source,
        {"dateTime": "VARCHAR", "value": "STRUCT(date VARCHAR, value VARCHAR, error VARCHAR)"},
    )
    yield Total(rows.num_rows)
    sql = f"""
        with typed as (
            select *, value.date as told, value.value as text,
                {written("value.date", "'%m/%d/%y'")}::date as date, {number("value.value")} as n
            from rows
        )
        select record, date, 'resting_heart_rate' as metric, n as value, '/min' as unit,
            case when told is null and coalesce(n, 0) = 0 then 'padding' end as skip,
            case when skip is not null then null when told is null then 'missing_time'
                 when date is null then 'unreadable_time'
                 when text is null or n = 0 then 'missing_value'
                 when n is null then 'unreadable_number' end as code,
            case when code like '%time' then 'value.date' else 'value.value' end as field,
            case when code is not null then to_json(typed.value)::varchar end as raw
        from typed
    """
    good, items = sorted_out(query(sql, rows=rows))
    yield from items
    if good.num_rows:
        yield shaped("daily", good)


def sleep_score(source: Source) -> Iterator[Item]:
    """Samples at the wall clock of the sleep's end, tied to its log by key."""
    table, items = sheet(source, SCORE, SCORE_OTHERS)
    yield from items
    sql = f"""
        with typed as (
            select *, {wall("rtrim(timestamp, 'Z')")} as start_wall,
                {number("overall_score")} as number
            from rows
        )
        select record, 'sleep_score' as metric, start_wall, number as value, '{{score}}' as unit,
            nullif(sleep_log_entry_id, '') as key,
            case when not is_short and number = -1 then 'not_computed' end as skip,
            case when skip is not null then null when is_short then 'ragged_row'
                 when "timestamp" = '' then 'missing_time'
                 when start_wall is null then 'unreadable_time'
                 when overall_score = '' then 'missing_value'
                 when number is null or isnan(number) then 'unreadable_number' end as code,
            case when is_short then null when code like '%time' then 'timestamp'
                 else 'overall_score' end as field,
            {raw(table)} as raw
        from typed
    """
    yield from _samples(sql, table)


def computed_temperature(source: Source) -> Iterator[Item]:
    """Samples of skin temperature over a sleep, both its ends in the offset of its start."""
    table, items = sheet(source, TEMPERATURE, TEMPERATURE_OTHERS)
    yield from items
    sql = f"""
        with typed as (
            select *, {wall("sleep_start")} as start_wall, {wall("sleep_end")} as end_wall,
                {number("nightly_temperature")} as number
            from rows
        )
        select record, 'skin_temperature' as metric, start_wall, end_wall,
            start_wall as anchor_wall, number as value, 'Cel' as unit,
            case when not is_short and isnan(number) then 'not_computed' end as skip,
            case when skip is not null then null when is_short then 'ragged_row'
                 when sleep_start = '' then 'missing_time'
                 when start_wall is null or (end_wall is null and sleep_end <> '')
                 then 'unreadable_time'
                 when end_wall < start_wall then 'end_before_start'
                 when nightly_temperature = '' then 'missing_value'
                 when number is null then 'unreadable_number' end as code,
            case when is_short then null
                 when end_wall < start_wall or start_wall is not null and code like '%time'
                 then 'sleep_end'
                 when code like '%time' then 'sleep_start' else 'nightly_temperature' end as field,
            {raw(table)} as raw
        from typed
    """
    yield from _samples(sql, table)


def _samples(sql: str, table: pa.Table) -> Iterator[Item]:
    good, items = sorted_out(query(sql, rows=table))
    yield from items
    if good.num_rows:
        yield shaped("sample", good)


def _spot_sql(metric: str, unit: str, cell: str) -> str:
    nothing = "false" if metric == "step_count" else "number = 0"
    return f"""
        with typed as (
            select *, {cell} as text, {number(cell)} as number,
                timezone('UTC', {written('"dateTime"', _STAMP)}) as start_utc
            from rows
        )
        select record, '{metric}' as metric, start_utc, start_utc + interval 1 minute as end_utc,
            number as value, '{unit}' as unit, null::varchar as skip,
            case when "dateTime" is null then 'missing_time'
                 when start_utc is null then 'unreadable_time'
                 when text is null or text = '' or {nothing} then 'missing_value'
                 when number is null or isnan(number) then 'unreadable_number' end as code,
            case when code like '%time' then 'dateTime' else '{cell}' end as field,
            case when code is not null
                then concat_ws('|', "dateTime", to_json(typed.value)::varchar) end as raw
        from typed
    """
