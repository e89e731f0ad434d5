"""The sleep logs of a Fitbit Takeout (`sleep-*.json`) and of the Web API, however they were saved.

One record is one log. All wall times of a log stay in the offset of its start, also after a
change of the clocks; so the end is the start plus `duration`, and `endTime`, which is in the
offset of the end, is not used but for the hour below.

Stages: `levels.data` is laid out first and the short wakes of `levels.shortData` (three minutes
at most) are painted over it; light, deep and rem then add up to `minutesAsleep`. Classic logs
know asleep, restless and awake; `minutesAsleep` does not count restless, so it is awake here.

The phantom hour: on a spring night the vendor takes the missing hour for time in bed, and writes a
last segment `unknown` of 3600 s. The same segment stands on ordinary nights too, there an hour in
bed that was not scored. The file does not tell which, the clocks do: such a log ends at `endTime`
in the offset of its own moment, which is right for both, and the segment is no stage.

Totals: `minutesToFallAsleep` is mostly 0 and then no measurement; `efficiency` is the vendor's
own; `thirtyDayAvgMinutes` differs between two copies of one log and is never carried.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import pyarrow as pa

from connectors.contract import Batch, Drift, Item, Source, Total, shaped
from connectors.fitbit.sheet import sorted_out, totals
from connectors.reading.json_wrapped import documents
from connectors.reading.query import query
from connectors.reading.text_sql import integer, later, number, written

MARKS = frozenset(("logId", "dateOfSleep", "startTime"))
# Keys of a log. Source: Takeout files of 2021-2026; isMainSleep: Web API v1.2.
_KEYS = (
    "logId dateOfSleep startTime endTime duration type infoCode logType mainSleep isMainSleep "
    "timeInBed minutesAsleep minutesAwake minutesToFallAsleep minutesAfterWakeup efficiency"
)
KEYS = {**dict.fromkeys(_KEYS.split(), "VARCHAR"), "levels": "JSON", "minuteData": "JSON"}
# Of API v1, told by its minutes or not at all. Source: its documentation.
OTHER_KEYS = ["awakeCount", "awakeDuration", "awakeningsCount", "restlessCount", "restlessDuration"]
_LOG = json.dumps(KEYS)
_SUMMARY = {
    **{stage: {"minutes": "VARCHAR"} for stage in ("light", "deep", "rem")},
    **{stage: {"count": "VARCHAR"} for stage in ("wake", "awake")},
}
_LEVELS = json.dumps({"summary": _SUMMARY, "data": "JSON", "shortData": "JSON"})
_SEGMENTS = json.dumps([dict.fromkeys(("dateTime", "level", "seconds"), "VARCHAR")])
_MINUTES = json.dumps([{"value": "VARCHAR"}])
MINUTE_LEVELS = {"1": "asleep", "2": "restless", "3": "awake"}  # source: API v1 documentation
TYPES = ("stages", "classic")
LEVELS = {
    "wake": "awake",
    "awake": "awake",
    "restless": "awake",
    "light": "light",
    "deep": "deep",
    "rem": "rem",
    "asleep": "asleep_unspecified",
    "unknown": "unknown",
}
TOTALS = {
    "time_in_bed": "log.timeInBed",
    "total_sleep_time": "log.minutesAsleep",
    "latency_to_sleep_onset": "log.minutesToFallAsleep",
    "wake_after_sleep_onset": "log.minutesAwake",
    "wake_after_final_awakening": "log.minutesAfterWakeup",
    "sleep_efficiency": "log.efficiency",
    "light_sleep_time": "levels.summary.light.minutes",
    "deep_sleep_time": "levels.summary.deep.minutes",
    "rem_sleep_time": "levels.summary.rem.minutes",
    "number_of_awakenings": "coalesce(levels.summary.wake.count, levels.summary.awake.count)",
}
_FORMATS = "['%Y-%m-%dT%H:%M:%S.%f', '%Y-%m-%dT%H:%M:%S']"


def sleep_items(source: Source) -> Iterator[Item]:
    """Sessions, stages and totals of sleep logs.

    Raises: BrokenFile if the text is not JSON to its end, or holds no log.
    """
    logs = query("select record, doc as log from d", d=documents(source, MARKS))
    yield Total(logs.num_rows)
    keys, types = _told(logs)
    yield from (Drift(f"key {key}") for key in keys if key not in {*KEYS, *OTHER_KEYS})
    yield from (Drift(f"type {name}") for name in types if name not in TYPES)
    good, items = sorted_out(query(_sleeps_sql("minuteData" in keys), logs=logs))
    yield from items
    if good.num_rows == 0:
        return
    yield shaped("episode", good.select(_SESSION))
    yield from _stages(good)
    yield from totals(good, list(TOTALS))


def _told(logs: pa.Table) -> tuple[list[str], list[str]]:
    """Keys and types of logs."""
    told = query(
        """select list_sort(list_distinct(flatten(list(json_keys(log))))) as keys,
               list_sort(list_distinct(list(log ->> '$.type'))) as types from logs""",
        logs=logs,
    ).to_pylist()[0]
    return told["keys"] or [], told["types"] or []


def _sleeps_sql(has_minutes: bool) -> str:
    """One row per log: its session, its levels, its totals as text under the metric's name.

    Logs that `has_minutes` may have their levels by the minute.
    """
    by_minute = f"when minutes is not null then {_minutes_sql()}" if has_minutes else ""
    told = ", ".join(f"{path} as {metric}" for metric, path in TOTALS.items())
    told_end = later("start_wall", "duration_ms / 1000")
    in_bed = later("start_wall", "in_bed_min * 60")
    return f"""
        with parsed as (
            select record, log as text, from_json(log, '{_LOG}') as log from logs
        ),
        opened as (select *, from_json(log.levels, '{_LEVELS}') as levels from parsed),
        typed as (
            select record, text, log.logId as session, log.startTime as start_text,
                {written("log.startTime", _FORMATS)} as start_wall,
                {written("log.endTime", _FORMATS)} as told_end_wall,
                log.duration as duration_text, {integer("log.duration")} as duration_ms,
                from_json(levels.data, '{_SEGMENTS}') as data,
                from_json(levels.shortData, '{_SEGMENTS}') as shorts,
                coalesce(json_type(text), 'NULL') <> 'OBJECT'
                    or json_type(log.levels) not in ('OBJECT', 'NULL')
                    or json_type(levels.data) not in ('ARRAY', 'NULL')
                    or json_type(levels.shortData) not in ('ARRAY', 'NULL')
                    or json_type(log.minuteData) not in ('ARRAY', 'NULL') as is_broken,
                {number("log.timeInBed")} as in_bed_min,
                log.minuteData as minutes, coalesce(log.mainSleep, log.isMainSleep) as is_main,
                {told}
            from opened
        ),
        ended as (select *, {told_end} as duration_end, {in_bed} as in_bed_end from typed),
        judged as (
            select *, coalesce(len(data) > 1 and data[-1].level = 'unknown'
                    and {number("data[-1].seconds")} = 3600
                    and told_end_wall > start_wall, false) as has_odd_hour,
                case when is_broken then 'broken_row'
                     when session is null then 'missing_value'
                     when start_text is null then 'missing_time'
                     when start_wall is null then 'unreadable_time'
                     when duration_text is null then 'missing_value'
                     when duration_ms < 0 then 'end_before_start'
                     when duration_end is null then 'unreadable_number' end as code
            from ended
        )
        select record, session, session as key, start_wall,
            case when not has_odd_hour then start_wall end as anchor_wall,
            if(has_odd_hour, told_end_wall, duration_end) as end_wall,
            if(has_odd_hour, told_end_wall, in_bed_end) as bed_end_wall,
            'sleep' as kind, null::varchar as device,
            case is_main when 'true' then 'main_sleep' when 'false' then 'nap' else 'sleep' end
                as label,
            case when has_odd_hour then data[:-2] {by_minute} else data end as data,
            shorts, {", ".join(TOTALS)}, null::varchar as skip, code,
            case when code = 'broken_row' then null when session is null then 'logId'
                 when code like '%time' then 'startTime' else 'duration' end as field,
            case when code is not null then text end as raw
        from judged
    """


def _minutes_sql() -> str:
    """Segments from one code per minute: of a minute the hour is told and the date is not."""
    words = " ".join(f"when '{code}' then '{word}'" for code, word in MINUTE_LEVELS.items())
    codes = f"list_transform(from_json(minutes, '{_MINUTES}'), lambda m: m.value)"
    runs = f"regexp_extract_all(array_to_string({codes}, ''), '1+|2+|3+|[^123]+')"
    before = "coalesce(list_sum(list_transform(runs[1:n - 1], lambda r: len(r))), 0)::bigint"
    return f"""
        (select list_transform(runs, lambda run, n: struct_pack(
            dateTime := strftime(start_wall + to_minutes({before}), '%Y-%m-%dT%H:%M:%S'),
            level := case run[1] {words} else run[1] end,
            seconds := (len(run) * 60)::varchar
        )) from (select {runs} as runs))"""


_SESSION = ["record", "kind", "label", "session", "start_wall", "end_wall", "anchor_wall", "key"]


def _stages(sleeps: pa.Table) -> Iterator[Batch]:
    """In-bed rows, stages with short wakes painted over, and rejects of single segments."""
    words = " ".join(f"when '{word}' then '{stage}'" for word, stage in LEVELS.items())
    segments = query(
        f"""
        with laid as (
            select record, session, start_wall as anchor_wall, false as is_short,
                unnest(data) as x from sleeps
            union all
            select record, session, start_wall, true, unnest(shorts) from sleeps
        ),
        typed as (
            select * exclude (x), case x.level {words} end as label, to_json(x)::varchar as raw,
                x.dateTime as start_text, {number("x.seconds")} as seconds,
                {written("x.dateTime", _FORMATS)} as start_wall
            from laid
        )
        select record, session, anchor_wall, is_short, label, start_wall,
            {later("start_wall", "seconds")} as end_wall, raw, null::varchar as skip,
            case when start_text is null then 'missing_time'
                 when start_wall is null then 'unreadable_time'
                 when seconds is null then 'missing_value'
                 when seconds <= 0 then 'end_before_start'
                 when end_wall is null then 'unreadable_number'
                 when label is null then 'unknown_code' end as code,
            case when code like '%time' then 'levels.dateTime'
                 when code = 'unknown_code' then 'levels.level' else 'levels.seconds' end as field
        from typed order by record
        """,
        sleeps=sleeps,
    )
    good, items = sorted_out(segments)
    yield from (item for item in items if isinstance(item, Batch))
    painted = query(_PAINTED, segments=good, sleeps=sleeps)
    if painted.num_rows:
        yield shaped("episode", painted)


# What is left of every long segment when the short wakes are cut out; the short wakes; time in bed.
_PAINTED = """
    with long as (
        select *, row_number() over () as n from segments where not is_short
    ),
    short as (
        select * replace (least(end_wall, lead(start_wall) over (partition by record
            order by start_wall)) as end_wall)
        from segments where is_short
    ),
    starts as (
        select n, start_wall as since from long
        union
        select n, short.end_wall from long join short on short.record = long.record
        where short.end_wall > long.start_wall and short.end_wall < long.end_wall
    ),
    pieces as (
        select long.record, long.session, long.anchor_wall, long.label, since as start_wall,
            least(any_value(long.end_wall),
                min(short.start_wall) filter (short.start_wall >= since)) as end_wall,
            coalesce(bool_or(short.start_wall <= since and since < short.end_wall), false)
                as is_covered
        from starts join long using (n) left join short on short.record = long.record
        group by n, long.record, long.session, long.anchor_wall, long.label, since
    ),
    stages as (
        select record, session, anchor_wall, label, start_wall, end_wall
        from pieces where not is_covered and start_wall < end_wall
        union all by name
        select record, session, anchor_wall, label, start_wall, end_wall
        from short where start_wall < end_wall
        union all by name
        select record, session, anchor_wall, 'in_bed' as label, start_wall,
            bed_end_wall as end_wall
        from sleeps where bed_end_wall > start_wall
    )
    select *, 'sleep_stage' as kind, session as key from stages
    order by record, label = 'in_bed' desc, start_wall
"""
