"""Data points of the Google Health API (v4), which follows on Fitbit's, however they were saved.

One record is a data point. What it is, the key of its payload says. Instants with Z, the offset at
the recording beside them as `3600s`; daily points have a date of year, month and day. Whole numbers
are strings. /min, %, ms, minutes, mg/dL, kcal, Cel; 0 is nothing of what is measured. Stages come
newest first. The same sleep may be on two pages; the end of its `name` is its identity.

Evidence: the API's description and public readers. No real answer at hand.
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from connectors.contract import Connector, Head, Item, Skip, Source, Total, shaped
from connectors.reading import text_sql
from connectors.reading.json_prefix import documents_in
from connectors.reading.json_wrapped import documents
from connectors.reading.outcome import faults, samples, sound
from connectors.reading.query import query

# Payload: its numbers, each with metric and unit. Source: description of the API (v4).
POINTS = {
    "heartRate": {"beatsPerMinute": ("heart_rate", "/min")},
    "heartRateVariability": {
        "rootMeanSquareOfSuccessiveDifferencesMilliseconds": (
            "heart_rate_variability_rmssd",
            "ms",
        ),
        "standardDeviationMilliseconds": ("heart_rate_variability_sdnn", "ms"),
    },
    "oxygenSaturation": {"percentage": ("oxygen_saturation", "%")},
    "steps": {"count": ("step_count", "{count}")},
    "activeEnergyBurned": {"kcal": ("energy_burned", "kcal")},
    "bloodGlucose": {"bloodGlucoseMilligramsPerDeciliter": ("capillary_glucose", "mg/dL")},
}
DAYS = {
    "dailyRestingHeartRate": {"beatsPerMinute": ("resting_heart_rate", "/min")},
    "dailyHeartRateVariability": {
        "averageHeartRateVariabilityMilliseconds": ("sleep_heart_rate_variability_rmssd", "ms")
    },
    "dailyOxygenSaturation": {"averagePercentage": ("sleep_oxygen_saturation", "%")},
    "dailyRespiratoryRate": {"breathsPerMinute": ("sleep_respiratory_rate", "/min")},
    "dailySleepTemperatureDerivations": {"nightlyTemperatureCelsius": ("skin_temperature", "Cel")},
}
MARKS = frozenset(("dataSource", *DAYS))
SLEEP = {
    "minutesInSleepPeriod": ("time_in_bed", "min"),
    "minutesAsleep": ("total_sleep_time", "min"),
    "minutesToFallAsleep": ("latency_to_sleep_onset", "min"),
    "minutesAwake": ("wake_after_sleep_onset", "min"),
    "minutesAfterWakeUp": ("wake_after_final_awakening", "min"),
    "LIGHT": ("light_sleep_time", "min"),
    "DEEP": ("deep_sleep_time", "min"),
    "REM": ("rem_sleep_time", "min"),
}
STAGES = {
    "AWAKE": "awake",
    "RESTLESS": "awake",
    "LIGHT": "light",
    "DEEP": "deep",
    "REM": "rem",
    "ASLEEP": "asleep_unspecified",
    "OUT_OF_BED": "out_of_bed",
}
CONTINUOUS = "CONTINUOUS_GLUCOSE_MONITORING"
_SPAN = "start_utc, start_offset_min, end_utc, end_offset_min, device, key"


def identify(head: Head) -> str | None:
    """`data_points_json` where a point has a payload that is read."""
    for _, point in documents_in(head, MARKS):
        for key in ("sleep", "exercise", *POINTS, *DAYS):
            payload = point.get(key)
            if isinstance(payload, dict) and {"interval", "sampleTime", "date"} & payload.keys():
                return "data_points_json"
    return None


def extract(source: Source, variant: str) -> Iterator[Item]:
    """Sleeps with stages and totals, measurements, steps, energy, exercise, values of dates.

    Skips: `other_data_type`.

    Raises: BrokenFile if the JSON is cut or holds no data point.
    """
    found = documents(source, MARKS)
    yield Total(found.num_rows)
    judged = query(_judged(), found=found)
    other = query("select count(*) as n from j where is_object and kind is null", j=judged)
    if count := other["n"][0].as_py():
        yield Skip("other_data_type", count)
    judged = query("select * from j where not is_object or kind is not null", j=judged)
    yield faults(judged, "name", "begin", "finish")
    good = sound(judged)
    yield from _sleeps(query("select * from good where kind = 'sleep'", good=good))
    sql = f"""select record, 'exercise' as kind, coalesce(payload ->> '$.exerciseType', 'exercise')
        as label, {_SPAN} from good where kind = 'exercise'"""
    yield shaped("episode", query(sql, good=good))
    for kind, quantities in POINTS.items():
        columns = ", ".join(f"""payload ->> '$.{key}' as "{key}" """ for key in quantities)
        sql = f"select record, payload, {_SPAN}, {columns} from good where kind = '{kind}'"
        rows = query(sql, good=good)
        if kind == "bloodGlucose":
            yield from _glucose(rows)
        else:
            nothing = "value = 0" if kind not in ("steps", "activeEnergyBurned") else "false"
            yield from samples(rows, quantities, _SPAN, nothing)
            yield from _nothing(rows, list(quantities)) if nothing != "false" else ()
    yield from _days(good)


def _nothing(rows: pa.Table, columns: list[str]) -> Iterator[Item]:
    """Rejects of points that measure nothing."""
    none = " and ".join(
        f"""coalesce({text_sql.number(f'"{c}"')} = 0, "{c}" is null)""" for c in columns
    )
    sql = f"""select record, 'missing_value' as code, '{columns[0]}' as field from rows
        where {none} order by record"""
    yield shaped("reject", query(sql, rows=rows))


def _glucose(rows: pa.Table) -> Iterator[Item]:
    """A sensor's and a fingerstick's, by what the point says of its source."""
    field = "bloodGlucoseMilligramsPerDeciliter"
    is_sensor = f"coalesce(payload ->> '$.measurementSource' = '{CONTINUOUS}', false)"
    for metric, which in (
        ("interstitial_glucose", is_sensor),
        ("capillary_glucose", f"not {is_sensor}"),
    ):
        some = query(f"select * from rows where {which}", rows=rows)
        yield from samples(some, {field: (metric, "mg/dL")}, _SPAN, "value = 0")
        yield from _nothing(some, [field])


def _judged() -> str:
    kinds = ("sleep", "exercise", *POINTS, *DAYS)
    kind = " ".join(f"when json_type(doc, '$.{key}') = 'OBJECT' then '{key}'" for key in kinds)
    payload = " ".join(f"when '{key}' then doc -> '$.{key}'" for key in kinds)

    def offset(cell: str) -> str:
        return f"(try_cast(rtrim({cell}, 's') as double) / 60)::smallint"

    return f"""
    with typed as (
        select record, doc, coalesce(json_type(doc), '') = 'OBJECT' as is_object,
            case {kind} end as kind from found
    ), opened as (
        select *, case kind {payload} end as payload,
            coalesce(doc ->> '$.name', doc ->> '$.sleep.metadata.externalId') as name,
            coalesce(doc ->> '$.dataSource.device.displayName', doc ->> '$.dataSource.platform')
                as device
        from typed
    ), timed as (
        select *, coalesce(payload ->> '$.interval.startTime',
                payload ->> '$.sampleTime.physicalTime') as begin,
            payload ->> '$.interval.endTime' as finish,
            coalesce(payload ->> '$.interval.startUtcOffset', payload ->> '$.sampleTime.utcOffset')
                as begin_offset, payload ->> '$.interval.endUtcOffset' as finish_offset,
            kind in {tuple(DAYS)} as is_day
        from opened
    ), placed as (
        select *, {text_sql.instant("begin")} as start_utc, {text_sql.instant("finish")} as end_utc,
            {offset("begin_offset")} as start_offset_min,
            {offset("finish_offset")} as end_offset_min,
            -- of single numbers the name is a mere place on a page
            case when kind in ('sleep', 'exercise') or is_day
                then kind || ' ' || coalesce(regexp_extract(name, '[^/]+$'), begin) end as key,
            try_cast(concat_ws('-', payload ->> '$.date.year', payload ->> '$.date.month',
                payload ->> '$.date.day') as date) as date
        from timed
    )
    select *, case when not is_object then 'broken_row'
        when kind is null then null
        when is_day then case when date is null then 'unreadable_time:date' end
        when begin is null then 'missing_time:startTime'
        when start_utc is null then 'unreadable_time:startTime'
        when finish is null and kind in ('sleep', 'exercise') then 'missing_time:endTime'
        when finish is not null and end_utc is null then 'unreadable_time:endTime'
        when end_utc < start_utc then 'end_before_start:endTime' end as fault
    from placed order by record"""


def _sleeps(rows: pa.Table) -> Iterator[Item]:
    yield shaped(
        "episode",
        query(
            f"""select record, unnest(['sleep', 'sleep_stage']) as kind, unnest([
                    if(payload ->> '$.metadata.nap' = 'true', 'nap', 'sleep'), 'in_bed'])
                    as label, key as session, {_SPAN} from rows order by record, kind""",
            rows=rows,
        ),
    )
    words = " ".join(f"when '{word}' then '{stage}'" for word, stage in STAGES.items())
    stages = query(
        f"""with listed as (
            select record, key, device, unnest(from_json(payload -> '$.stages', '["JSON"]')) as x,
                x ->> '$.type' as type from rows where json_type(payload, '$.stages') = 'ARRAY'
            union all
            select record, key, device, unnest(from_json(payload -> '$.outOfBedSegments',
                '["JSON"]')) as x, 'OUT_OF_BED' from rows
            where json_type(payload, '$.outOfBedSegments') = 'ARRAY'
        ), timed as (
            select *, {text_sql.instant("(x ->> '$.startTime')")} as start_utc,
                {text_sql.instant("(x ->> '$.endTime')")} as end_utc, case type {words} end as label
            from listed
        )
        select record, 'sleep_stage' as kind, label, key as session, key, device, start_utc,
            end_utc, x::varchar as raw, case
                when start_utc is null or end_utc is null then 'unreadable_time'
                when end_utc <= start_utc then 'end_before_start'
                when label is null then 'unknown_code' end as code
        from timed""",
        rows=rows,
    )
    sql = "select * exclude (raw, code) from s where code is null order by record, start_utc"
    yield shaped("episode", query(sql, s=stages))
    sql = (
        "select record, code, 'stages' as field, raw from s where code is not null order by record"
    )
    yield shaped("reject", query(sql, s=stages))
    summary = ", ".join(
        f"""payload ->> '$.summary.{key}' as "{key}" """ for key in SLEEP if key[0] == "m"
    )
    sums = ", ".join(
        f"""list_filter(from_json(payload -> '$.summary.stagesSummary',
            '[{{"type": "VARCHAR", "minutes": "VARCHAR"}}]'),
            lambda s: s.type = '{key}')[1].minutes as "{key}" """
        for key in ("LIGHT", "DEEP", "REM")
    )
    totals = query(f"select record, {_SPAN}, {summary}, {sums} from rows", rows=rows)
    nothing = "value < 0 or value = 0 and metric = 'latency_to_sleep_onset'"
    yield from samples(totals, SLEEP, _SPAN, nothing)


def _days(good: pa.Table) -> Iterator[Item]:
    for kind, quantities in DAYS.items():
        for key, (metric, unit) in quantities.items():
            text = f"(payload ->> '$.{key}')"
            rows = query(
                f"""select record, date, key, device, '{metric}' as metric, '{unit}' as unit,
                    {text} as raw, {text_sql.number(text)} as value
                    from good where kind = '{kind}' order by record""",
                good=good,
            )
            sql = "select * exclude (raw) from r where value <> 0"
            yield shaped("daily", query(sql, r=rows))
            sql = f"""select record, if(raw is null or value = 0, 'missing_value',
                'unreadable_number') as code, '{key}' as field, raw from r
                where value is null or value = 0"""
            yield shaped("reject", query(sql, r=rows))


CONNECTOR = Connector(
    name="google_health_api",
    title="Google Health API data points",
    version="1",
    variants={"data_points_json": "unverified"},
    identify=identify,
    extract=extract,
    source="watch",
)
