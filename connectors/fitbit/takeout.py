"""Fitbit and Google Health data in a Google Takeout (folders `Fitbit` or `Google Health`).

One record is one sleep log, one reading, one minute or one day, by the kind of file; the variant
is that kind. Sleep logs are naive wall clock in the offset of their start, heart rate and steps
JSON are UTC in MM/DD/YY, folder CSVs have a clock each, the `..._GoogleData` CSVs are UTC but for
some kinds of the generation of 2025, which lacks a column.
Units are fixed: /min, ms, %, Cel, minutes. There is no Low; -1, NaN, 0 and an oxygen saturation
of 50.0 stand for nothing. Streams we do not use (calories, distance, ...) are not claimed.

What is where: sleep.py (logs), series.py (other JSON, score, temperature), google.py (sleeps of
2025+), streams.py (all CSVs of one quantity), sheet.py (what CSVs share).

Evidence: 24 sleep files with 970 logs, 2021-2026, folder CSVs and Google CSVs of real Takeouts
with the vendor's own readme files. Unverified variants: header from other people's parsers and
fixtures only. No real file is at hand here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Literal

from connectors.contract import Connector, Head, Item, Source
from connectors.fitbit import google as fitbit_google
from connectors.fitbit import series as fitbit_series
from connectors.fitbit.series import STEPS_A_MINUTE
from connectors.fitbit.sleep import MARKS, sleep_items
from connectors.fitbit.streams import STREAMS, carried
from connectors.reading.json_prefix import documents_in, values_in

_SPECIAL: dict[str, Callable[[Source], Iterator[Item]]] = {
    "heart_rate_json": fitbit_series.heart_rate,
    "steps_json": fitbit_series.steps,
    "resting_heart_rate_json": fitbit_series.resting_heart_rate,
    "sleep_score_csv": fitbit_series.sleep_score,
    "computed_temperature_csv": fitbit_series.computed_temperature,
    "google_sleeps_csv": fitbit_google.sleeps,
    "google_sleeps_2025_csv": partial(fitbit_google.sleeps, is_wall=True),
    "google_sleep_stages_csv": fitbit_google.stages,
    "google_sleep_stages_2025_csv": partial(fitbit_google.stages, is_wall=True),
    "google_sleep_scores_csv": fitbit_google.scores,
}
# First header cells by which a CSV is claimed; what else it needs is looked at in `extract`.
_HEADERS = {
    "sleep_score_csv": "sleep_log_entry_id,timestamp,overall_score",
    "computed_temperature_csv": "type,sleep_start,sleep_end,temperature_samples",
    "google_sleeps_csv": "sleep_id,sleep_type",
    "google_sleep_stages_csv": "sleep_id,sleep_stage_id,sleep_stage_type",
    "google_sleep_scores_csv": "sleep_id,sleep_score_id",
    **{name: stream.header for name, stream in STREAMS.items() if "_2025_" not in name},
}
# Of the generation of 2025, by the column that it lacks. Source: real files.
_LACKS = {
    "google_sleeps_csv": "algorithm_version",
    "google_sleep_stages_csv": "algorithm_version",
    "google_hrv_csv": "data source",
    "google_respiratory_sleep_csv": "data source",
}
_START = r'\s*\[\s*\{\s*"dateTime"\s*:\s*"\d\d/\d\d/\d\d \d\d:\d\d:\d\d"\s*,\s*"value"\s*:\s*'
_JSON = {
    "heart_rate_json": re.compile(_START + r'\{\s*"bpm"\s*:'),
    "resting_heart_rate_json": re.compile(_START + r'\{\s*"date"\s*:'),
    "steps_json": re.compile(_START + r'"\d+"'),
}
_MINUTE = re.compile(r'"dateTime"\s*:\s*"\S+ (\S+)"\s*,\s*"value"\s*:\s*"(\d+)"')


def identify(head: Head) -> str | None:
    """The kind of file, by the keys of its first object or the cells of its first line."""
    text = head.first.decode("utf-8", errors="replace").removeprefix("\ufeff")
    if text.lstrip()[:1] in ("[", "{"):
        return _json_variant(text) or _log_variant(head)
    return _csv_variant(text)


def extract(source: Source, variant: str) -> Iterator[Item]:
    """Sessions, stages and totals of sleeps; samples; daily values.

    Skips: `not_computed`, `invalid_floor`, `padding`, `older_algorithm`.

    Raises: BrokenFile for JSON that is cut, FormatDrift for a missing column.
    """
    if variant in STREAMS:
        return carried(source, STREAMS[variant])
    if variant in _SPECIAL:
        return _SPECIAL[variant](source)
    return sleep_items(source)


def _json_variant(text: str) -> str | None:
    start = text[:1024]
    found = next((variant for variant, keys in _JSON.items() if keys.match(start)), None)
    return None if found == "steps_json" and not _are_steps(text) else found


def _log_variant(head: Head) -> str | None:
    """Whether there are sleep logs, in a list as in a Takeout or as an answer of the Web API."""
    under, log = next(documents_in(head, MARKS), ("", {}))
    if not (isinstance(log.get("dateOfSleep"), str) and {"logId", "isMainSleep"} & log.keys()):
        return None
    return (
        "sleep_json" if under == "" and isinstance(values_in(head)[0], list) else "sleep_api_json"
    )


def _are_steps(text: str) -> bool:
    """Whether minutes of counts are steps: distance, altitude and daily minutes look the same.

    Distance is in centimetres (a step is more than 40), altitude in tens; daily ones stand at
    midnight. A file without a single small count is not claimed.
    """
    minutes = _MINUTE.findall(text)
    counts = [int(count) for _, count in minutes]
    return (
        any(time != "00:00:00" for time, _ in minutes)
        and max(counts, default=0) <= STEPS_A_MINUTE
        and any(0 < count < 40 and count % 10 for count in counts)
    )


def _csv_variant(text: str) -> str | None:
    line, _, below = text.partition("\n")
    cells = [cell.strip().strip('"') for cell in line.split(",")]
    found = {
        variant
        for variant, header in _HEADERS.items()
        if cells[: header.count(",") + 1] == header.split(",")
    }
    if "google_heart_rate_csv" in found:  # the two have one header
        is_daily = _is_daily(below)
        found = {"google_daily_resting_heart_rate_csv" if is_daily else "google_heart_rate_csv"}
    if "spo2_minute_csv" in found and not (len(cells) == 2 and _are_saturations(below)):
        return None
    variant = next(iter(found), None)
    if variant is None or (len(cells) == 2 and "google" in variant and not _are_instants(below)):
        return None
    if variant in _LACKS and _LACKS[variant] not in cells:
        return variant.replace("_csv", "_2025_csv")
    return variant if below.strip() else None


def _are_instants(below: str) -> bool:
    """Whether rows are as Google writes them, where the header could be anybody's."""
    rows = [line for line in below.split("\n")[:100] if line.strip()]
    shape = r"[\d-]{10}[T ][\d:]{8}(\.\d+)?(Z|\+0000),-?[\d.]+\s*"
    return bool(rows) and all(re.fullmatch(shape, row) for row in rows[:-1] or rows)


