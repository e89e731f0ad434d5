"""Every table of the lake, declared once. Nothing else declares a column or a unit."""

from __future__ import annotations

import csv
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
    with (Path(__file__).parent / "metrics.csv").open(newline="") as lines:
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
        ("interval_min", pa.float64()),  # CGM: minutes that one reading of its stream stands for
        ("step_us", pa.int64()),  # CGM: since the reading before it in its stream, microseconds
        ("before_value", pa.float64()),  # that reading
        ("step2_us", pa.int64()),  # the same of the second before it
        ("before2_value", pa.float64()),
        ("high15_value", pa.float64()),  # the highest of a quarter of an hour before it
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
        ("drift", pa.string()),  # JSON: columns, keys and codes unknown to the connector
        ("first_time", _WALL),  # earliest and latest time in the file, as written
        ("last_time", _WALL),
        ("exported_at", _UTC),
    ]
)
TABLES: dict[str, pa.Schema] = {
    "sample": SAMPLE,
    "episode": EPISODE,
    "daily": DAILY,
    "stream": STREAM,
    "zone_timeline": ZONE_TIMELINE,
    "clock_finding": CLOCK_FINDING,
    "mage": MAGE,
    "reject": REJECT,
    "source_file": SOURCE_FILE,
}

# What `dawnlake effect` computes from the views: not derived by a run, and gone with its data.
EFFECT = pa.schema(
    [
        ("participant_id", pa.string()),
        ("exposure", pa.string()),
        ("outcome", pa.string()),
        ("relation", pa.string()),
        ("night_count", pa.int64()),
        ("first_date", pa.date32()),
        ("last_date", pa.date32()),
        ("slope", pa.float64()),
        ("slope_low", pa.float64()),
        ("slope_high", pa.float64()),
        ("slope_unit", pa.string()),
        ("detectable_slope", pa.float64()),
        ("p_value", pa.float64()),
        ("shift_p_value", pa.float64()),
        ("adjusted_p_value", pa.float64()),
        ("verdict", pa.string()),
        ("fingerprint", pa.string()),
    ]
)
# Everyone's nights together: one file, and no participant
EFFECT_GROUP = pa.schema(
    [
        ("exposure", pa.string()),
        ("outcome", pa.string()),
        ("person_count", pa.int64()),
        ("night_count", pa.int64()),
        ("correlation", pa.float64()),
        ("correlation_low", pa.float64()),
        ("correlation_high", pa.float64()),
        ("correlation_p_value", pa.float64()),
        ("slope", pa.float64()),
        ("slope_low", pa.float64()),
        ("slope_high", pa.float64()),
        ("slope_p_value", pa.float64()),
        ("slope_unit", pa.string()),
        ("model", pa.string()),
        ("fingerprint", pa.string()),
    ]
)
RESULTS: dict[str, pa.Schema] = {"effect": EFFECT, "effect_group": EFFECT_GROUP}

