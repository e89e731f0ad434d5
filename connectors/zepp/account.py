"""Zepp (Amazfit, Mi Fit, Zepp Life) account export: a CSV per kind of data.

One record is one line: a night, a minute, a day, a workout. Two clocks: begin and end of sleeps
and workouts are UTC (`+0000`, in 2020 epoch seconds), minutes of heart rate and steps are the wall
clock, and nowhere is an offset. Minutes, beats per minute, metres, kcal. A date without sleep is a
line of zeros that begins when it ends. REM is a stage beside shallow sleep: deep, shallow, REM
and awake are together as long as the night. Devices without REM write 0.

Evidence: four real SLEEP files of 2020 to 2023 with HEARTRATE and ACTIVITY beside one of them;
minutes of steps, workouts and minutes of sleep by other people's readers, marked unverified.
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from connectors.contract import Connector, Head, Item, Skip, Source, shaped
from connectors.reading.delimited import decoded, lines_of, rows_below
from connectors.reading.named import Layout, columns_of, folded, header_of, named
from connectors.reading.nights import sleeps
from connectors.reading.query import query
from connectors.reading.text_sql import dated, epoch, instant, later, raw
from connectors.reading.verdict import carried, case_of, parted, time_faults

STAGES = {"deepSleepTime": "deep", "shallowSleepTime": "shallow", "wakeTime": "wake"}
# Read by nobody with certainty: the dates in `naps` are not of the night. Source: two readers of
# real exports.
NOT_READ = ("lastSyncTime", "naps", "totalSleep")
SLEEP = Layout(
    {"date": "night", "start": "start", "stop": "stop", "REMTime": "rem", **STAGES},
    needed=("night", "start", "stop", "deep", "shallow"),
    unread=NOT_READ,
)
HEART = Layout({"date": "day", "time": "clock", "heartRate": "value"}, ("day", "clock", "value"))
STEPS = Layout({"date": "day", "time": "clock", "steps": "value"}, ("day", "clock", "value"))
DAYS = Layout(
    {"date": "day", "steps": "steps", "distance": "distance", "calories": "calories"},
    needed=("day", "steps", "calories"),
    unread=("runDistance", "lastSyncTime"),
)
SPORT = Layout(
    {"type": "type", "startTime": "start", "sportTime(s)": "lasted", "distance(m)": "distance",
     "calories(kcal)": "calories"},
    needed=("type", "start", "lasted"),
    unread=("maxPace(/meter)", "minPace(/meter)", "avgPace(/meter)"),
)  # fmt: skip
SLEEP_MINUTE = Layout({"date": "day", "time": "clock", "stage": "stage"}, ("day", "clock", "stage"),
                      unread=("hr", "respiratory_rate"))  # fmt: skip
LAYOUTS = {"heart_rate": HEART, "steps": STEPS, "sport": SPORT, "sleep_minutes": SLEEP_MINUTE}
TOTALS = {
    "deep": ("deep_sleep_time", "min"),
    "shallow": ("light_sleep_time", "min"),
    "rem": ("rem_sleep_time", "min"),
    "wake": ("wake_after_sleep_onset", "min"),
}
NAPS = r',"?\[.*\]"?'  # objects with commas between, their quotes escaped or doubled or neither


def identify(head: Head) -> str | None:
    """By the columns of the header; a sleep's generation by whether its sync time is told."""
    header = header_of(head)
    if SLEEP.is_of(header):
        return "sleep_epoch" if _first_cell(head, header, "start").isdigit() else "sleep_utc"
    for variant, layout in LAYOUTS.items():
        if layout.is_of(header) and len(header) <= len(layout.read) + len(layout.unread):
            return variant
    return "days" if DAYS.is_of(header) and "runDistance" in header else None


def extract(source: Source, variant: str) -> Iterator[Item]:
    """Nights with their totals, heart rate, steps, days, workouts.

    Skips: `no_sleep` (a date without), `no_value`, `no_sure_date` (minutes of sleep, whose date
    is the night's and which of two is not known).

    Raises: FormatDrift without a column that is needed.
    """
    if variant.startswith("sleep_") and variant != "sleep_minutes":
        yield from _nights(source, variant == "sleep_epoch")
    elif variant == "days":
        yield from _days(source)
    elif variant == "sport":
        yield from _workouts(source)
    else:
        rows, items = named(source, LAYOUTS[variant])
        yield from items
        if variant != "sleep_minutes":
            yield from _minutes(rows, variant)
        elif rows.num_rows:
            yield Skip("no_sure_date", rows.num_rows)


