"""LibreLinkUp (JSON answers of Abbott's follower service, as programs save them).

One record is one measurement: of the graph (12 hours of history, and the current reading), of the
logbook (scans and alarms), or the current reading of a connection. Both clocks are written without
a zone: FactoryTimestamp is UTC, Timestamp the phone's wall clock. ValueInMgPerDl is always mg/dL,
Value is in what GlucoseUnits says (1 mg/dL, 0 mmol/L). HI and LO are flags beside a number.

Evidence: answers in the tests of two public clients, of Libre 3 (pt 4); no unit but those two.
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from connectors.contract import Connector, Drift, Fact, Head, Item, Source, Total, shaped
from connectors.reading.json_head import first_objects
from connectors.reading.query import json_rows, query
from connectors.reading.text_sql import dated, number
from connectors.reading.verdicts import carried, left_out

ITEM = (
    *("FactoryTimestamp", "Timestamp", "type", "ValueInMgPerDl", "Value", "GlucoseUnits"),
    *("isHigh", "isLow"),
)
# Beside the measurement; colours and arrows are what the phone shows.
OTHERS = {"TrendArrow", "TrendMessage", "MeasurementColor", "alarmType"}
PAGE = ("data", "graphData", "connection")
STAMP = "['%m/%d/%Y %I:%M:%S %p', '%m/%d/%Y %H:%M:%S', '%Y-%m-%dT%H:%M:%S', '%Y-%m-%d %H:%M:%S']"
# The sensors report 40 to 500 mg/dL, in the US to 400. Source: FreeStyle Libre 2 and 3 manuals.
LOWEST, HIGHEST, HIGHEST_US = 40, 500, 400


def identify(head: Head) -> str | None:
    """The kind of answer, or None."""
    first = head.first
    if b'"FactoryTimestamp"' not in first or b'"ValueInMgPerDl"' not in first:
        return None
    if b'"graphData"' in first:
        return "graph"
    if b'"glucoseMeasurement"' in first:
        return "connections"
    return "logbook" if first_objects(head, "data") or first_objects(head) else None


def extract(source: Source, variant: str) -> Iterator[Item]:
    """Samples of glucose: history, and current readings, scans and alarms as scans.

    Skips: `several_people` (the current readings of a follower's connections, if there are more
    than one), `no_value`.

    Raises: BrokenFile if the JSON is cut.
    """
    rows = json_rows(source, dict.fromkeys((*PAGE, *ITEM), "JSON"))
    items = query(_ITEMS, rows=rows)
    yield Total(items.num_rows)
    yield from _drift(items)
    judged = query(_JUDGED, items=items)
    for row in query("select distinct unit from judged where unit <> '' order by unit",
                     judged=judged).to_pylist():  # fmt: skip
        yield Fact("unit", row["unit"])
    yield from left_out(judged)
    yield shaped("sample", query(_SAMPLES, sound=carried(judged)))


def _drift(items: pa.Table) -> Iterator[Drift]:
    keys = query("select distinct unnest(json_keys(item)) as key from items", items=items)
    for key in sorted(set(keys["key"].to_pylist()) - {*ITEM, *OTHERS}):
        yield Drift(f"key {key}")


_SENSORS = "json_extract(data, '$.activeSensors[*]')"
_BARE = ", ".join(f"""'{key}', "{key}" """ for key in ITEM)
_ITEMS = f"""
    with pages as (
        select record as page,
            coalesce(data, json_object('graphData', "graphData", 'connection', connection)) as data,
            if("FactoryTimestamp" is not null, json_object({_BARE}), null) as bare
        from rows
    ), sensors as (
        -- which of two sensors a reading of the history is from, nothing tells
        select *, if(len({_SENSORS}) > 1, null,
            nullif(data ->> '$.connection.sensor.sn', '')) as worn,
            if(json_type(data) = 'ARRAY', json_extract(data, '$[*]'), []) as listed
        from pages
    ), found as (
        select page, 1 as part, worn as device, null as person,
            unnest(json_extract(data, '$.graphData[*]')) as item,
            generate_subscripts(json_extract(data, '$.graphData[*]'), 1) as place
        from sensors
        union all by name
        select page, 2 as part, nullif(data ->> '$.connection.sensor.sn', '') as device, 0 as place,
            data -> '$.connection.glucoseMeasurement' as item
        from sensors
        union all by name
        select page, 3 as part, coalesce(entry -> '$.glucoseMeasurement', entry) as item, place,
            nullif(entry ->> '$.sensor.sn', '') as device, entry ->> '$.patientId' as person
        from (select page, unnest(listed) as entry, generate_subscripts(listed, 1) as place
              from sensors)
        union all by name
        select page, 4 as part, 0 as place, bare as item from sensors
    )
    select row_number() over (order by page, part, place) as record, device, item,
        count(distinct person) over () as people
    from found where item is not null and json_type(item) = 'OBJECT' order by page, part, place
"""
_TEXTS = ", ".join(f"""nullif(item ->> '$."{key}"', '') as "{key}" """ for key in ITEM)
_JUDGED = f"""
    with texts as (
        select record, device, people, item::varchar as raw, {_TEXTS} from items
    ), typed as (
        select *, {dated(f'try_strptime("FactoryTimestamp", {STAMP})')} as utc,
            {dated(f'try_strptime("Timestamp", {STAMP})')} as start_wall,
            coalesce({number('"ValueInMgPerDl"')}, {number('"Value"')}) as number,
            case when "ValueInMgPerDl" is not null or "GlucoseUnits" = '1' then 'mg/dL'
                 when "GlucoseUnits" = '0' then 'mmol/L' end as unit,
            coalesce("ValueInMgPerDl", "Value") as text
        from texts
    )
    select *, utc at time zone 'UTC' as start_utc,
        case when unit <> 'mg/dL' then null
             when "isLow" = 'true' and number <= {LOWEST} then '<'
             when "isHigh" = 'true' and number >= {HIGHEST_US} then '>' end as bound,
        case bound when '<' then {LOWEST}
             when '>' then if(number >= {HIGHEST}, {HIGHEST}, {HIGHEST_US}) else number end
            as amount,
        case when people > 1 then 'several_people'
             when "FactoryTimestamp" is null and "Timestamp" is null then 'missing_time'
             when ("FactoryTimestamp" is not null and start_utc is null)
                or ("Timestamp" is not null and start_wall is null) then 'unreadable_time'
             when text is null then 'no_value' when number is null then 'unreadable_number'
             when unit is null then 'unknown_unit'
             when coalesce("type", '0') not in ('0', '1', '2') then 'unknown_code' end as verdict,
        case verdict when 'unknown_unit' then 'GlucoseUnits' when 'unknown_code' then 'type'
             when 'unreadable_number' then 'ValueInMgPerDl' else 'FactoryTimestamp' end as field
    from typed order by record
"""
_SAMPLES = """
    select record, start_utc, start_wall, amount as value, unit, bound, device,
        if(coalesce("type", '0') = '0', 'interstitial_glucose', 'interstitial_glucose_scan')
            as metric
    from sound order by record
"""

CONNECTOR = Connector(
    name="abbott_librelinkup",
    title="LibreLinkUp (JSON)",
    version="1",
    variants={"graph": "verified", "logbook": "verified", "connections": "verified"},
    identify=identify,
    extract=extract,
    source="cgm",
)
