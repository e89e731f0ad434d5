"""Medtronic CareLink Connect (JSON answers of the cloud, as followers' programs save them).

One record is one element of `sgs` (a reading of the last 24 hours) or of `markers` (insulin, meals
and what the loop gave). The clock is the pump's naive one; older answers end it in `Z` or `-00:00`,
which is not true, as `medicalDeviceTime` is that clock dressed as an instant. A reading of 0 is
none. The unit stands once, in bgUnits.

Evidence: the sample of a public program (780G, 2025); a copy in mmol/L made by its shape. Answers
of the older service only as other programs read them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pyarrow as pa

from connectors.contract import Connector, Drift, Fact, Head, Item, Source, Total, shaped
from connectors.reading.query import json_rows, query
from connectors.reading.text_sql import number, wall
from connectors.reading.verdicts import carried, left_out

PAGE = (
    *("patientData", "sgs", "markers", "bgUnits", "clientTimeZoneName"),
    "medicalDeviceInformation",
)
# Three of these at the start are an answer; the lists may stand before some of them.
MARKS = ("bgUnits", "medicalDeviceTime", "sgBelowLimit", "lastConduitDateTime", "lastSG")
UNITS = {"MGDL": "mg/dL", "MG_DL": "mg/dL", "MMOL_L": "mmol/L", "MMOLL": "mmol/L"}
ZONE = re.compile(r"^[A-Z][A-Za-z_]+/[A-Za-z_/+-]+$")  # an IANA name, not `Eastern Standard Time`
# Markers in which nothing is measured. Source: the sample; others are told as drift.
ASIDE = ("AUTO_MODE_STATUS", "LOW_GLUCOSE_SUSPENDED", "TIME_CHANGE")
MEASURED = ("MEAL", "INSULIN", "AUTO_BASAL_DELIVERY", "CALIBRATION", "BG_READING", "BG")


def identify(head: Head) -> str | None:
    """`json` where the answer names its unit and has readings, else None."""
    first = head.first
    is_answer = sum(f'"{mark}"'.encode() in first for mark in MARKS) >= 3
    return "json" if is_answer and first.lstrip(b"\xef\xbb\xbf \r\n\t[")[:1] == b"{" else None


def extract(source: Source, variant: str) -> Iterator[Item]:
    """Samples of glucose, boluses, basal insulin of the loop and carbohydrate; meals.

    Skips: `no_reading` (0), `loop_status`, `other_marker` (told as drift), `nothing_given`.

    Raises: BrokenFile if the JSON is cut.
    """
    rows = json_rows(source, dict.fromkeys(PAGE, "JSON"))
    items = query(_ITEMS, rows=rows)
    yield Total(items.num_rows)
    judged = query(_JUDGED, items=items)
    for unit in _distinct("unit", judged):
        yield Fact("unit", unit)
    for zone in _distinct("zone", judged):
        if ZONE.match(zone):
            yield Fact("timezone", zone)
    for name in _distinct("if(verdict = 'other_marker', marker, null)", judged):
        yield Drift(f"marker {name}")
    yield from left_out(judged)
    sound = carried(judged)
    yield shaped("sample", query(_SAMPLES, sound=sound))
    yield shaped("episode", query(_EPISODES, sound=sound))


def _distinct(expression: str, judged: pa.Table) -> list[str]:
    """The values of an expression over the records, in their order, without NULL and ''."""
    rows = query(
        f"select distinct {expression} as v from judged where v <> '' order by v", judged=judged
    )
    return [str(value) for value in rows["v"].to_pylist()]


_INSIDE = ", ".join(
    f"""coalesce("{key}", json_extract("patientData", '$.{key}')) as {key.lower()}_j"""
    for key in PAGE[1:]
)
_ITEMS = f"""
    with pages as (select record as page, {_INSIDE} from rows
    ), found as (
        select page, 1 as part, unnest(json_extract(sgs_j, '$[*]')) as item,
            generate_subscripts(json_extract(sgs_j, '$[*]'), 1) as place, bgunits_j,
            clienttimezonename_j, medicaldeviceinformation_j
        from pages
        union all
        select page, 2, unnest(json_extract(markers_j, '$[*]')),
            generate_subscripts(json_extract(markers_j, '$[*]'), 1), bgunits_j,
            clienttimezonename_j, medicaldeviceinformation_j
        from pages
    )
    select row_number() over (order by page, part, place) as record, part, item,
        bgunits_j ->> '$' as told_unit, clienttimezonename_j ->> '$' as zone,
        nullif(trim(concat_ws(' ', medicaldeviceinformation_j ->> '$.modelNumber',
            medicaldeviceinformation_j ->> '$.deviceSerialNumber')), '') as device
    from found order by page, part, place
