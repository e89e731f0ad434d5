"""Huami (Amazfit, Zepp OS, Mi Band) sleep in Gadgetbridge: blobs of sessions, or minutes.

A blob tells a session in minutes after a base, the local midnight before less a day, and its
stages with an end that is inside. Blobs are sent again while a night goes on: of those that overlap
the one that ends last stands. A band without sessions tells sleep by the minute, as numbers of
likelihood.
Source: the app's parser (offsets, codes, the limits 55 and 42).
"""

from __future__ import annotations

import sqlite3
import struct
from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa

from connectors.contract import Item, Skip, shaped
from connectors.gadgetbridge.rows import BAND, columns_of, table_of
from connectors.reading.nights import sleeps
from connectors.reading.query import query

TABLE = "HUAMI_SLEEP_SESSION_SAMPLE"
SESSION_BAND = 4
STAGES = {4: "light", 5: "deep", 7: "awake", 8: "rem"}
MINUTE = ("SLEEP", "DEEP_SLEEP", "REM_SLEEP")
ASLEEP = 120  # RAW_KIND
DAY_S = 86_400
_HEAD, _STAGE, _TOTALS, _COUNT, _FIRST = "<IIHHH", "<HHB", 0x24A, 0x54, 0x56
TOTALS = {
    "light": ("light_sleep_time", "min"),
    "deep": ("deep_sleep_time", "min"),
    "rem": ("rem_sleep_time", "min"),
    "awake": ("wake_after_sleep_onset", "min"),
    "pulse": ("sleep_heart_rate", "/min"),
    "score": ("sleep_score", "{score}"),
}


@dataclass
class Night:
    """A blob: begin and end in epoch seconds, totals and stages (begin, end, name)."""

    record: int
    device: str | None
    start: int
    end: int
    totals: dict[str, int | None]
    stages: list[tuple[int, int, str]]


def sessions(database: sqlite3.Connection, first: dict[str | None, int]) -> Iterator[Item]:
    """Sleeps of blobs with stages and totals. `first` learns when each band's sessions begin.

    Skips: `empty_session`, `older_revision`.
    """
    named = 'left join "DEVICE" d on d."_id" = t."DEVICE_ID"'
    name = 'd."NAME"' if "NAME" in columns_of(database, "DEVICE") else "null"
    rows = database.execute(
        f"""select row_number() over (order by t.TIMESTAMP, t.DEVICE_ID), {name}, t.DATA
            from {table_of(TABLE)} t {named if name != "null" else ""}"""
    ).fetchall()
    nights, broken, empty = [], [], 0
    for place, device, data in rows:
        record = SESSION_BAND * BAND + place
        if not isinstance(data, bytes) or len(data) < _TOTALS + 8:
            broken.append(record)
        elif night := _night(record, device, data):
            nights.append(night)
        else:
            empty += 1
    if broken:
        many = len(broken)
        bad = {"record": broken, "code": ["broken_row"] * many, "field": ["DATA"] * many}
        yield shaped("reject", pa.table(bad))
    if empty:
        yield Skip("empty_session", empty)
    kept = _newest(nights)
    if older := len(nights) - len(kept):
        yield Skip("older_revision", older)
    for night in kept:
        begin = first.get(night.device, night.start)
        first[night.device] = min(begin, night.start)
    if kept:
        yield from _items(kept)


def _night(record: int, device: str | None, data: bytes) -> Night | None:
    """What a blob tells; None if it is all zero, or ends before it begins."""
    _, midnight, _, start, end = struct.unpack_from(_HEAD, data)
    if not midnight or end <= start:
        return None
    base = midnight - DAY_S
    rem, light, deep, wake = struct.unpack_from("<4H", data, _TOTALS)
    (count,) = struct.unpack_from("<H", data, _COUNT)
    room = (_TOTALS - _FIRST) // struct.calcsize(_STAGE)
    parts = [struct.unpack_from(_STAGE, data, _FIRST + 5 * n) for n in range(min(count, room))]
    stages = [
        (base + a * 60, base + (b + 1) * 60, STAGES.get(code, "unknown"))
        for a, b, code in parts
        if start <= a <= b < end
    ]
    totals = {"light": light, "deep": deep, "rem": rem, "awake": wake}
    told = {"pulse": data[0x15] or None, "score": data[0x16] or None}
    return Night(record, device, base + start * 60, base + end * 60, {**totals, **told}, stages)


def _newest(nights: list[Night]) -> list[Night]:
    """Of nights of a band that overlap the one that ends last, and of equals the newer row."""
    kept: list[Night] = []
    for night in sorted(nights, key=lambda n: (n.end, n.record), reverse=True):
        overlaps = (
            other.device == night.device and night.start < other.end and other.start < night.end
            for other in kept[-8:]
        )
        if not any(overlaps):
            kept.append(night)
    return sorted(kept, key=lambda n: n.record)


def _items(nights: list[Night]) -> Iterator[Item]:
    utc = pa.timestamp("s", tz="UTC")
    rows = pa.table(
        {
            "record": pa.array([n.record for n in nights], pa.int64()),
            "session": pa.array([f"{n.device or ''} {n.start}".strip() for n in nights]),
            "label": pa.array(["sleep"] * len(nights)),
            "device": pa.array([n.device for n in nights], pa.string()),
            "start_utc": pa.array([n.start for n in nights], pa.int64()).cast(utc),
            "end_utc": pa.array([n.end for n in nights], pa.int64()).cast(utc),
            **{key: pa.array([n.totals[key] for n in nights], pa.int64()) for key in TOTALS},
        }
    )
    yield from sleeps(rows, TOTALS)
    parts = [(n.record, *stage) for n in nights for stage in n.stages]
    if not parts:
        return
    records, begins, ends, names = (list(column) for column in zip(*parts, strict=True))
    told = pa.table({"record": pa.array(records, pa.int64()), "label": names,
                     "start_utc": pa.array(begins, pa.int64()).cast(utc),
                     "end_utc": pa.array(ends, pa.int64()).cast(utc)})  # fmt: skip
    stages = query(
        """select t.record, 'sleep_stage' as kind, t.label, session, t.start_utc, t.end_utc, device,
               session as key
           from told t join rows using (record) order by t.record, t.start_utc""",
        told=told,
        rows=rows,
    )
    yield shaped("episode", stages)


def stages(minutes: pa.Table, first: dict[str | None, int]) -> pa.Table:
    """Stages of the minutes in which somebody slept, before their band's first session."""
    limits = pa.table(
        {"device": pa.array(first, pa.string()), "since": pa.array(first.values(), pa.int64())}
    )
    return query(
        f"""select m.record, 'sleep_stage' as kind, case
                when (REM_SLEEP::int & 127) > 55 then 'rem'
                when (DEEP_SLEEP::int & 127) > 42 then 'deep' else 'light' end as label,
                m.start_utc, m.start_utc + interval 1 minute as end_utc, m.device
            from minutes m left join limits l on l.device is not distinct from m.device
            where RAW_KIND = {ASLEEP} and m.start_utc is not null
                and (since is null or epoch(m.start_utc) < since)
            order by m.record""",
        minutes=minutes,
        limits=limits,
    )
