"""FIT files of Garmin watches: sleep, wellness and HRV ("Export Wellness Data", the watch itself).

One record is one data message. Times are UTC; of heart rate in wellness files only the lower half
of the second stands beside it. Sleep levels (0 not measurable, 1 awake, 2 light, 3 deep, 4 REM)
have a beginning only: each lasts until the next, so a stretch awake of two hours and more is none
of the night but a gap between two sleeps. Steps count up from the local midnight, by activity.

Evidence: the vendor's published profile, in the library fitdecode, and other people's readers. No
real file of sleep was found: unverified.
"""

from __future__ import annotations

import datetime as dt
import importlib
import io
import struct
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from connectors.contract import (
    Batch,
    BrokenFile,
    Connector,
    Head,
    Item,
    Shape,
    Skip,
    Source,
    Total,
    batch,
)

# Type of a file, and what we call it. Source: vendor's profile (type `file`), Gadgetbridge.
TYPES = {49: "sleep_fit", 15: "wellness_fit", 28: "wellness_fit", 32: "wellness_fit", 68: "hrv_fit"}
LEVELS = {0: "unknown", 1: "awake", 2: "light", 3: "deep", 4: "rem"}
GAP = dt.timedelta(hours=2)
EPOCH = dt.datetime(1989, 12, 31, tzinfo=dt.UTC)  # of FIT
# Message: its fields, each with metric and unit. Source: vendor's profile.
SIMPLE = {
    "hrv_value": (("value", "heart_rate_variability_rmssd", "ms"),),
    "hrv_status_summary": (("last_night_average", "sleep_heart_rate_variability_rmssd", "ms"),),
    "respiration_rate": (("respiration_rate", "respiratory_rate", "/min"),),
    "spo2_data": (("reading_spo2", "oxygen_saturation", "%"),),
    "monitoring_hr_data": (("current_day_resting_heart_rate", "resting_heart_rate", "/min"),),
    "sleep_assessment": (
        ("overall_sleep_score", "sleep_score", "{score}"),
        ("awakenings_count", "number_of_awakenings", "{count}"),
    ),
}
Row = dict[str, Any]
Stage = tuple[int, dt.datetime, dt.datetime, str]

# Beside its own errors: what the library asserts, and takes for granted, of a file that is damaged.
DAMAGE = (AssertionError, struct.error, LookupError, ArithmeticError, TypeError, ValueError)


def identify(head: Head) -> str | None:
    """By the type that the first message states."""
    return TYPES.get(_file_type(head.first) or 0)


def _file_type(data: bytes) -> int | None:
    """Field 0 of the message file_id, which comes first; None if this is no FIT file."""
    if data[8:12] != b".FIT" or len(data) < 14 or data[0] < 12:
        return None
    at = data[0]
    if len(data) < at + 6 or data[at] & 0xC0 != 0x40 or data[at + 3 : at + 5] != b"\0\0":
        return None
    count = data[at + 5]
    sizes = data[at + 7 : at + 6 + 3 * count : 3]
    if len(sizes) < count or len(data) < at + 7 + 3 * count + sum(sizes):
        return None
    place = at + 6 + 3 * count + 1  # behind the definition and the header of the message
    for n, size in enumerate(sizes):
        if data[at + 6 + 3 * n] == 0:
            return data[place]
        place += size
    return None


def extract(source: Source, variant: str) -> Iterator[Item]:
    """Sleeps with stages, score and awakenings; heart rate, steps, breathing, oxygen, HRV.

    Skips: `other_message`, `end_of_sleep` (a level that only ends one), `first_count` (steps of
    which the beginning is not known).

    Raises: BrokenFile if the file is cut or its checksum is wrong.
    """
    messages = _messages(source)
    yield Total(len(messages))
    sessions = _sessions(messages)
    episodes = [row for name, stages in sessions for row in _sleep(name, stages)]
    name = max(sessions, key=lambda each: each[1][-1][2] - each[1][0][1])[0] if sessions else None
    samples = [*_simple(messages, name), *_pulse(messages), *_steps(messages)]
    carried = {row["record"] for row in (*episodes, *samples)}
    reasons = {"sleep_level": "end_of_sleep", "monitoring": "other_message"}
    left = Counter(
        "first_count" if "steps" in m else reasons.get(m["name"], "other_message")
        for m in messages
        if m["record"] not in carried
    )
    yield from (Skip(reason, count) for reason, count in sorted(left.items()))
    if episodes:
        yield _batch("episode", episodes)
    if samples:
        yield _batch("sample", samples)


def _batch(shape: Shape, rows: list[Row]) -> Batch:
    names = dict.fromkeys(name for row in rows for name in row)
    return batch(shape, **{name: [row.get(name) for row in rows] for name in names})


