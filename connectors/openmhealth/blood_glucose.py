"""Open mHealth `blood-glucose` data points (1.0 to 4.0), as a list or one per line.

One record is one data point: header and body. The time is an instant with the offset of the
recording, at a moment or over an interval. Each value stands with its unit, mg/dL or mmol/L, and
may be told with what was pricked: interstitial fluid is a sensor, anything else is a fingerstick
or a laboratory. Low is a number.

Evidence: the published schemas and their test data; a copy built on them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from connectors.contract import Connector, Fact, Head, Item, Source, Total
from connectors.reading.delimited import decoded
from connectors.reading.query import json_rows, query
from connectors.reading.table import Number, Plan, planned
from connectors.reading.text_sql import instant, offset_min, wall

SCHEMA = re.compile(r'"schema_id"\s*:\s*\{[^{}]*"name"\s*:\s*"blood-glucose"')
BODY = re.compile(r'"blood_glucose"\s*:\s*\{')
LISTED = re.compile(r'"cgm"\s*:\s*\[')  # AI-READI keeps all readings in one body
KIND = """case when contains(lower(specimen), 'interstitial') then 'interstitial_glucose'
    when specimen = '' and lower(modality) = 'sensed' then 'interstitial_glucose'
    else 'capillary_glucose' end"""
UNIT = "case lower(unit) when 'mg/dl' then 'mg/dL' when 'mmol/l' then 'mmol/L' end"
POINTS = """
    select record,
        coalesce(header ->> '$.id', header ->> '$.uuid', '') as id,
        coalesce(header ->> '$.schema_id.name', '') as name,
        coalesce(header ->> '$.acquisition_provenance.source_name', '') as app,
        coalesce(header ->> '$.acquisition_provenance.modality', header ->> '$.modality', '')
            as modality,
        coalesce(body ->> '$.blood_glucose.value', '') as value,
        coalesce(body ->> '$.blood_glucose.unit', '') as unit,
        coalesce(body ->> '$.specimen_source', '') as specimen,
        coalesce(body ->> '$.effective_time_frame.date_time',
            body ->> '$.effective_time_frame.time_interval.start_date_time', '') as stamp
    from points order by record
"""


def identify(head: Head) -> str | None:
    """`data_points` if the first data points are of blood glucose, or None."""
    text = decoded(head.first[:16_000])
    if text.lstrip()[:1] not in ("[", "{"):
        return None
    is_ours = SCHEMA.search(text) and BODY.search(text) and not LISTED.search(text)
    return "data_points" if is_ours else None


def extract(source: Source, variant: str) -> Iterator[Item]:
    """Glucose of sensors, fingersticks apart. Skips: `schema <name>`, `no_reading`.

    Raises: BrokenFile if the JSON is cut.
    """
    rows = query(POINTS, points=json_rows(source, {"header": "JSON", "body": "JSON"}))
    units = query(
        "select distinct unit from r where regexp_matches(unit, '\\S') order by unit", r=rows
    )
    for unit in units["unit"].to_pylist():
        yield Fact("unit", unit)
    yield Total(rows.num_rows)
    yield from planned(
        rows,
        Plan(
            stamp="stamp",
            stamp_column="effective_time_frame",
            times={
                "start_utc": instant("stamp"),
                "start_wall": wall("stamp"),
                "start_offset_min": offset_min("stamp"),
            },
            numbers=(
                Number(
                    "value",
                    metric_sql=KIND,
                    unit_sql=UNIT,
                    column="blood_glucose",
                    unit_column="unit",
                ),
            ),
            more={"key": "id", "device": "app"},
            skip="case when name <> 'blood-glucose' then 'schema ' || name end",
            nothing="no_reading",
            raw=("stamp", "value", "unit", "specimen"),
        ),
    )


CONNECTOR = Connector(
    name="openmhealth_blood_glucose",
    title="Open mHealth blood glucose",
    version="1",
    variants={"data_points": "unverified"},
    identify=identify,
    extract=extract,
    source="relay",
)
