"""Every table of the lake, declared once. Nothing else declares a column or a unit."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa


@dataclass(frozen=True)
class Metric:
    """One row of metrics.csv: a quantity, its canonical UCUM unit, its plausible range."""

    metric: str
    unit: str
    shape: str
    low: float
    high: float
    loinc: str
    description: str


def _metrics() -> dict[str, Metric]:
    with (Path(__file__).parent / "metrics.csv").open(newline="", encoding="utf-8") as lines:
        return {
            row["metric"]: Metric(
                **{**row, "low": float(row["low"]), "high": float(row["high"])}  # type: ignore[arg-type]
            )
            for row in csv.DictReader(lines)
        }


METRICS: dict[str, Metric] = _metrics()

_UTC = pa.timestamp("us", tz="UTC")
_WALL = pa.timestamp("us")
_PLACE = [
    ("participant_id", pa.string()),
    ("connector", pa.string()),
    ("file", pa.string()),  # first 16 hex digits of the sha256
    ("record", pa.int64()),  # line or running number in that file
]
_TIME = [
    ("start_at", _UTC),  # NULL where the instant is unresolved
    ("start_local", _WALL),
    ("end_at", _UTC),
    ("end_local", _WALL),
    ("time_basis", pa.string()),
]
SAMPLE = pa.schema(
    [
        *_PLACE[:1],
        ("metric", pa.string()),
        *_TIME,
        ("value", pa.float64()),  # in the metric's canonical unit
        ("unit", pa.string()),
        ("bound", pa.string()),
        ("flag", pa.string()),  # doubts, comma-separated; never a changed value
        ("reported_value", pa.float64()),
        ("reported_unit", pa.string()),
        ("device", pa.string()),
        ("key", pa.string()),
        ("interval_min", pa.float64()),  # CGM: minutes that one reading stands for
        ("sensor", pa.string()),  # CGM: sensor or transmitter, where the export names it
        ("sensor_day", pa.int32()),  # CGM: whole days since the sensor began
        ("occurrence", pa.int32()),  # 1, 2 ... of the rows of one stream at one instant
        *_PLACE[1:],
    ]
)
EPISODE = pa.schema(
    [
        *_PLACE[:1],
        ("kind", pa.string()),
        ("label", pa.string()),
        ("session", pa.string()),
        *_TIME,
        ("flag", pa.string()),
        ("device", pa.string()),
        ("key", pa.string()),
        *_PLACE[1:],
    ]
)
# Sleep and wake of each stream without overlaps: from `episode`
SLEEP_PART = pa.schema(
    [
        *_PLACE[:1],
        ("label", pa.string()),
        ("session", pa.string()),
        ("is_asleep", pa.bool_()),
        ("is_staged", pa.bool_()),
        *_TIME,
        ("covered_until", _UTC),  # latest end before it in its stream; NULL for the first
        ("asleep_until", _UTC),  # latest end of sleep before it in its stream
        ("flag", pa.string()),
        ("device", pa.string()),
        *_PLACE[1:],
    ]
)
DAILY = pa.schema(
    [
        *_PLACE[:1],
        ("metric", pa.string()),
        ("date", pa.date32()),
        ("value", pa.float64()),
        ("unit", pa.string()),
        ("flag", pa.string()),
        ("reported_value", pa.float64()),
        ("reported_unit", pa.string()),
        ("device", pa.string()),
        ("key", pa.string()),
        *_PLACE[1:],
    ]
)
STREAM = pa.schema(
    [
        ("participant_id", pa.string()),
        ("metric", pa.string()),
        ("connector", pa.string()),
        ("device", pa.string()),
        ("row_count", pa.int64()),
        ("first_at", _UTC),
        ("last_at", _UTC),
        (
            "interval_min",
            pa.float64(),
        ),  # median distance of neighbours, what one reading stands for
    ]
)
ZONE_TIMELINE = pa.schema(
    [
        ("participant_id", pa.string()),
        ("from_at", _UTC),  # NULL: from the beginning
        ("to_at", _UTC),  # NULL: to this day
        ("zone", pa.string()),
        ("basis", pa.string()),
        ("zone_name_count", pa.int64()),
        ("offset_count", pa.int64()),
        ("device_clock_count", pa.int64()),
        ("contradiction_count", pa.int64()),
    ]
)
CLOCK_FINDING = pa.schema(
    [
        ("participant_id", pa.string()),
        ("stream", pa.string()),
        ("from_at", _UTC),
        ("to_at", _UTC),
        ("kind", pa.string()),
        ("size_min", pa.int64()),
        ("explanation", pa.string()),
    ]
)
MAGE = pa.schema(
    [
        ("participant_id", pa.string()),
        ("date", pa.date32()),  # a day of the grid; NULL: all data
        ("reading_count", pa.int64()),
        ("observed_min", pa.float64()),
        ("span_min", pa.float64()),
        *(
            (f"mage_{kind}_mgdl", pa.float64())
            for kind in ("service", "plus", "minus", "avg", "max")
        ),
    ]
)
REJECT = pa.schema(
    [
        *_PLACE,
        ("code", pa.string()),
        ("field", pa.string()),
        ("raw", pa.string()),
    ]
)
SOURCE_FILE = pa.schema(
    [
        ("participant_id", pa.string()),
        ("file", pa.string()),
        ("byte_count", pa.int64()),
        ("sha256", pa.string()),
        ("connector", pa.string()),
        ("variant", pa.string()),
        ("connector_version", pa.string()),
        ("record_count", pa.int64()),
        ("carried_count", pa.int64()),
        ("skipped_count", pa.int64()),
        ("rejected_count", pa.int64()),
        ("skipped", pa.string()),  # JSON: reason -> count
        ("rejected", pa.string()),  # JSON: code -> count
        ("facts", pa.string()),  # JSON: what the file says about itself
        ("drift", pa.string()),  # JSON: columns, keys, codes not known; units in doubt
        ("first_time", _WALL),  # earliest and latest time in the file, as written
        ("last_time", _WALL),
        ("exported_at", _UTC),
    ]
)
TABLES: dict[str, pa.Schema] = {
    "sample": SAMPLE,
    "episode": EPISODE,
    "sleep_part": SLEEP_PART,
    "daily": DAILY,
    "stream": STREAM,
    "zone_timeline": ZONE_TIMELINE,
    "clock_finding": CLOCK_FINDING,
    "reject": REJECT,
    "source_file": SOURCE_FILE,
}

# What Python computes from views while a participant's rows of the views are made.
COMPUTED_TABLES: dict[str, pa.Schema] = {"mage": MAGE}

# What `dawnlake effect` computes from the views: not derived by a run, and gone with its data.
_NUMBER = pa.float64()
EFFECT = pa.schema(
    [
        *((name, pa.string()) for name in ("participant_id", "exposure", "outcome", "relation")),
        ("family", pa.string()),
        ("night_count", pa.int64()),
        ("first_date", pa.date32()),
        ("last_date", pa.date32()),
        *((name, _NUMBER) for name in ("slope", "slope_low", "slope_high")),
        ("slope_unit", pa.string()),
        ("detectable_slope", _NUMBER),
        *((name, _NUMBER) for name in ("p_value", "shift_p_value", "adjusted_p_value")),
        ("verdict", pa.string()),
        *((f"{third}_third_median", _NUMBER) for third in ("lowest", "highest")),
        *((f"third_difference{end}", _NUMBER) for end in ("", "_low", "_high")),
        ("contrast", pa.string()),
        ("fingerprint", pa.string()),
    ]
)
# Everyone's nights together: one file, and no participant
EFFECT_GROUP = pa.schema(
    [
        *((name, pa.string()) for name in ("exposure", "outcome", "relation", "family")),
        ("person_count", pa.int64()),
        ("night_count", pa.int64()),
        *((f"slope{end}", _NUMBER) for end in ("", "_low", "_high", "_p_value")),
        ("slope_adjusted_p_value", _NUMBER),
        ("slope_unit", pa.string()),
        *((name, _NUMBER) for name in ("spread_of_slopes", "i2_pct")),
        *((f"prediction_{end}", _NUMBER) for end in ("low", "high")),
        *((f"correlation{end}", _NUMBER) for end in ("", "_low", "_high", "_p_value")),
        ("model", pa.string()),
        ("note", pa.string()),
        ("fingerprint", pa.string()),
    ]
)
RESULTS: dict[str, pa.Schema] = {"effect": EFFECT, "effect_group": EFFECT_GROUP}


def table_of(rows: Sequence[Mapping[str, object]], schema: pa.Schema) -> pa.Table:
    """Rows as a table of a schema; its instants are microseconds in them."""
    columns = {
        field.name: (
            pa.array([row[field.name] for row in rows], pa.int64()).cast(field.type)
            if pa.types.is_timestamp(field.type)
            else pa.array([row[field.name] for row in rows], field.type)
        )
        for field in schema
    }
    return pa.table(columns, schema=schema)
