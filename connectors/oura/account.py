"""Oura: what the API answers, the app's data export, and the old trends CSV.

One record is one document (a sleep of any length; a day; a heart rate), or one line of a CSV. Times
are ISO with the offset of the recording, beginning and end each with its own; days are days of
waking. Heart rates of the day and steps are UTC, whatever offset is written. Totals are seconds.
Missing is null, in a CSV nothing or None. There are several sleeps a day: `rest` is no sleep,
`deleted` was taken back by the person.

What is where: documents (JSON of either version, however it was saved), version_1 (as version 2),
app_data (the export's semicolons), instants (heart rate and steps), sleep, series, days, workouts,
trends.

Evidence: 71 sleep documents, daily documents, heart rates and 13 nights of version 1, all real; a
trends file of 1 298 days. The app's export by headers and written accounts of other readers.
"""

from __future__ import annotations

from collections.abc import Iterator

from connectors.contract import Connector, Drift, FormatDrift, Head, Item, Source, Total
from connectors.oura.app_data import app_documents
from connectors.oura.days import DAY_DOCUMENT, day_documents
from connectors.oura.documents import MARKS, api_items, kind_of
from connectors.oura.instants import heart_rates_csv, steps_csv
from connectors.oura.sleep import SLEEP, sleeps
from connectors.oura.trends import COLUMNS, trends
from connectors.oura.workouts import WORKOUT, workouts
from connectors.reading.delimited import decoded, fields_of, lines_of
from connectors.reading.json_prefix import documents_in

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
        *("intensity", "label"),
    )
)


def identify(head: Head) -> str | None:
    """By the keys of the first documents or the cells of the header, or None."""
    told = {tuple(document) for _, document in documents_in(head, MARKS)}
    kinds = {kind_of(dict.fromkeys(keys)) for keys in told} - {None}
    if kinds:
        return f"api_{kinds.pop()}" if len(kinds) == 1 else "api_mixed"
    lines = lines_of(decoded(head.first))
    if len(lines) < 2 or not lines[1].strip() or lines[0][:1] in ("[", "{"):
        return None
    cells = set(fields_of(lines[0], ";"))
    if cells - {"id"} == {"end_time", "steps"}:
        return "app_steps_csv"
    kind = kind_of(dict.fromkeys(cells))
    if kind is not None:
        return f"app_{kind}_csv" if kind != "version_1" else None
    return "trends_csv" if len(TREND_MARKS & set(fields_of(lines[0], ","))) >= 2 else None


def extract(source: Source, variant: str) -> Iterator[Item]:
    """Sleeps with stages, totals and series; heart rate and steps of the day; workouts; daily
    scores, temperature, steps and oxygen.

    Skips: `rest_not_sleep`, `deleted`, `copy_without_id`, `no_value` (a day with nothing that was
    measured), `unused_endpoint`.

    Raises: FormatDrift if no document has a bedtime or a day; BrokenFile if the JSON is cut or has
    no document.
    """
    if variant == "trends_csv":
        yield from trends(source)
    elif variant == "app_heart_rate_csv":
        yield from heart_rates_csv(source)
    elif variant == "app_steps_csv":
        yield from steps_csv(source)
    elif variant.startswith("api_"):
        yield from api_items(source, OTHER_KEYS)
    else:
        yield from _app_items(source, variant)


def _app_items(source: Source, variant: str) -> Iterator[Item]:
    keys, required, read = {
        "app_sleep_csv": (SLEEP, "bedtime_start", sleeps),
        "app_daily_csv": (DAY_DOCUMENT, "day", day_documents),
        "app_workout_csv": (WORKOUT, "start_datetime", workouts),
    }[variant]
    header, rows, bad = app_documents(source, keys)
    yield Total(rows.num_rows + bad.data.num_rows)
    yield bad
    if rows.num_rows and rows[required].null_count == rows.num_rows:
        raise FormatDrift(f"no document has {required}; export again with all fields")
    known = OTHER_KEYS.union(SLEEP, DAY_DOCUMENT, WORKOUT)
    yield from (Drift(f"key {key}") for key in sorted(set(header) - known))
    yield from read(rows)


CONNECTOR = Connector(
    name="oura",
    title="Oura (API, app data, trends)",
    version="4",
    variants={
        "api_sleep": "verified",
        "api_daily": "verified",
        "api_heart_rate": "verified",
        "api_version_1": "verified",
        "api_workout": "unverified",
        "api_mixed": "verified",
        "app_sleep_csv": "unverified",
        "app_daily_csv": "unverified",
        "app_heart_rate_csv": "unverified",
        "app_steps_csv": "unverified",
        "app_workout_csv": "unverified",
        "trends_csv": "verified",
    },
    identify=identify,
    extract=extract,
    source="ring",
)
