"""AI-READI data set: a person's Dexcom G6 as Open mHealth JSON.

One record is one item of `body.cgm`: a reading. The instant is UTC; the authors made it of the wall
clock with one fixed offset for each person, so it is an hour off for part of the year: it is
carried as it stands. Glucose is mg/dL; Low and High are words. The transmitter's own counter stands
beside, as in the Clarity export that the set was made of.

Evidence: the pipeline that writes these files; a copy built for it, no file of the set was seen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from connectors.contract import BrokenFile, Connector, Fact, Head, Item, Source, Total
from connectors.reading.delimited import decoded
from connectors.reading.query import json_rows, query
from connectors.reading.table import Number, Plan, planned
from connectors.reading.text_sql import instant

MARKS = (re.compile(r'"name"\s*:\s*"blood-glucose"'), re.compile(r'"cgm"\s*:\s*\['))
KIND = """case event when 'EGV' then 'interstitial_glucose'
    when 'Calibration' then 'capillary_glucose' end"""
UNIT = "case lower(unit) when 'mg/dl' then 'mg/dL' when 'mmol/l' then 'mmol/L' end"
# The G6 reports 40 to 400 mg/dL. Source: its user guide
LOW, HIGH = (("low",), 40), (("high",), 400)
READINGS = """
    with items as (
        select header ->> '$.patient_id' as patient, header ->> '$.user_id' as person,
            unnest(json_extract(body, '$.cgm[*]')) as item,
            generate_subscripts(json_extract(body, '$.cgm[*]'), 1) as place, record as page
        from pages
    )
    select row_number() over (order by page, place) as record,
        coalesce(patient, person, '') as patient, coalesce(item ->> '$.event_type', '') as event,
        coalesce(item ->> '$.source_device_id', '') as device,
        coalesce(item ->> '$.blood_glucose.value', '') as value,
        coalesce(item ->> '$.blood_glucose.unit', '') as unit,
        coalesce(item ->> '$.effective_time_frame.time_interval.start_date_time',
            item ->> '$.effective_time_frame.date_time', '') as stamp,
        coalesce(item ->> '$.transmitter_time.value', '') as ticks,
        coalesce(item ->> '$.transmitter_id', '') as transmitter
    from items order by page, place
"""


def identify(head: Head) -> str | None:
    """`json` for a blood-glucose document with a list `cgm`, or None."""
    if not head.first.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        return None
    text = decoded(head.first[:8000])
    return "json" if all(mark.search(text) for mark in MARKS) else None


def extract(source: Source, variant: str) -> Iterator[Item]:
    """Glucose with its bounds and the transmitter's counter. Skips: `no_reading`.

    Raises: BrokenFile if the JSON is cut, or has no reading.
    """
    rows = query(READINGS, pages=json_rows(source, {"header": "JSON", "body": "JSON"}))
    if rows.num_rows == 0:
        raise BrokenFile("no reading in body.cgm: get the file again")
    yield Fact("unit", "mg/dL")
    yield Total(rows.num_rows)
    counted = "transmitter <> '' and try_cast(ticks as bigint) is not null"
    yield from planned(
        rows,
        Plan(
            stamp="stamp",
            stamp_column="start_date_time",
            times={"start_utc": instant("stamp")},
            numbers=(
                Number(
                    "value",
                    metric_sql=KIND,
                    unit_sql=UNIT,
                    column="blood_glucose",
                    metric_column="event_type",
                    unit_column="unit",
                    low=LOW,
                    high=HIGH,
                ),
            ),
            more={
                "device": "device",
                "clock_id": f"case when {counted} then transmitter end",
                "clock_s": f"case when {counted} then try_cast(ticks as bigint) end",
                "key": f"case when {counted} then transmitter || '/' || ticks end",
            },
            subject="patient",
            nothing="no_reading",
            raw=("stamp", "event", "value", "unit"),
        ),
    )


CONNECTOR = Connector(
    name="research_aireadi",
    title="AI-READI data set: Dexcom G6",
    version="1",
    variants={"json": "unverified"},
    identify=identify,
    extract=extract,
    source="cgm",
)
