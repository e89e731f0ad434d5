"""Nutrisense CSV (data export of the app; the sensor is a FreeStyle Libre).

One record is one line: of a class that its first cell names. The clock is naive, without seconds,
in American order; whose zone it is, is not known. Glucose is mg/dL, which no header says; it is
not clamped, values below 20 occur. Steps and distance are a day's total, written at 23:59. A meal
has words and no numbers. Some files begin with a line `Nutrisense,<name>` that an importing tool
put there.

Evidence: a real export of 16 000 readings (2021), read in a disguised copy and in a small public
one; cgmr's reader. Both were saved by a spreadsheet, so ISO times are read as well.
"""

from __future__ import annotations

from collections.abc import Iterator

from connectors.contract import Connector, Fact, Head, Item, Source, Total
from connectors.reading.columns import named, unknown
from connectors.reading.delimited import decoded, lines_of, rows_below
from connectors.reading.head_cells import head_rows, header_row
from connectors.reading.table import Interval, Number, Plan, parsed, planned
from connectors.reading.text_sql import instant, offset_min, wall

NEEDED = {cell: cell for cell in ("class", "value", "time", "occurred_at", "description")}
PERHAPS = {cell: cell for cell in ("started_at", "ended_at")}
# Known and left alone: `length` repeats the interval, the rest is text of persons, or a picture.
LEFT = ("length", "photo_url", "body", "updated_at", "created_by")
FORMATS = ("%-m/%-d/%y %-H:%M", "%-m/%-d/%Y %-H:%M")
SKIP = """case class when 'Note' then 'note' when 'BloodPressureMeasurement' then 'blood_pressure'
    when 'RunningDistanceMeasurement' then 'distance_without_unit'
    when 'StepCountMeasurement' then case when {at} is not null and
        strftime({at}, '%H:%M') <> '23:59' then 'steps_of_an_unknown_time' end end"""
METRIC = """case class when 'GlucoseMeasurement' then 'interstitial_glucose'
    when 'BloodGlucoseMeasurement' then 'capillary_glucose' end"""
STEPS = "class = 'StepCountMeasurement'"


def identify(head: Head) -> str | None:
    """`csv` for these columns in the first line, or in the second below a tool's own, or None."""
    return "csv" if header_row(head, [*NEEDED, *LEFT], lines=2) else None


def extract(source: Source, variant: str) -> Iterator[Item]:
    """Glucose, fingersticks apart, steps of a day; meals with their words, exercise.

    Skips: `note`, `blood_pressure`, `distance_without_unit`, `steps_of_an_unknown_time`,
    `no_reading`.
    """
    lines = lines_of(decoded(source.read()))
    place = 0 if set(NEEDED) <= set(head_rows(source)[0].cells) else 1
    rows = rows_below(lines, place, ",")
    yield Fact("unit", "mg/dL")
    yield Fact("unit_basis", "documentation")
    yield Total(rows.records)
    yield from unknown(rows.header, [*NEEDED, *PERHAPS, *LEFT])
    yield from rows.unreadable()
    # exercise stands at its own start, which is when it occurred
    stamp = "coalesce(nullif(occurred_at, ''), started_at)"
    at = f"coalesce({wall(stamp)}, {parsed(stamp, *FORMATS)})"
    no_date = f"case when not {STEPS} then {{}} end"
    yield from planned(
        named(rows, NEEDED, PERHAPS),
        Plan(
            stamp=stamp,
            stamp_column="occurred_at",
            times={
                "start_utc": no_date.format(instant(stamp)),
                "start_wall": no_date.format(at),
                "start_offset_min": no_date.format(offset_min(stamp)),
                "end_utc": instant("ended_at"),
                "end_wall": f"coalesce({wall('ended_at')}, {parsed('ended_at', *FORMATS)})",
                "date": f"case when {STEPS} then cast({at} as date) end",
            },
            numbers=(
                Number(
                    "value",
                    metric_sql=METRIC,
                    unit="mg/dL",
                    column="value",
                    metric_column="class",
                    when=f"class not in ('Meal', 'ExerciseActivity') and not {STEPS}",
                ),
                Number("value", "step_count", "{count}", "value", when=STEPS, shape="daily"),
            ),
            intervals=(
                Interval(
                    "class = 'Meal'", "meal", "concat_ws(': ', nullif(time, ''), description)"
                ),
                Interval("class = 'ExerciseActivity'", "exercise"),
            ),
            end="case when class = 'ExerciseActivity' then ended_at end",
            end_column="ended_at",
            skip=SKIP.format(at=at),
            nothing="no_reading",
            raw=("class", "value", "occurred_at"),
        ),
    )


CONNECTOR = Connector(
    name="nutrisense_export",
    title="Nutrisense CSV",
    version="1",
    variants={"csv": "verified"},
    identify=identify,
    extract=extract,
    source="cgm",
)