def _is_daily(below: str) -> bool:
    """Whether every row stands at midnight: resting heart rate has the header of heart rate."""
    rows = [line for line in below.split("\n")[:1000] if line.strip()]
    return bool(rows) and all(
        re.match(r"[\d-]{10}T00:00:00(\.0+)?Z,", row) for row in rows[:-1] or rows
    )


def _are_saturations(below: str) -> bool:
    """Whether `timestamp,value` is of oxygen: UTC instants, values of 50 to 100."""
    rows = below.split("\n")
    rows = (rows[:-1] or rows)[:1000]
    found = [re.fullmatch(r"[\d-]{10}T[\d:.]{8,}Z,(\d{2,3}(?:\.\d+)?)\r?", row) for row in rows]
    return bool(found) and all(row is not None and 50 <= float(row[1]) <= 100 for row in found)


_UNVERIFIED = (
    "sleep_api_json",
    "google_body_temperature_csv",
    "google_daily_resting_heart_rate_csv",
    "google_daily_respiratory_csv",
    "google_respiratory_sleep_csv",
    "google_spo2_csv",
    "google_daily_spo2_csv",
)


_VARIANTS = (
    *_JSON,
    "sleep_json",
    "sleep_api_json",
    *_HEADERS,
    *(n.replace("_csv", "_2025_csv") for n in _LACKS),
)


def _evidence(variant: str) -> Literal["verified", "unverified"]:
    return "unverified" if variant in _UNVERIFIED else "verified"


CONNECTOR = Connector(
    name="fitbit_takeout",
    title="Fitbit / Google Health Takeout",
    version="3",
    variants={variant: _evidence(variant) for variant in _VARIANTS},
    identify=identify,
    extract=extract,
    lists=frozenset({"heart_rate_json", "resting_heart_rate_json", *STREAMS}),
    source="watch",
)