# What the columns of canonical tables mean, wherever they occur.
TABLE_COLUMNS = {
    "participant_id": "who",
    "metric": "what is measured (metrics.csv)",
    "kind": "sleep, sleep_stage, exercise, meal, note, health",
    "label": "stage, type or text of the episode",
    "session": "the vendor's own sleep that this belongs to",
    "date": "calendar date, as the vendor means it; of `mage` local, NULL for all data",
    "start_at": "begin (UTC); NULL where the instant is unresolved",
    "start_local": "begin on the wall clock",
    "end_at": "end (UTC)",
    "end_local": "end on the wall clock",
    "time_basis": "offset, utc, device_clock, zone, zone_inferred or unresolved",
    "value": "in the metric's canonical unit; NULL if the reported unit is unknown",
    "unit": "canonical unit (UCUM)",
    "bound": "< or > where the value is a limit",
    "flag": "doubts, comma-separated; a flag never changes a value",
    "reported_value": "as in the file",
    "reported_unit": "as in the file (UCUM)",
    "device": "device or app, as the export names it",
    "key": "the vendor's own identity of the fact",
    "interval_min": "CGM: minutes that one reading stands for, the median distance in its stream",
    "step_us": "CGM: microseconds since the reading before it in its stream, of those that count",
    "before_value": "CGM: that reading",
    "step2_us": "CGM: microseconds since the second reading before it",
    "before2_value": "CGM: that reading",
    "high15_value": "CGM: highest reading of the 15 minutes before it in its stream",
    "occurrence": "1, 2 ... of the rows of one stream at one instant",
    "connector": "export format",
    "file": "source file: first 16 hex digits of its sha256",
    "record": "line or record number in that file",
    "row_count": "rows of the stream",
    "first_at": "its first instant (UTC)",
    "last_at": "its last instant (UTC)",
    "from_at": "begin (UTC); of a zone NULL where it holds from the beginning",
    "to_at": "end (UTC); of a zone NULL where it holds to this day",
    "zone": "IANA name of the time zone",
    "basis": "home or settings (dawnlake.toml says so), evidence (the exports do)",
    "zone_name_count": "records beside which an export names this zone",
    "offset_count": "records for which an export states an offset of this zone",
    "device_clock_count": "stretches in which a phone's clock beside a counter fits this zone",
    "contradiction_count": "pieces of evidence in this time that say something else",
    "stream": "the source that it is about: connector and device",
    "size_min": "by how many minutes a clock was moved or is off; NULL if that is not the matter",
    "explanation": "both sides, in words",
    "reading_count": "chosen readings of all data; NULL for a day",
    "observed_min": "minutes with a value on the grid of five minutes",
    "span_min": "minutes from its first value to its last",
    "mage_service_mgdl": "mean amplitude of glycemic excursions, direction of the first one",
    "mage_plus_mgdl": "of upward excursions",
    "mage_minus_mgdl": "of downward excursions",
    "mage_avg_mgdl": "of both",
    "mage_max_mgdl": "of the larger of the two",
    "code": "why the record was not understood",
    "field": "the column or key at fault",
    "raw": "the record, or the part at fault, as in the file",
    "byte_count": "size of the file",
    "sha256": "of its bytes",
    "variant": "what its connector saw in it",
    "connector_version": "of the connector that read it",
    "record_count": "records of the file: carried, skipped and rejected",
    "carried_count": "of them carried",
    "skipped_count": "of them left out on purpose",
    "rejected_count": "of them not understood",
    "skipped": "JSON: reason and count",
    "rejected": "JSON: code and count",
    "facts": "JSON: what the file says about itself",
    "drift": "JSON: columns, keys and codes that its connector does not know",
    "first_time": "earliest time in the file, as written",
    "last_time": "latest time in the file, as written",
    "exported_at": "when the export was made (UTC), if it says",
    "exposure": "measure of the night: a column of night_to_day",
    "outcome": "measure of the day after: a column of night_to_day",
    "relation": "same_night, night_before, four_nights or reverse: the day, then the night",
    "night_count": "nights in which both are known",
    "person_count": "people with enough of them",
    "first_date": "first of these nights",
    "last_date": "last of them",
    "slope": "of what comes later on what comes first",
    "slope_low": "lower end of its 95 % interval",
    "slope_high": "upper end",
    "slope_unit": "what it counts",
    "slope_p_value": "its two-sided p",
    "detectable_slope": "size of a slope that would be told from 0 in four of five such series",
    "p_value": "two-sided, by bootstrap",
    "shift_p_value": "share of circular shifts that go together as closely",
    "adjusted_p_value": "p_value adjusted among all pairs and relations of one person",
    "verdict": "in words, from 28 nights on",
    "correlation": "repeated-measures correlation, -1 to 1",
    "correlation_low": "lower end of its 95 % interval",
    "correlation_high": "upper end",
    "correlation_p_value": "its two-sided p",
    "model": "what differs between people: level by person, or level and slope by person",
    "fingerprint": "of the nights that this rests on",
}
