"""Garmin nights of the Connect API: window, levels, totals, naps, and what was measured in them.

Levels of a device that tells REM sleep: 0 deep, 1 light, 2 REM, 3 awake; of one that does not
(`remSleepData` false): 0 deep, 1 light, 2 awake, 3 more awake. -1 is not measurable. Levels add
up to the totals in the night that was seen. The identity of a night is its `calendarDate`, the
date of waking, as in the export of everything.
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from connectors.contract import Item, shaped
from connectors.garmin.documents import gmt
from connectors.garmin.sleep import NO_NIGHT
from connectors.reading import text_sql
from connectors.reading.outcome import faults, samples, skips, sound
from connectors.reading.query import query

TOTALS = {
    "sleepTimeSeconds": ("total_sleep_time", "s"),
    "deepSleepSeconds": ("deep_sleep_time", "s"),
    "lightSleepSeconds": ("light_sleep_time", "s"),
    "remSleepSeconds": ("rem_sleep_time", "s"),
    "awakeSleepSeconds": ("wake_after_sleep_onset", "s"),
    "awakeCount": ("number_of_awakenings", "{count}"),
    "averageRespirationValue": ("sleep_respiratory_rate", "/min"),
    "averageSpO2Value": ("sleep_oxygen_saturation", "%"),
    "averageSpO2HRSleep": ("sleep_heart_rate", "/min"),
    "overall": ("sleep_score", "{score}"),
    "avgOvernightHrv": ("sleep_heart_rate_variability_rmssd", "ms"),
}
# List of the document: key of its time, key of its value, metric, unit.
SERIES = {
    "sleepHeartRate": ("startGMT", "value", "heart_rate", "/min"),
    "hrvData": ("startGMT", "value", "heart_rate_variability_rmssd", "ms"),
    "wellnessEpochSPO2DataDTOList": ("epochTimestamp", "spo2Reading", "oxygen_saturation", "%"),
    "wellnessEpochRespirationDataDTOList": (
        "startTimeGMT",
        "respirationValue",
        "respiratory_rate",
        "/min",
    ),
}
LEVELS = {-1: "unknown", 0: "deep", 1: "light", 2: "rem", 3: "awake"}
WITHOUT_REM = LEVELS | {2: "awake"}
# Known and not carried. Source: a real document; the last two other people's readers.
KNOWN = frozenset(
    (
        *("dailySleepDTO", "sleepMovement", "remSleepData", "sleepLevels", "sleepRestlessMoments"),
        *("restlessMomentsCount", "wellnessSpO2SleepSummaryDTO", "respirationVersion"),
        *("wellnessEpochRespirationAveragesList", "sleepStress", "sleepBodyBattery"),
        *("skinTempDataExists", "breathingDisruptionData", "avgOvernightHrv", "hrvStatus"),
        *("bodyBatteryChange", "restingHeartRate", "avgSkinTempDeviationC"),
        *("avgSkinTempDeviationF", "dailyNapDTOS", "napList", *SERIES),
    )
)
_SPAN = "start_utc, start_offset_min, end_utc, end_offset_min, key"
_NEVER_ZERO = "value < 0 or value = 0 and unit in ('/min', '%', 'ms', '{score}')"


def nights(rows: pa.Table) -> Iterator[Item]:
    """Everything that documents with a `dailySleepDTO` tell.

    Skips: `no_window` (a date without a night), `off_wrist`, `unconfirmed`; not with a nap.
    """
    judged = query(_judged(), rows=rows)
    naps = query(_NAPS, rows=rows)
    left = query("select * from judged anti join naps using (record)", judged=judged, naps=naps)
    yield from skips(left)
    judged = query("select * exclude (skip) from judged where skip is null", judged=judged)
    good, rests = sound(judged), sound(naps)
    episode = f"""select record, 'sleep' as kind, label, key as session, {_SPAN} from {{}}
        order by record, start_utc"""
    yield shaped("episode", query(episode.format("good"), good=good))
    yield shaped("episode", query(episode.format("rests"), rests=rests))
    yield from _levels(good)
    yield from samples(good, TOTALS, _SPAN, _NEVER_ZERO)
    yield from samples(rests, {"seconds": ("total_sleep_time", "s")}, _SPAN)
    for key, (at, value, metric, unit) in SERIES.items():
        yield from _series(good, key, at, value, metric, unit)
    yield shaped("daily", query(_DAILY, good=good))
    yield faults(judged, "night", "begin", "finish")
    yield faults(naps, "begin", "finish")


def _judged() -> str:
    totals = ", ".join(
        f"doc ->> '$.dailySleepDTO.{key}' as \"{key}\""
        for key in TOTALS
        if key not in ("overall", "avgOvernightHrv")
    )
    words = " ".join(f"when '{word}' then '{skip}'" for word, skip in NO_NIGHT.items())
    pairs = ", ".join(
        f"""doc ->> '$.dailySleepDTO.sleep{end}TimestampGMT' as {name},
        doc ->> '$.dailySleepDTO.sleep{end}TimestampLocal' as {name}_wall"""
        for name, end in (("begin", "Start"), ("finish", "End"))
    )
    return f"""
    with told as (
        select *, {totals}, {pairs}, doc ->> '$.dailySleepDTO.calendarDate' as night,
            doc ->> '$.dailySleepDTO.sleepScores.overall.value' as overall,
            coalesce(doc ->> '$.avgOvernightHrv', doc ->> '$.dailySleepDTO.avgOvernightHrv')
                as "avgOvernightHrv",
            upper(doc ->> '$.dailySleepDTO.sleepWindowConfirmationType') as word
        from rows
    ), timed as (
        select *, {moment("begin")} as start_utc, {moment("finish")} as end_utc,
            {_offset("begin")} as start_offset_min, {_offset("finish")} as end_offset_min,
            coalesce(night, begin) as key, 'sleep' as label
        from told
    )
    select *, case word {words} else
            case when begin is null and finish is null then 'no_window' end end as skip,
        case when begin is null then 'missing_time:sleepStartTimestampGMT'
             when start_utc is null then 'unreadable_time:sleepStartTimestampGMT'
             when finish is null then 'missing_time:sleepEndTimestampGMT'
             when end_utc is null then 'unreadable_time:sleepEndTimestampGMT'
             when end_utc <= start_utc then 'end_before_start:sleepEndTimestampGMT' end as fault
    from timed"""


def moment(cell: str) -> str:
    """SQL: the instant of a GMT time, ISO or milliseconds."""
    counted = text_sql.epoch(cell, 1000)
    return f"case when {cell} like '%-%' then {gmt(cell)} else {counted} end"


def _offset(name: str) -> str:
    minutes = f"(try_cast({name}_wall as bigint) - try_cast({name} as bigint)) / 60000"
    return f"case when abs({minutes}) <= 900 then round({minutes})::smallint end"


def _listed(path: str) -> str:
    return f"case when json_type(doc, '{path}') = 'ARRAY' then doc -> '{path}' end"


_NAP_LISTS = ", ".join(
    _listed(path)
    for path in (
        "$.dailySleepDTO.dailyNapDTOS",
        "$.dailyNapDTOS",
        "$.dailySleepDTO.napList",
        "$.napList",
    )
)
_NAPS = f"""
    with listed as (
        select record, unnest(from_json(coalesce({_NAP_LISTS}), '["JSON"]')) as nap from rows
    ), told as (
        select record, nap ->> '$.napStartTimestampGMT' as begin,
            nap ->> '$.napEndTimestampGMT' as finish, nap ->> '$.napTimeSec' as seconds
        from listed
    ), timed as (
        select *, {moment("begin")} as start_utc, {moment("finish")} as end_utc,
            null::smallint as start_offset_min, null::smallint as end_offset_min,
            'nap ' || begin as key, 'nap' as label
        from told
    )
    select *, case when begin is null then 'missing_time:napStartTimestampGMT'
        when start_utc is null then 'unreadable_time:napStartTimestampGMT'
        when end_utc is null then 'unreadable_time:napEndTimestampGMT'
        when end_utc <= start_utc then 'end_before_start:napEndTimestampGMT' end as fault
    from timed"""


def _levels(good: pa.Table) -> Iterator[Item]:
    with_rem, without = (
        " ".join(f"when {code} then '{stage}'" for code, stage in codes.items())
        for codes in (LEVELS, WITHOUT_REM)
    )
    levels = query(
        f"""with listed as (
            select record, key as session, coalesce(doc ->> '$.remSleepData',
                    doc ->> '$.dailySleepDTO.deviceRemCapable') as has_rem,
                unnest(from_json({_listed("$.sleepLevels")}, '["JSON"]')) as level from good
        ), told as (
            select *, level ->> '$.startGMT' as begin, level ->> '$.endGMT' as finish,
                try_cast(level ->> '$.activityLevel' as double) as code from listed
        ), timed as (
            select *, {moment("begin")} as start_utc, {moment("finish")} as end_utc,
                if(has_rem = 'false', case code {without} end, case code {with_rem} end) as label
            from told
        )
        select record, session, session as key, 'sleep_stage' as kind, label, start_utc, end_utc,
            level::varchar as raw, case
                when start_utc is null or end_utc is null then 'unreadable_time'
                when end_utc <= start_utc then 'end_before_start'
                when label is null then 'unknown_code' end as code
        from timed""",
        good=good,
    )
    sql = "select * exclude (raw, code) from levels where code is null order by record, start_utc"
    yield shaped("episode", query(sql, levels=levels))
    sql = """select record, code, 'sleepLevels' as field, raw from levels where code is not null
        order by record"""
    yield shaped("reject", query(sql, levels=levels))


def _series(
    good: pa.Table, key: str, at: str, value: str, metric: str, unit: str
) -> Iterator[Item]:
    rows = query(
        f"""with listed as (
            select record, unnest(from_json({_listed(f"$.{key}")}, '["JSON"]')) as each from good
        ), told as (
            select record, each ->> '$.{at}' as moment, each ->> '$.{value}' as number from listed
        )
        select record, number, {moment("moment")} as start_utc from told""",
        good=good,
    )
    placed = query("select * from r where start_utc is not null", r=rows)
    yield from samples(placed, {"number": (metric, unit)}, "start_utc", "value <= 0")


_DAILY = f"""
    with told as (
        select record, key, {text_sql.dated("try_cast(night as date)")} as date,
            unnest(['resting_heart_rate', 'skin_temperature_deviation']) as metric,
            unnest(['/min', 'Cel']) as unit,
            unnest([doc ->> '$.restingHeartRate', doc ->> '$.avgSkinTempDeviationC']) as text
        from good
    )
    select record, key, date, metric, unit, {text_sql.number("text")} as value from told
    where date is not null and {text_sql.number("text")} is not null
        and not (metric = 'resting_heart_rate' and {text_sql.number("text")} <= 0)
    order by record
"""