"""
_FALSE_ZONE = r"(Z|[+-]\d\d:?\d\d)$"
_STAMP = "coalesce(item ->> '$.timestamp', item ->> '$.datetime', item ->> '$.dateTime')"


def _value(*names: str) -> str:
    """A number of a marker, nested as today or flat as it was."""
    paths = [f"item ->> '$.data.dataValues.{n}'" for n in names]
    paths += [f"item ->> '$.{n}'" for n in names]
    return number(f"coalesce({', '.join(paths)})")


_UNIT = " ".join(f"when '{word}' then '{unit}'" for word, unit in UNITS.items())
_JUDGED = f"""
    with typed as (
        select record, part, device, zone, item::varchar as raw, {_STAMP} as stamp,
            upper(item ->> '$.type') as marker, item ->> '$.sg' as text,
            {number("item ->> '$.sg'")} as sg, case upper(told_unit) {_UNIT} end as unit,
            {wall(f"regexp_replace({_STAMP}, '{_FALSE_ZONE}', '')")} as start_wall,
            {_value("amount")} as grams, {_value("bolusAmount")} as basal,
            {_value("deliveredFastAmount")} as fast,
            {_value("deliveredExtendedAmount")} as extended,
            {_value("unitValue", "value")} as stick
        from items
    )
    select *, coalesce(fast, 0) + coalesce(extended, 0) as bolus,
        case when part = 1 and sg = 0 then 'no_reading'
             when part = 2 and marker in ({", ".join(f"'{m}'" for m in ASIDE)}) then 'loop_status'
             when part = 2 and marker is null then 'unknown_code'
             when part = 2 and marker not in ({", ".join(f"'{m}'" for m in MEASURED)})
             then if(regexp_full_match(marker, '[A-Z_]{{1,40}}'), 'other_marker', 'unknown_code')
             when stamp is null then 'missing_time' when start_wall is null then 'unreadable_time'
             when part = 1 then case when text is null then 'missing_value'
                when sg is null then 'unreadable_number' when unit is null then 'unknown_unit' end
             when marker = 'MEAL' and grams is null then 'missing_value'
             when marker = 'INSULIN' and fast is null and extended is null then 'missing_value'
             when marker = 'INSULIN' and coalesce(fast, 0) + coalesce(extended, 0) = 0
             then 'nothing_given'
             when marker = 'AUTO_BASAL_DELIVERY' and basal is null then 'missing_value'
             when marker in ('CALIBRATION', 'BG_READING', 'BG') then case
                when stick is null then 'missing_value' when unit is null then 'unknown_unit' end
             end as verdict,
        case verdict when 'unknown_unit' then 'bgUnits' when 'unknown_code' then 'type'
             when 'missing_time' then 'timestamp' when 'unreadable_time' then 'timestamp'
             else if(part = 1, 'sg', 'dataValues') end as field
    from typed order by record
"""
_SAMPLES = """
    select record, 'interstitial_glucose' as metric, start_wall, sg as value, unit, device
    from sound where part = 1
    union all by name
    select record, 'dietary_carbohydrate' as metric, start_wall, grams as value, 'g' as unit, device
    from sound where marker = 'MEAL'
    union all by name
    select record, 'insulin_bolus' as metric, start_wall, bolus as value, 'U' as unit, device
    from sound where marker = 'INSULIN'
    union all by name
    select record, 'insulin_basal' as metric, start_wall, basal as value, 'U' as unit, device
    from sound where marker = 'AUTO_BASAL_DELIVERY'
    union all by name
    select record, 'capillary_glucose' as metric, start_wall, stick as value, unit, device
    from sound where marker in ('CALIBRATION', 'BG_READING', 'BG')
    order by record
"""
_EPISODES = """
    select record, 'meal' as kind, start_wall, device from sound where marker = 'MEAL'
    order by record
"""

CONNECTOR = Connector(
    name="medtronic_carelink_connect",
    title="Medtronic CareLink Connect (JSON)",
    version="1",
    variants={"json": "verified"},
    identify=identify,
    extract=extract,
    source="cgm",
)