def _first_cell(head: Head, header: list[str], name: str) -> str:
    lines = lines_of(decoded(head.first))
    cells = lines[1].split(",") if len(lines) > 1 else []
    found = (cell for told, cell in zip(header, cells, strict=False) if folded(told) == name)
    return next(found, "")


def _nights(source: Source, is_epoch: bool) -> Iterator[Item]:
    lines = pa.array(lines_of(decoded(source.read())), pa.string())
    text = pc.replace_substring_regex(lines, NAPS, ",").to_pylist()
    rows, items = columns_of(rows_below(text, 0, ","), SLEEP)
    yield from items
    start, stop = (epoch(c) if is_epoch else instant(c) for c in ("start", "stop"))
    nights = query(
        f"""with timed as (
            select *, night as session, 'sleep' as label, {start} as start_utc,
                {stop} as end_utc, {raw("night", "start", "stop")} as raw
            from rows
        )
        select * exclude (rem), nullif(rem, '0') as rem,
            case when start_utc = end_utc then 'no_sleep' end as skip,
            {
            case_of(
                [
                    ("is_short and stop is null", "ragged_row:stop"),
                    *time_faults("start", "start_utc"),
                    *time_faults("stop", "end_utc"),
                    ("end_utc < start_utc", "end_before_start:stop"),
                    ("night is null", "missing_time:night"),
                ]
            )
        } as fault
        from timed""",
        rows=rows,
    )
    sound, items = parted(nights)
    yield from items
    yield from sleeps(sound, TOTALS)


def _minutes(rows: pa.Table, variant: str) -> Iterator[Item]:
    """Heart rate at the minute, or steps over it."""
    minutes = query(
        f"""with timed as (
            select *, day || ' ' || clock as time,
                {dated("try_cast((day || ' ' || clock) as timestamp)")} as start_wall
            from rows
        )
        select record, start_wall, value,
            {"start_wall + interval 1 minute" if variant == "steps" else "null"} as end_wall,
            null::varchar as skip, {case_of(time_faults("time", "start_wall"))} as fault,
            {raw("day", "clock", "value")} as raw
        from timed""",
        rows=rows,
    )
    sound, items = parted(minutes)
    yield from items
    metric = {"heart_rate": ("heart_rate", "/min"), "steps": ("step_count", "{count}")}[variant]
    yield from carried(sound, {"value": metric})


def _days(source: Source) -> Iterator[Item]:
    rows, items = named(source, DAYS)
    yield from items
    days = query(
        f"""select *, {dated("try_cast(day as date)")} as date, null::varchar as skip,
            {case_of(time_faults("day", "date"))} as fault, {raw("day", "steps")} as raw
        from rows""",
        rows=rows,
    )
    sound, items = parted(days)
    yield from items
    told = {"steps": ("step_count", "{count}"), "distance": ("distance", "m"),
            "calories": ("energy_burned", "kcal")}  # fmt: skip
    yield from carried(sound, told, "daily")


def _workouts(source: Source) -> Iterator[Item]:
    """Workouts by the vendor's number for the kind, their distance and energy."""
    rows, items = named(source, SPORT)
    yield from items
    judged = query(
        f"""with timed as (
            select *, {instant("start")} as start_utc, try_cast(lasted as double) as seconds
            from rows
        )
        select *, {later("start_utc", "seconds")} as end_utc, 'type ' || type as label,
            'workout ' || start as session, null::varchar as skip,
            {
            case_of(
                [
                    *time_faults("start", "start_utc"),
                    ("seconds is null or seconds < 0", "unreadable_number:lasted"),
                ]
            )
        } as fault,
            {raw("type", "start", "lasted")} as raw
        from timed""",
        rows=rows,
    )
    sound, items = parted(judged)
    yield from items
    workouts = query(
        """select record, 'exercise' as kind, label, start_utc, end_utc, session as key
           from sound order by record""",
        sound=sound,
    )
    yield shaped("episode", workouts)
    yield from carried(
        sound, {"distance": ("distance", "m"), "calories": ("energy_burned", "kcal")}
    )


CONNECTOR = Connector(
    name="zepp",
    title="Zepp, Amazfit and Mi Fit account export",
    version="1",
    variants={
        "sleep_utc": "verified",
        "sleep_epoch": "verified",
        "heart_rate": "verified",
        "days": "verified",
        "steps": "unverified",
        "sport": "unverified",
        "sleep_minutes": "unverified",
    },
    identify=identify,
    extract=extract,
    source="watch",
)
