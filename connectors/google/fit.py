"""Google Fit in a Takeout: `All Sessions` (a file per session) and `All Data` (a file per source).

A session is one record: UTC (`Z`) times, and perhaps segments of it, which tell sleep from waking
and nothing finer. A data point is one record: epoch nanoseconds, as a number or as text, and
values in a fixed order. The same points stand in the raw file of an app and again in derived ones;
the app that they come from is told with each, so that they become one. Units are those of the data
type: stages by number, beats per minute, %, steps, mmol/L.

Evidence: 208 real sessions; data points by other people's readers and the vendor's data types.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from connectors.contract import (
    Connector,
    Drift,
    FormatDrift,
    Head,
    Item,
    Skip,
    Source,
    Total,
    shaped,
)
from connectors.reading.delimited import decoded
from connectors.reading.query import json_rows, query
from connectors.reading.text_sql import epoch, instant, raw
from connectors.reading.verdict import carried, case_of, parted, time_faults

# Source: SleepStages of the vendor's API.
STAGES = {1: "awake", 2: "asleep_unspecified", 3: "out_of_bed", 4: "light", 5: "deep", 6: "rem"}
# Source: real sessions (sleep, sleep.awake), activity types of the vendor (the others).
SEGMENTS = {
    "sleep": "asleep_unspecified",
    "sleep.awake": "awake",
    "sleep.light": "light",
    "sleep.deep": "deep",
    "sleep.rem": "rem",
}
NO_EXERCISE = ("still", "in_vehicle", "tilting", "unknown", "meditation", "other", "on_foot")
# Data type: metric, unit. Source: the vendor's public data types; glucose is mmol/L.
METRICS = {
    "heart_rate.bpm": ("heart_rate", "/min"),
    "oxygen_saturation": ("oxygen_saturation", "%"),
    "step_count.delta": ("step_count", "{count}"),
    "distance.delta": ("distance", "m"),
    "blood_glucose": ("capillary_glucose", "mmol/L"),
}
OVER_TIME = ("step_count.delta", "distance.delta")
INTERSTITIAL = 1  # the fifth value of a glucose point
POINTS = {
    "Data Source": "VARCHAR",
    "Data Points": "STRUCT(fitValue STRUCT(value STRUCT(intVal BIGINT, fpVal DOUBLE))[],"
    " originDataSourceId VARCHAR, startTimeNanos VARCHAR, endTimeNanos VARCHAR)[]",
}
_TYPES = "|".join(re.escape(name) for name in (*METRICS, "sleep.segment"))
_DATA = re.compile(rf'\s*\{{\s*"Data Source"\s*:\s*"(raw|derived):com\.google\.({_TYPES}):([^"]*)"')
_SESSION = re.compile(r'\s*\{(?=.*"fitnessActivity"\s*:)(?=.*"startTime"\s*:)', re.DOTALL)


def identify(head: Head) -> str | None:
    """By the source that a file of points names, or the keys of a session."""
    text = decoded(head.first)
    if found := _DATA.match(text):
        return "segments" if found[2] == "sleep.segment" else "points"
    return "session" if _SESSION.match(text) else None


def extract(source: Source, variant: str) -> Iterator[Item]:
    """Sleeps with what segments they have, workouts; stages; samples.

    Skips: `no_exercise` (sitting in a bus), `estimated_again` (steps that other files tell),
    `no_value`.

    Raises: FormatDrift if there is no key for the points, BrokenFile if the JSON is cut.
    """
    if variant == "session":
        yield from _session(source)
        return
    found = _DATA.match(decoded(source.first))
    kind, name, about = found.groups() if found else ("", "", "")
    rows = json_rows(source, POINTS)
    if rows["Data Points"].null_count:
        raise FormatDrift('no key "Data Points" in this file of Google Fit; report the new layout')
    points = query(_points(), rows=rows)
    yield Total(points.num_rows)
    if name in OVER_TIME and kind == "derived" and "merge" not in about:
        if points.num_rows:
            yield Skip("estimated_again", points.num_rows)
        return
    sound, items = parted(points)
    yield from items
    if name == "sleep.segment":
        stages = query(
            """select record, 'sleep_stage' as kind, stage as label, start_utc, end_utc, device
               from sound order by record""",
            sound=sound,
        )
        yield shaped("episode", stages)
        return
    metric, unit = METRICS[name]
    if name not in OVER_TIME:
        sound = sound.drop_columns(["end_utc"])
    if "resting_heart_rate" in about:
        metric = "resting_heart_rate"
    is_fluid = query(f"select * from sound where specimen = {INTERSTITIAL}", sound=sound)
    if name == "blood_glucose" and is_fluid.num_rows:
        yield from carried(is_fluid, {"number": ("interstitial_glucose", unit)})
        sound = query(
            f"select * from sound where specimen is distinct from {INTERSTITIAL}", sound=sound
        )
    yield from carried(sound, {"number": (metric, unit)})


def _points() -> str:
    """SQL: every point with its app, instants, stage, number and specimen."""
    stages = " ".join(f"when {code} then '{stage}'" for code, stage in STAGES.items())
    start, end = (epoch(f"p.{key}", 1_000_000_000) for key in ("startTimeNanos", "endTimeNanos"))
    is_stage = "source like '%:com.google.sleep.segment:%'"
    faults = case_of(
        [
            ("told_start is null", "missing_time:startTimeNanos"),
            ("start_utc is null", "unreadable_time:startTimeNanos"),
            ("end_utc is null", "unreadable_time:endTimeNanos"),
            ("end_utc < start_utc", "end_before_start:endTimeNanos"),
            (f"{is_stage} and code is null", "missing_value:fitValue"),
            (f"{is_stage} and stage is null", "unknown_code:fitValue"),
        ]
    )
    return f"""
    with points as (select "Data Source" as source, unnest("Data Points") as p from rows),
    told as (
        select row_number() over () as record, source, p.startTimeNanos as told_start,
            nullif(split_part(coalesce(p.originDataSourceId, source), ':', 3), '') as device,
            {start} as start_utc, {end} as end_utc, p.fitValue[1].value.intVal as code,
            case code {stages} end as stage,
            coalesce(p.fitValue[1].value.fpVal, code) as number,
            p.fitValue[5].value.intVal as specimen
        from points
    )
    select *, null::varchar as skip, {faults} as fault, concat_ws('|', told_start, code) as raw
    from told
    """


def _session(source: Source) -> Iterator[Item]:
    keys = ("fitnessActivity", "startTime", "endTime")
    rows = json_rows(source, dict.fromkeys(keys, "VARCHAR") | {"segment": "JSON[]"})
    yield Total(rows.num_rows)
    sessions = query(
        f"""with timed as (
            select *, {instant("startTime")} as start_utc, {instant("endTime")} as end_utc,
                fitnessActivity like 'sleep%' as is_sleep,
                fitnessActivity || ' ' || startTime as key
            from rows
        )
        select *, if(fitnessActivity in {NO_EXERCISE}, 'no_exercise', null) as skip,
            {
            case_of(
                [
                    *time_faults("startTime", "start_utc"),
                    *time_faults("endTime", "end_utc"),
                    ("end_utc < start_utc", "end_before_start:endTime"),
                    ("fitnessActivity is null", "missing_value:fitnessActivity"),
                ]
            )
        } as fault,
            {raw(*keys)} as raw
        from timed""",
        rows=rows,
    )
    sound, items = parted(sessions)
    yield from items
    episodes = query(
        """select record, if(is_sleep, 'sleep', 'exercise') as kind, start_utc, end_utc, key,
               if(is_sleep, 'sleep', fitnessActivity) as label, if(is_sleep, key, null) as session
           from sound""",
        sound=sound,
    )
    yield shaped("episode", episodes)
    words = " ".join(f"when '{word}' then '{stage}'" for word, stage in SEGMENTS.items())
    stages = query(
        f"""with segments as (select record, key, unnest(segment) as s from sound where is_sleep),
        told as (
            select record, key, coalesce(s ->> '$.fitnessActivity', 'sleep') as word,
                {instant("(s ->> '$.startTime')")} as start_utc,
                {instant("(s ->> '$.endTime')")} as end_utc
            from segments
        )
        select record, 'sleep_stage' as kind, word, case word {words} else 'unknown' end as label,
            start_utc, end_utc, key as session, key
        from told where end_utc > start_utc order by record, start_utc""",
        sound=sound,
    )
    for word in sorted(set(stages["word"].to_pylist()) - set(SEGMENTS)):
        yield Drift(f"segment {word}")
    yield shaped("episode", stages.drop_columns(["word"]))


CONNECTOR = Connector(
    name="google_fit",
    title="Google Fit Takeout",
    version="1",
    variants={"session": "verified", "segments": "unverified", "points": "unverified"},
    identify=identify,
    extract=extract,
    source="hub",
)
