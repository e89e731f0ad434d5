"""Oura documents of API version 1 (2016 to 2023): sleeps, readiness and activity, as version 2.

`summary_date` is the date of the evening, in 39 of 39 nights, and so one before the day of waking.
`period_id` counts the sleeps of a date; `is_longest` marks one of them. `hr_5min` and `rmssd_5min`
begin with the bedtime, where 0 is nothing. The digits of `hypnogram_5min` are those of version 2.

Source: cloud.ouraring.com/docs (sleep, readiness, activity), 13 real nights.
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from connectors.contract import Drift, Item
from connectors.oura.days import DAILY, days
from connectors.oura.sleep import SLEEP, sleeps
from connectors.reading.query import query
from connectors.reading.text_sql import dated

# Key of version 2, and what it is in a document of version 1.
_TEXT = {
    "bedtime_start": "bedtime_start",
    "bedtime_end": "bedtime_end",
    "total_sleep_duration": "total",
    "time_in_bed": "duration",
    "latency": "onset_latency",
    "light_sleep_duration": "light",
    "deep_sleep_duration": "deep",
    "rem_sleep_duration": "rem",
    "efficiency": "efficiency",
    "average_heart_rate": "hr_average",
    "lowest_heart_rate": "hr_lowest",
    "average_hrv": "rmssd",
    "average_breath": "breath_average",
    "sleep_phase_5_min": "hypnogram_5min",
    "period_score": "score",
}
# Known and not carried. Source: the documentation, real nights.
_OTHERS = frozenset(
    (
        *("awake", "restless", "midpoint_time", "midpoint_at_delta", "bedtime_start_delta"),
        *("bedtime_end_delta", "timezone", "average_breath_variation", "got_up_count"),
        *("wake_up_count", "temperature_trend_deviation", "summary_date", "period_id"),
        *("is_longest", "type", "hr_5min", "rmssd_5min", "temperature_delta"),
        *("temperature_deviation", "sleep_midpoint", "lowest_heart_rate_time_offset"),
    )
)
_IS_SLEEP = "doc ->> '$.bedtime_start' is not null"
_IS_ACTIVE = "doc ->> '$.cal_active' is not null"
_DAY = dated("try_cast(doc ->> '$.summary_date' as date)")


def version_1(rows: pa.Table) -> Iterator[Item]:
    """Everything that documents of version 1 tell."""
    told = query(f"select distinct unnest(json_keys(doc)) as key from r where {_IS_SLEEP}", r=rows)
    for key in sorted(set(told["key"].to_pylist()) - _OTHERS - set(_TEXT.values())):
        if not key.startswith("score_"):
            yield Drift(f"key {key}")
    nights = query(f"select record, doc from rows where {_IS_SLEEP}", rows=rows)
    if nights.num_rows:
        yield from sleeps(query(_sleep_sql(), nights=nights))
    others = query(f"select record, doc from rows where not ({_IS_SLEEP})", rows=rows)
    if others.num_rows:
        yield from days(query(_day_sql(), others=others), DAILY)


def _sleep_sql() -> str:
    """Documents in the columns SLEEP; a longest period without a type is the night."""
    texts = ", ".join(f"nullif(doc ->> '$.{old}', '') as {new}" for new, old in _TEXT.items())
    series = ", ".join(
        f"""case when json_type(doc, '$.{old}') = 'ARRAY' then json_object('interval', 300, 'items',
            doc -> '$.{old}', 'timestamp', doc ->> '$.bedtime_start')::varchar end as {new}"""
        for new, old in (("heart_rate", "hr_5min"), ("hrv", "rmssd_5min"))
    )
    missing = sorted(set(SLEEP) - {*_TEXT, "id", "type", "day", "readiness", "heart_rate", "hrv"})
    nothing = ", ".join(f"null::varchar as {key}" for key in missing)
    return f"""
        select record, '' as under, {texts}, {series}, {nothing},
            concat_ws(' #', doc ->> '$.summary_date', doc ->> '$.period_id') as id,
            coalesce(doc ->> '$.type', case when (doc ->> '$.is_longest')::int = 1
                then 'long_sleep' else 'sleep' end) as type,
            left(doc ->> '$.bedtime_end', 10) as day,
            json_object('temperature_deviation', coalesce(doc -> '$.temperature_delta',
                doc -> '$.temperature_deviation'))::varchar as readiness
        from nights"""


def _day_sql() -> str:
    """Readiness of the day after its evening; activity of the date on which it began."""
    return f"""
        select record, if({_IS_ACTIVE}, 'activity ', 'readiness ') || concat_ws(' #',
                doc ->> '$.summary_date', doc ->> '$.period_id') as id,
            if({_IS_ACTIVE}, {_DAY}, ({_DAY} + interval 1 day)::date)::varchar as day,
            null::varchar as sleep_score, null::varchar as temperature_deviation,
            null::varchar as average_spo2, doc ->> '$.steps' as steps,
            doc ->> '$.cal_active' as active_calories,
            if({_IS_ACTIVE}, null, doc ->> '$.score') as readiness_score, false as is_carried
        from others"""
