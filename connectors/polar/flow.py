"""Polar Flow takeout (`*-<uuid>.json`), and nights as the Dynamic API v4 answers them.

One record is one night, one score, one recovery, or one pulse. Nights are ISO times with the offset
of each end, lengths ISO 8601 (`PT7H10M`; `600s` in the API), stages transitions after the begin of
sleep. `night` is the date of waking. Pulses are seconds after local midnight: the wall clock. A
device without stages says 0 asleep and everything interrupted: neither is carried.

Evidence: readers of real takeouts and their fixtures; no real file was at hand. The hypnogram holds
the person's birthday, which stays in the file.
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
from connectors.polar.stages import STATES, stages
from connectors.reading.delimited import decoded
from connectors.reading.json_prefix import keys_in
from connectors.reading.nights import iso_s, sleeps
from connectors.reading.query import json_rows, query
from connectors.reading.text_sql import dated, elements, instant, later, offset_min, raw, wall
from connectors.reading.verdict import carried, case_of, parted, time_faults

TOTALS = {
    "asleep": ("total_sleep_time", "s"),
    "light": ("light_sleep_time", "s"),
    "deep": ("deep_sleep_time", "s"),
    "rem": ("rem_sleep_time", "s"),
    "interrupted": ("wake_after_sleep_onset", "s"),
    "interruptions": ("number_of_awakenings", "{count}"),
    "efficiency": ("sleep_efficiency", "%"),
    "score": ("sleep_score", "{score}"),
}
PATHS = {
    "night": ("night", "sleepDate"),
    "sleepStart": ("sleepResult.hypnogram.sleepStart",),
    "sleepEnd": ("sleepResult.hypnogram.sleepEnd",),
    "deviceId": ("sleepResult.hypnogram.deviceId",),
    "states": ("sleepResult.hypnogram.sleepStateChanges",),
    "efficiency": (
        *("evaluation.analysis.efficiencyPercent", "sleepEvaluation.analysis.efficiencyPercent"),
    ),
    "interruptions": (
        *("evaluation.interruptions.totalCount", "sleepEvaluation.interruptions.totalCount"),
    ),
    "score": ("sleepScore.sleepScore",),
}
LENGTHS = {"asleep": "asleepDuration", "interrupted": "interruptions.totalDuration",
           "light": "phaseDurations.light", "deep": "phaseDurations.deep",
           "rem": "phaseDurations.rem"}  # fmt: skip
_FIRST = r"\s*+\[?\s*+\{"  # nothing is given back: a page of blank lines would take a minute
_KINDS = {
    "nights_v4": re.compile(_FIRST + r'\s*"nightSleeps"\s*:\s*\[', re.DOTALL),
    "heart_rate": re.compile(_FIRST + r'\s*"deviceDays"\s*:.*"secondsFromDayStart"', re.DOTALL),
    "sleep_wake": re.compile(_FIRST + r'(?=.*"sleepWakeStateChangeModels")', re.DOTALL),
    "sleep_score": re.compile(_FIRST + r'(?=.*"night")(?=.*"sleepScoreResult")', re.DOTALL),
    "recovery": re.compile(_FIRST + r'(?=.*"night")(?=.*"meanNightlyRecoveryR)', re.DOTALL),
    "nights": re.compile(_FIRST + r'(?=.*"night")(?=.*"sleepResult"\s*:\s*\{)', re.DOTALL),
}


_MARKS = frozenset(("nightSleeps", "deviceDays", "sleepWakeStateChangeModels", "night"))


def identify(head: Head) -> str | None:
    """The kind of file, by the keys of its first objects."""
    if not _MARKS & keys_in(head):
        return None
    text = decoded(head.first)
    return next((name for name, form in _KINDS.items() if form.match(text)), None)


def extract(source: Source, variant: str) -> Iterator[Item]:
    """Nights with stages and totals, scores, rMSSD of the night, heart rate.

    Skips: `no_sure_base` (sleep_wake, of which the midnight that it counts from is not known),
    `no_value`.

    Raises: FormatDrift if no night has a begin, BrokenFile if the JSON is cut.
    """
    if variant in ("nights", "nights_v4"):
        yield from _nights(source, variant)
    elif variant == "heart_rate":
        yield from _heart_rate(source)
    elif variant == "sleep_wake":
        rows = json_rows(source, {"night": "VARCHAR"})
        yield Total(rows.num_rows)
        yield Skip("no_sure_base", rows.num_rows)
    else:
        yield from _days(source, variant)


def _nights(source: Source, variant: str) -> Iterator[Item]:
    if variant == "nights_v4":
        pages = json_rows(source, {"nightSleeps": "JSON[]"})
        docs = query(
            """select row_number() over () as record, doc
               from (select unnest(nightSleeps) as doc from pages)""",
            pages=pages,
        )
    else:
        keys = ("night", "evaluation", "sleepResult")
        rows = json_rows(source, dict.fromkeys(keys, "JSON"))
        members = ", ".join(f"'{key}', {key}::json" for key in keys)
        docs = query(f"select record, json_object({members}) as doc from rows", rows=rows)
    yield Total(docs.num_rows)
    nights = query(_judged(), docs=docs)
    if nights.num_rows and nights["sleepStart"].null_count == nights.num_rows:
        raise FormatDrift("no night has sleepResult.hypnogram.sleepStart; report the new layout")
    sound, items = parted(nights)
    yield from items
    yield from sleeps(sound, TOTALS)
    changes = query(
        f"""with each as (
            select record, session, device, start_utc, start_offset_min, end_utc, end_offset_min,
                unnest({elements("states")}) as c
            from sound where states is not null
        )
        select * exclude (c), c ->> '$.state' as state, {iso_s("(c ->> '$.offsetFromStart')")}
            as offset_s
        from each""",
        sound=sound,
    )
    strange = query("select distinct state from changes order by state", changes=changes)
    for state in strange["state"].to_pylist():
        if state not in STATES:
            yield Drift(f"sleep state {state}")
    yield shaped("episode", stages(changes, STATES))


def _judged() -> str:
    """SQL: every night with its times and totals, and what is wrong with it."""
    cells = [
        f"nullif(coalesce({', '.join(_told(paths))}), '') as {name}"
        for name, paths in PATHS.items()
    ]
    for name, path in LENGTHS.items():
        both = ", ".join(f"doc ->> '$.{e}.{path}'" for e in ("evaluation", "sleepEvaluation"))
        cells.append(f"{iso_s(f'coalesce({both})')} as {name}")
    times = ", ".join(
        f"{instant(key)} as {name}_utc, {wall(key)} as {name}_wall,"
        f" {offset_min(key)} as {name}_offset_min"
        for name, key in (("start", "sleepStart"), ("end", "sleepEnd"))
    )
    # what a device without stages writes instead of leaving it out
    of_stages = ("asleep", "interrupted", "interruptions", "efficiency")
    unmeasured = ", ".join(f"if(asleep = 0, null, {name}) as {name}" for name in of_stages)
    return f"""
    with told as (select record, {", ".join(cells)} from docs),
    timed as (
        select * replace ({unmeasured}), {times}, deviceId as device, 'sleep' as label,
            coalesce(night, sleepStart) || coalesce(' ' || deviceId, '') as session
        from told
    )
    select *, null::varchar as skip, {raw("night", "sleepStart", "sleepEnd")} as raw,
        {
        case_of(
            [
                *time_faults("sleepStart", "coalesce(start_utc, start_wall::timestamptz)"),
                *time_faults("sleepEnd", "coalesce(end_utc, end_wall::timestamptz)"),
                ("end_utc <= start_utc", "end_before_start:sleepEnd"),
            ]
        )
    } as fault
    from timed
    """


def _told(paths: tuple[str, ...]) -> list[str]:
    return [f"doc ->> '$.{path}'" for path in paths]


def _heart_rate(source: Source) -> Iterator[Item]:
    """Pulses at a second of a local day."""
    days = json_rows(source, {
        "deviceDays": "STRUCT(date VARCHAR, deviceId VARCHAR,"
        " samples STRUCT(heartRate VARCHAR, secondsFromDayStart DOUBLE)[])[]"
    })  # fmt: skip
    pulses = query(
        f"""with day as (select unnest(deviceDays) as d from days),
        pulse as (select d.date as day, d.deviceId as device, unnest(d.samples) as s from day)
        select row_number() over () as record, day, device, s.heartRate as pulse,
            {later("try_cast(day as timestamp)", "s.secondsFromDayStart")} as start_wall,
            null::varchar as skip, concat_ws('|', day, s.secondsFromDayStart) as raw,
            {
            case_of(
                [
                    ("day is null", "missing_time:date"),
                    ("s.secondsFromDayStart is null", "missing_time:secondsFromDayStart"),
                    ("start_wall is null", "unreadable_time:date"),
                ]
            )
        } as fault
        from pulse""",
        days=days,
    )
    yield Total(pulses.num_rows)
    sound, items = parted(pulses)
    yield from items
    yield from carried(sound, {"pulse": ("heart_rate", "/min")})


def _days(source: Source, variant: str) -> Iterator[Item]:
    """A score, or the rMSSD of the first hours of the night, by the date of waking."""
    if variant == "sleep_score":
        key, path, metric = "sleepScoreResult", "$.sleepScore", ("sleep_score", "{score}")
    else:
        key, path = "meanNightlyRecoveryRmssd", "$"
        metric = ("sleep_heart_rate_variability_rmssd", "ms")
    rows = json_rows(source, {"night": "VARCHAR", key: "JSON"})
    yield Total(rows.num_rows)
    days = query(
        f"""select record, night, {dated("try_cast(night as date)")} as date,
            {key} ->> '{path}' as told, null::varchar as skip, night as raw,
            {case_of(time_faults("night", "date"))} as fault
        from rows""",
        rows=rows,
    )
    sound, items = parted(days)
    yield from items
    yield from carried(sound, {"told": metric}, "daily")


CONNECTOR = Connector(
    name="polar_flow",
    title="Polar Flow takeout",
    version="1",
    variants={
        "nights": "unverified",
        "nights_v4": "unverified",
        "sleep_score": "unverified",
        "recovery": "unverified",
        "heart_rate": "unverified",
        "sleep_wake": "unverified",
    },
    identify=identify,
    extract=extract,
    source="watch",
)
