"""Samsung Health's `*.binning_data.json`: minutes of what a row of a CSV sums up.

One record is one object of the list, with milliseconds since 1970 and no offset. What is measured,
its keys tell. Small by nature: at most some hundred of them, in one file for each row.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from typing import Any

from connectors.contract import BrokenFile, Drift, Item, Source, Total, batch
from connectors.reading.json_damage import broken_json

# Key: metric, unit. Source: a real export's files of heart rate; public readers for the others.
QUANTITIES = {
    "heart_rate": ("heart_rate", "/min"),
    "rmssd": ("heart_rate_variability_rmssd", "ms"),
    "sdnn": ("heart_rate_variability_sdnn", "ms"),
    "spo2": ("oxygen_saturation", "%"),
    "temperature": ("skin_temperature", "Cel"),
    "respiratory_rate": ("respiratory_rate", "/min"),
}
_OTHERS = frozenset(
    ("start_time", "end_time", *(f"{key}_{end}" for key in QUANTITIES for end in ("min", "max")))
)
_LATEST_MS = 253_402_300_799_000  # the end of the year 9999


def are_bins(values: list[object]) -> bool:
    """Whether the start of a file is a list of bins, and nothing else."""
    found = values[0] if len(values) == 1 else None
    if not isinstance(found, list) or not found or not isinstance(found[0], dict):
        return False
    keys = found[0].keys()
    has_times = isinstance(found[0].get("start_time"), int) and "end_time" in keys
    return has_times and bool(keys & QUANTITIES.keys()) and keys <= {*QUANTITIES, *_OTHERS}


def bins(source: Source) -> Iterator[Item]:
    """Samples over each bin; of breathing and others 0 is no signal, and a reject.

    Raises: BrokenFile if the JSON is cut or holds no bin.
    """
    try:
        found = json.loads(source.read())
    except (ValueError, RecursionError) as error:
        raise broken_json(source, error) from None
    if not isinstance(found, list) or not found:
        raise BrokenFile("no bin in this file; export it again")
    yield Total(len(found))
    keys = {key for each in found if isinstance(each, dict) for key in each}
    yield from (Drift(f"key {key}") for key in sorted(keys - {*QUANTITIES, *_OTHERS}))
    rows: list[tuple[int, str, str, float, dt.datetime, dt.datetime | None]] = []
    bad: list[tuple[int, str, str | None, str]] = []
    for record, each in enumerate(found, 1):
        _read(record, each, rows, bad)
    if rows:
        names = ("record", "metric", "unit", "value", "start_utc", "end_utc")
        yield batch("sample", **_columns(names, rows))
    if bad:
        yield batch("reject", **_columns(("record", "code", "field", "raw"), bad))


def _read(record: int, each: Any, rows: list[Any], bad: list[Any]) -> None:
    text = json.dumps(each)[:1000]
    if not isinstance(each, dict):
        bad.append((record, "broken_row", None, text))
        return
    start, end = _moment(each.get("start_time")), _moment(each.get("end_time"))
    told = [key for key in QUANTITIES if each.get(key) is not None]
    if start is None:
        bad.append((record, "unreadable_time", "start_time", text))
    elif end is not None and end < start:
        bad.append((record, "end_before_start", "end_time", text))
    elif not told:
        bad.append((record, "missing_value", None, text))
    else:
        for key in told:
            value = each[key]
            if not isinstance(value, int | float) or value != value:
                bad.append((record, "unreadable_number", key, text))
            elif value == 0:
                bad.append((record, "missing_value", key, text))
            else:
                rows.append((record, *QUANTITIES[key], float(value), start, end))


def _moment(value: object) -> dt.datetime | None:
    if not isinstance(value, int) or not 0 < value < _LATEST_MS:
        return None
    return dt.datetime.fromtimestamp(0, dt.UTC) + dt.timedelta(milliseconds=value)


def _columns(names: tuple[str, ...], rows: list[Any]) -> dict[str, list[Any]]:
    return {name: list(column) for name, column in zip(names, zip(*rows, strict=True), strict=True)}
