"""Dexcom developer API v3 (JSON answers as people save them): egvs, events, calibrations.

One record is one object of `records`, in one answer or in several pages, or in a bare list. Two
clocks stand in it: systemTime is UTC, displayTime what the display showed; a phone writes its
offset, a receiver none. Seconds may be absent and digits unpadded. The unit stands with the value,
mg/dL or mmol/L. Out of range is 39 or 401 beside the status low or high; here the sensor's limit
with a bound. transmitterTicks are the transmitter's own seconds.

Evidence: the vendor's documentation and example; the models of a public data platform. No answer
of the API itself was seen, so every variant is unverified.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from connectors.contract import Connector, Drift, Fact, Head, Item, Source, Total, shaped
from connectors.reading.json_documents import documents
from connectors.reading.json_head import first_objects, unknown_keys
from connectors.reading.query import query
from connectors.reading.text_sql import instant, later, number, offset_min, raw, wall
from connectors.reading.verdicts import carried, left_out

KINDS = {
    **{"egv": "egvs", "event": "events", "calibration": "calibrations"},
    **{"device": "devices", "alert": "alerts"},  # nothing is measured in these
}
TOLD = re.compile(rb'"recordType"\s*:\s*"(\w+)"')
KEYS = (
    *("recordId", "systemTime", "displayTime", "transmitterId", "transmitterTicks", "value"),
    *("status", "unit", "displayDevice", "transmitterGeneration"),
    *("eventType", "eventSubType", "eventStatus"),
)
RAW = ("systemTime", "displayTime", "eventType", "eventSubType", "value", "unit", "status")
OTHERS = """trend trendRate rateUnit transmitterGenerationVariant displayApp lastUploadDate
    alertSchedules alertName alertState softwareVersion softwareNumber language isMmolDisplayMode
    isBluetoothOn is24HourMode displayTimeOffset systemTimeOffset recordType recordVersion userId
    records"""


def identify(head: Head) -> str | None:
    """The kind of records of an answer, of its first page, or of a bare list; else None."""
    first = head.first
    if b'"records"' in first and (told := TOLD.search(first[:4096])):
        has_times = b'"systemTime"' in first or b'"lastUploadDate"' in first
        return KINDS.get(told.group(1).decode()) if has_times else None
    if not all(key in first for key in (b'"recordId"', b'"systemTime"', b'"displayTime"')):
        return None
    keys = next((each.keys() for each in first_objects(head)), {}.keys())
    if not keys >= {"recordId", "systemTime", "displayTime"}:
        return None
    if "eventType" in keys:
        return "events"
    return "egvs" if "trend" in keys else "alerts" if "alertName" in keys else "calibrations"


def extract(source: Source, variant: str) -> Iterator[Item]:
    """Samples of glucose, fingersticks, insulin and carbs; episodes of meals, exercise and health.

    Skips: `no_value` (an EGV that tells nothing), `deleted`, `note`, `device` and `alert` (whole
    answers without measurements).

    Raises: BrokenFile if the JSON is cut.
    """
    table = documents(source, KEYS, "records")
    yield Total(table.num_rows)
    objects = first_objects(source, "records") or first_objects(source)
    for key in unknown_keys(objects, frozenset(KEYS).union(OTHERS.split())):
        yield Drift(f"key {key}")
    judged = query(_judged_sql(variant), documents=table)
    for unit in query(_UNITS, judged=judged)["unit"].to_pylist():
        yield Fact("unit", unit)
    yield from left_out(judged)
    sound = carried(judged)
    yield shaped("sample", query(_SAMPLES, sound=sound))
    yield shaped("episode", query(_EPISODES, sound=sound))


def _judged_sql(variant: str) -> str:
    """Every record with its metric, number, bound and verdict."""
    glucose = "interstitial_glucose" if variant == "egvs" else "capillary_glucose"
    whole = {"devices": "device", "alerts": "alert"}.get(variant, "")
    system, display = '"systemTime"', '"displayTime"'
    return f"""
    with typed as (
        select record, "recordId" as key, nullif("displayDevice", 'unknown') as device, status,
            '{variant}' = 'events' as is_event, "eventType" as event, "eventSubType" as subtype,
            "eventStatus" = 'deleted' as is_deleted, unit as unit_text, value as text,
            -- systemTime is UTC whether it says so or not
            coalesce({instant(system)}, {instant(f"({system} || 'Z')")}) as start_utc,
            {wall(f"rtrim({display}, 'Z')")} as start_wall,
            {offset_min(display)} as start_offset_min,
            "transmitterId" as clock_id, try_cast("transmitterTicks" as bigint) as clock_s,
            {number("value")} as number, {
        raw("systemTime", "displayTime", "eventType", "value", "unit", "status")
    } as raw,
            "systemTime" as stamp,
            case when lower(unit) = 'mg/dl' then 'mg/dL' when lower(unit) = 'mmol/l' then 'mmol/L'
                 else unit end as unit
        from documents
    ), limited as (
        select *, case unit when 'mg/dL' then 40 when 'mmol/L' then 2.2 end as lowest,
            case unit when 'mg/dL' then 400 when 'mmol/L' then 22.2 end as highest,
            case when '{variant}' <> 'egvs' then null
                 when number < lowest or (status = 'low' and number <= lowest) then '<'
                 when number > highest or (status = 'high' and number >= highest) then '>' end
                as bound,
            case when not is_event then '{glucose}' when event = 'carbs' then 'dietary_carbohydrate'
                 when event = 'bloodGlucose' then 'capillary_glucose'
                 when event = 'insulin' and subtype = 'fastActing' then 'insulin_bolus'
                 when event = 'insulin' and subtype = 'longActing' then 'insulin_long_acting' end
                as metric,
            case when metric like '%_glucose' then if(unit in ('mg/dL', 'mmol/L'), unit, null)
                 when event = 'insulin' and coalesce(unit_text, 'units') = 'units' then 'U'
                 when event = 'carbs' and coalesce(unit_text, 'grams') = 'grams' then 'g'
                 when event = 'exercise' and coalesce(unit_text, 'minutes') = 'minutes' then 'min'
                 when event = 'health' then '' end as ucum
        from typed
    )
    select * replace (case bound when '<' then lowest when '>' then highest else number end
            as number, case when clock_s is not null then clock_id end as clock_id),
        {later("start_utc", "number * 60")} as end_utc,
        case when '{whole}' <> '' then '{whole}' when is_deleted then 'deleted'
             when event in ('note', 'notes') then 'note'
             when is_event and event not in ('insulin', 'carbs', 'exercise', 'health',
                'bloodGlucose') then 'unknown_code'
             when is_event and event is null then 'unknown_code'
             when event = 'insulin' and metric is null then 'unknown_code'
             when stamp is null then 'missing_time' when start_utc is null then 'unreadable_time'
             when event = 'health' then null
             when text is null then case when is_event then 'missing_value' else 'no_value' end
             when number is null then 'unreadable_number'
             when ucum is null then 'unknown_unit' end as verdict,
        case verdict when 'unknown_code' then if(event = 'insulin', 'eventSubType', 'eventType')
             when 'unknown_unit' then 'unit' when 'missing_time' then 'systemTime'
             when 'unreadable_time' then 'systemTime' else 'value' end as field
    from limited order by record
    """


# Sensors report 40 to 400 mg/dL; the API writes 39 and 401 beyond. Source: G6 and G7 user guides.
_UNITS = "select distinct unit from judged where unit in ('mg/dL', 'mmol/L') order by unit"
_SAMPLES = """
    select record, metric, start_utc, start_wall, start_offset_min, number as value, ucum as unit,
        bound, device, key, clock_id, clock_s
    from sound where metric is not null order by record
"""
_EPISODES = """
    select record, case event when 'carbs' then 'meal' else event end as kind, subtype as label,
        start_utc, start_wall, start_offset_min, device, key,
        if(event = 'exercise', end_utc, null) as end_utc
    from sound where is_event and event in ('carbs', 'exercise', 'health') order by record
"""

CONNECTOR = Connector(
    name="dexcom_api",
    title="Dexcom API v3 (JSON)",
    version="1",
    variants=dict.fromkeys(("egvs", "events", "calibrations", "devices", "alerts"), "unverified"),
    identify=identify,
    extract=extract,
    source="cgm",
)