def _messages(source: Source) -> list[Row]:
    """Data messages in order: record, name, `at` (when), and the fields that have a value."""
    fitdecode: Any = importlib.import_module("fitdecode")  # takes a tenth of a second to load
    found: list[Row] = []
    last = 0  # the latest full timestamp, of which others repeat the lower half
    try:
        with fitdecode.FitReader(io.BytesIO(source.read())) as reader:
            for frame in reader:
                if not isinstance(frame, fitdecode.FitDataMessage):
                    continue
                row: Row = {"record": len(found) + 1, "name": frame.name}
                fields = [field for field in frame.fields if field.value is not None]
                row |= {field.name: field.value for field in fields}
                raw = {field.name: field.raw_value for field in fields}
                last = raw.get("timestamp") or last
                half = raw.get("timestamp_16")
                moment = last if half is None else last + ((half - last) & 0xFFFF)
                row["at"] = EPOCH + dt.timedelta(seconds=moment) if last else None
                row["level"], row["local"] = raw.get("sleep_level"), raw.get("local_timestamp")
                found.append(row)
    except (fitdecode.FitError, *DAMAGE):
        raise BrokenFile("a FIT file that is cut off or damaged: export it again") from None
    return found


def _sessions(messages: list[Row]) -> list[tuple[str, list[Stage]]]:
    """Stages of each sleep with the name of the sleep."""
    levels = [m for m in messages if m["name"] == "sleep_level" and m["at"]]
    found: list[list[Stage]] = [[]]
    for this, after in pairwise(levels):
        label = LEVELS.get(this["level"], "unknown")
        length = after["at"] - this["at"]
        if label in ("awake", "unknown") and length >= GAP:
            found.append([])
        elif length > dt.timedelta(0):
            found[-1].append((this["record"], this["at"], after["at"], label))
    slept = [each for each in found if any(stage[3] in ("light", "deep", "rem") for stage in each)]
    return [(f"sleep {each[0][1]:%Y-%m-%dT%H:%M:%SZ}", each) for each in slept]


def _sleep(name: str, stages: list[Stage]) -> Iterator[Row]:
    told = {"session": name, "key": name}
    whole = {"record": stages[0][0], "kind": "sleep", "label": "sleep", **told}
    yield {**whole, "start_utc": stages[0][1], "end_utc": stages[-1][2]}
    for record, start, end, label in stages:
        stage = {"record": record, "kind": "sleep_stage", "label": label, **told}
        yield {**stage, "start_utc": start, "end_utc": end}


def _simple(messages: list[Row], session: str | None) -> Iterator[Row]:
    """Messages that are one number at an instant; the assessment of the longest sleep."""
    for message in messages:
        for field, metric, unit in SIMPLE.get(message["name"], ()):
            value = message.get(field)
            is_of_sleep = message["name"] == "sleep_assessment"
            if isinstance(value, int | float) and (value > 0 or is_of_sleep) and message["at"]:
                row = {"record": message["record"], "metric": metric, "unit": unit}
                key = session if is_of_sleep else None
                yield {**row, "value": float(value), "start_utc": message["at"], "key": key}


def _pulse(messages: list[Row]) -> Iterator[Row]:
    for message in messages:
        value = message.get("heart_rate")
        is_spot = message["name"] == "monitoring" and message["at"] is not None
        if is_spot and isinstance(value, int) and value > 0:
            row = {"record": message["record"], "metric": "heart_rate", "unit": "/min"}
            yield {**row, "value": float(value), "start_utc": message["at"]}


def _steps(messages: list[Row]) -> Iterator[Row]:
    """Steps between one count of an activity and the next; counts begin anew at midnight."""
    begin: dt.datetime | None = None
    counts: dict[object, tuple[dt.datetime, float]] = {}
    for message in messages:
        if message["name"] == "monitoring_info" and message["local"]:
            begin = message["at"] if message["local"] % 86_400 == 0 else None
        steps, at = message.get("steps"), message["at"]
        if message["name"] != "monitoring" or at is None or not isinstance(steps, int | float):
            continue
        kind = message.get("activity_type")
        since = counts.get(kind) or ((begin, 0.0) if begin else None)
        counts[kind] = (at, float(steps))
        if since and at > since[0]:
            value = float(steps) - (since[1] if steps >= since[1] else 0)
            row = {"record": message["record"], "metric": "step_count", "unit": "{count}"}
            yield {**row, "value": value, "start_utc": since[0], "end_utc": at}


CONNECTOR = Connector(
    name="garmin_fit",
    title="Garmin FIT files (sleep, wellness, HRV)",
    version="1",
    variants={"sleep_fit": "unverified", "wellness_fit": "unverified", "hrv_fit": "unverified"},
    identify=identify,
    extract=extract,
    source="watch",
)
