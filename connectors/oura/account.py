"""Oura: sleep and daily documents of the API, of the app's data export, and the old trends CSV.

One record is one document (a sleep of any length; a day), or one line of a CSV. Times are ISO
with the offset of the recording, beginning and end each with its own; days are days of waking.
Totals are seconds. Missing is null, in a CSV nothing or None. There are several sleeps a day:
`rest` is no sleep, `deleted` was taken back by the person.

The export (`App Data`) writes the same documents with semicolons between, objects unquoted in
their cell, and some lines lack the leading id.

Evidence: 71 sleep documents and the daily_sleep documents of the API; a trends file of 1 298 days.
Readiness, activity and oxygen documents by the API description, the app's export by headers in
other readers: both marked unverified.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pyarrow as pa

from connectors.contract import (
    Connector,
    Drift,
    FormatDrift,
    Head,
    Item,
    Source,
    Total,
    batch,
)
from connectors.oura.days import DAY_DOCUMENT, day_documents
from connectors.oura.sleep import SLEEP, sleeps
from connectors.oura.trends import COLUMNS, trends
from connectors.reading.delimited import decoded, fields_of, lines_of
from connectors.reading.json_head import first_objects, unknown_keys
from connectors.reading.query import json_rows, query

SLEEP_MARKS = {
    *("bedtime_start", "bedtime_end", "sleep_phase_5_min", "lowest_heart_rate", "average_hrv"),
    *("total_sleep_duration", "deep_sleep_duration", "rem_sleep_duration", "average_breath"),
}
DAY_MARKS = (
    {"score", "contributors"},
    {"score", "temperature_deviation"},
    {"spo2_percentage", "day"},
    {"steps", "equivalent_walking_distance", "day"},
)
TREND_MARKS = COLUMNS.keys() - {"date", "Steps", "Sleep Score"}  # others write these, too
# Known and not carried. Source: API description (v2) and its documents.
OTHER_KEYS = frozenset(
    (
        *("awake_time", "low_battery_alert", "movement_30_sec", "period", "ring_id", "timestamp"),
        *("readiness_score_delta", "restless_periods", "sleep_score_delta", "sleep_midpoint"),
        *("sleep_algorithm_version", "sleep_analysis_reason", "app_sleep_phase_5_min", "segment"),
        *("temperature_trend_deviation", "average_met_minutes", "class_5_min", "met"),
        *("equivalent_walking_distance", "high_activity_met_minutes", "high_activity_time"),
        *("inactivity_alerts", "low_activity_met_minutes", "low_activity_time"),
        *("medium_activity_met_minutes", "medium_activity_time", "meters_to_target"),
        *("non_wear_time", "resting_time", "sedentary_met_minutes", "sedentary_time"),
        *("target_calories", "target_meters", "total_calories", "breathing_disturbance_index"),
    )
)
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}", re.IGNORECASE)
_MARK = re.compile(r'"[^"]*"|[;{}\[\]]')


def identify(head: Head) -> str | None:
    """By the keys of the first documents or the cells of the header, or None."""
    for document in first_objects(head, under="data"):
        if kind := _kind(set(document)):
            return f"api_{kind}"
    lines = lines_of(decoded(head.first))
    if not lines:
        return None
    if kind := _kind(set(fields_of(lines[0], ";"))):
        return f"app_{kind}_csv"
    return "trends_csv" if len(TREND_MARKS & set(fields_of(lines[0], ","))) >= 2 else None


def extract(source: Source, variant: str) -> Iterator[Item]:
    """Sleeps with stages, totals and series; daily scores, temperature, steps and oxygen.

    Skips: `rest_not_sleep`, `deleted`, `no_value` (a day with nothing that was measured).

    Raises: FormatDrift if no document has a bedtime or a day; BrokenFile if the JSON is cut.
    """
    if variant == "trends_csv":
        yield from trends(source)
        return
    is_sleep = "sleep" in variant
    keys, required = (SLEEP, "bedtime_start") if is_sleep else (DAY_DOCUMENT, "day")
    if variant.startswith("api_"):
        documents = _api_documents(source, keys)
        objects = first_objects(source, under="data")
        yield Total(documents.num_rows)
    else:
        header, documents, bad = _app_documents(source, keys)
        objects = [dict.fromkeys(header)]
        yield Total(documents.num_rows + len(bad))
        if bad:
            numbers, codes, texts = zip(*bad, strict=True)
            yield batch("reject", record=[*numbers], code=[*codes], raw=[*texts])
    if documents.num_rows and documents[required].null_count == documents.num_rows:
        raise FormatDrift(f"no document has {required}; export again with all fields")
    for key in unknown_keys(objects, OTHER_KEYS.union(keys, SLEEP, DAY_DOCUMENT)):
        yield Drift(f"key {key}")
    yield from (sleeps if is_sleep else day_documents)(documents)


def _kind(keys: set[str]) -> str | None:
    if len(SLEEP_MARKS & keys) >= 4:
        return "sleep"
    return "daily" if any(marks <= keys for marks in DAY_MARKS) else None


def _api_documents(source: Source, keys: tuple[str, ...]) -> pa.Table:
    """Text columns of documents under `data` (pages may follow one another), or bare."""
    if re.match(r'\{.{0,500}?"data"\s*:\s*\[', decoded(source.first).lstrip(), re.DOTALL):
        pages = json_rows(source, {"data": "JSON[]"})
        cells = ", ".join(f"nullif(doc ->> '$.{key}', '') as {key}" for key in keys)
        return query(
            f"""select row_number() over () as record, {cells}
                from (select unnest(data) as doc from pages)""",
            pages=pages,
        )
    rows = json_rows(source, dict.fromkeys(keys, "JSON"))
    cells = ", ".join(f"nullif({key} ->> '$', '') as {key}" for key in keys)
    return query(f"select record, {cells} from rows", rows=rows)


def _app_documents(
    source: Source, keys: tuple[str, ...]
) -> tuple[list[str], pa.Table, list[tuple[int, str, str]]]:
    """Header, text columns, and lines that cannot be followed; a few thousand lines at most."""
    lines = lines_of(decoded(source.read()))
    header = _cells(lines[0]) or []
    kept: list[tuple[int, dict[str, str]]] = []
    bad: list[tuple[int, str, str]] = []
    for number, line in enumerate(lines[1:], start=2):
        cells = _cells(line)
        if cells is None:
            bad.append((number, "broken_row", line))
            continue
        if len(cells) == len(header) - 1 and not UUID.fullmatch(cells[0]):
            cells = ["", *cells]  # the id is what such lines lack
        if line.strip() and len(cells) != len(header):
            bad.append((number, "ragged_row", line))
        elif line.strip():
            kept.append((number, dict(zip(header, cells, strict=True))))
    columns = {
        key: pa.array([row.get(key) or None for _, row in kept], pa.string()) for key in keys
    }
    return header, pa.table({"record": pa.array([n for n, _ in kept], pa.int64()), **columns}), bad


def _cells(line: str) -> list[str] | None:
    """Cells between semicolons that are not inside an object, a list or quotes; None if cut."""
    cells, depth, start = [], 0, 0
    for mark in _MARK.finditer(line):
        if mark.group() == ";" and depth == 0:
            cells.append(line[start : mark.start()])
            start = mark.end()
        depth += (mark.group() in ("{", "[")) - (mark.group() in ("}", "]"))
    cells.append(line[start:])
    return [_bare(cell.strip()) for cell in cells] if depth == 0 else None


def _bare(cell: str) -> str:
    """A cell without the quotes around it; None and null are nothing."""
    if len(cell) > 1 and cell[0] == cell[-1] == '"':
        cell = cell[1:-1].replace('""', '"')
    return "" if cell in ("None", "null") else cell


CONNECTOR = Connector(
    name="oura",
    title="Oura (API, app data, trends)",
    version="2",
    variants={
        "api_sleep": "verified",
        "api_daily": "unverified",
        "app_sleep_csv": "unverified",
        "app_daily_csv": "unverified",
        "trends_csv": "verified",
    },
    identify=identify,
    extract=extract,
    source="ring",
)
