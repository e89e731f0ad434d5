"""xDrip+ database (`Export database`: a zip with one .sqlite, or the file itself).

One record is one row of a table: a reading of the sensor, a calibration, a blood test, a
treatment, a sensor. The clock is milliseconds UTC. Glucose is mg/dL always; `calculated_value` is
what xDrip shows (`dg_mgdl`, the transmitter's own smoothed value, is not used). 38 and below are
faults of the sensor or nothing yet, 39 and 400 mean "this or beyond". A calibration is often a
blood test as well: both are carried, with the same metric, value and instant.

Evidence: xDrip's table definitions and readers of its database; no real database was seen.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Any

from connectors.contract import (
    BrokenFile,
    Connector,
    Fact,
    FormatDrift,
    Head,
    Item,
    Skip,
    Source,
    Total,
)
from connectors.reading.sqlite_file import MAGIC, columns_of, database_of, text_rows
from connectors.reading.table import Interval, Number, Plan, planned
from connectors.reading.text_sql import epoch

MARKS = (b"BgReadings", b"calculated_value")
FAULT, FLOOR, CEILING = 38, 39, 400  # xDrip's special values of a reading
FIRST_MS, LATEST_MS = 946_684_800_000, 4_102_444_800_000  # 2000 to 2100: seconds fall out
AT = f"""case when try_cast(timestamp as double) between {FIRST_MS} and {LATEST_MS}
    then {epoch("timestamp", 1000)} end"""
COMMON = ("timestamp", "uuid")


def _plan(**more: Any) -> Plan:
    return Plan(
        stamp="case when timestamp <> '0' then timestamp end",
        stamp_column="timestamp",
        times={"start_utc": AT},
        **more,
    )


PLANS = {
    "BgReadings": (
        ("calculated_value", "sensor_uuid"),
        _plan(
            numbers=(
                Number(
                    "calculated_value",
                    "interstitial_glucose",
                    "mg/dL",
                    "calculated_value",
                    is_zero_nothing=True,
                    floor=(FLOOR, FLOOR),
                    ceiling=(CEILING, CEILING),
                ),
            ),
            skip=f"""case when try_cast(calculated_value as double) <> 0
                and try_cast(calculated_value as double) <= {FAULT} then 'sensor_error_code' end""",
            nothing="no_reading",
            more={"key": "uuid", "device": "sensor_uuid"},
            raw=("timestamp", "calculated_value"),
        ),
    ),
    "Calibration": (
        ("bg",),
        _plan(
            numbers=(Number("bg", "capillary_glucose", "mg/dL", "bg", is_zero_nothing=True),),
            nothing="no_reading",
            more={"key": "uuid"},
            raw=("timestamp", "bg"),
        ),
    ),
    "BloodTest": (
        ("mgdl",),
        _plan(
            numbers=(Number("mgdl", "capillary_glucose", "mg/dL", "mgdl", is_zero_nothing=True),),
            nothing="no_reading",
            more={"key": "uuid"},
            raw=("timestamp", "mgdl"),
        ),
    ),
    "Treatments": (
        ("carbs", "insulin"),
        _plan(
            numbers=(
                Number("carbs", "dietary_carbohydrate", "g", "carbs", is_zero_nothing=True),
                Number("insulin", "insulin_bolus", "U", "insulin", is_zero_nothing=True),
            ),
            intervals=(Interval("try_cast(carbs as double) > 0", "meal"),),
            nothing="note_or_event",
            more={"key": "uuid"},
            raw=("timestamp", "carbs", "insulin"),
        ),
    ),
}


def identify(head: Head) -> str | None:
    """`sqlite` if the first pages define xDrip's table of readings, or None."""
    first = head.first
    is_ours = first.startswith(MAGIC) and all(mark in first for mark in MARKS)
    return "sqlite" if is_ours else None


def extract(source: Source, variant: str) -> Iterator[Item]:
    """Glucose, fingersticks, insulin, carbs and that something was eaten.

    Skips: `sensor_error_code`, `no_reading`, `note_or_event` (a treatment without a number),
    `sensor` (when one was started and where it sat).

    Raises: BrokenFile if it is damaged; FormatDrift without the table or columns of readings.
    """
    with database_of(source) as connection:
        yield from _items(connection)


def _items(connection: sqlite3.Connection) -> Iterator[Item]:
    if not {"calculated_value", "timestamp"} <= set(columns_of(connection, "BgReadings")):
        raise FormatDrift("no table BgReadings with calculated_value and timestamp; report it")
    yield Fact("unit", "mg/dL")
    records = 0
    for table, (columns, plan) in PLANS.items():
        if not columns_of(connection, table):
            continue
        for rows in text_rows(connection, table, (*COMMON, *columns), records):
            records += rows.num_rows
            yield Total(rows.num_rows)
            yield from planned(rows, plan)
    if columns_of(connection, "Sensors"):
        (sensors,) = connection.execute("select count(*) from Sensors").fetchone()
        records += sensors
        yield Total(sensors)
        if sensors:
            yield Skip("sensor", sensors)
    if records == 0:
        raise BrokenFile("a database without a single reading: export it again")


CONNECTOR = Connector(
    name="xdrip_database",
    title="xDrip+ database",
    version="1",
    variants={"sqlite": "unverified"},
    identify=identify,
    extract=extract,
    source="cgm",
)
