"""Glooko API (JSON answers as programs save them): points of a sensor, boluses of a pump.

One record is one object, in a list, under a key, or in series by range. The clock is the device's
naive one with a `Z` that is not true; boluses name its offset beside it, points do not, and their
epoch `x` is the same clock. Glucose is mg/dL times 100 in `value`, whatever the account shows.

Evidence: fixtures of a public program, and copies made by their shape. No answer was seen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pyarrow as pa

from connectors.contract import Connector, Drift, Head, Item, Source, Total, shaped
from connectors.reading.json_documents import documents
from connectors.reading.json_head import first_objects, unknown_keys
from connectors.reading.query import json_rows, query
from connectors.reading.text_sql import instant, number, offset_min, raw, wall
from connectors.reading.verdicts import carried, left_out

POINT = ("timestamp", "value", "y", "x", "mealTag", "calculated")
BOLUS = (
    *("pumpTimestamp", "pumpTimestampUtcOffset", "guid", "insulinDelivered", "carbsInput"),
    *("pumpName", "softDeleted"),
)
OTHERS = """pumpGuid syncTimestamp insulinOnBoard totalInsulinRecommendation bloodGlucoseInput
    insulinProgrammed insulinRecommendationForCarbs insulinRecommendationForCorrection
    insulinReduction override type bloodGlucoseInputSource updatedAt updatedBy"""
UNDER = re.compile(r'^\s*\{\s*"(\w+)"\s*:\s*\[')
FALSE_ZONE = r"(Z|[+-]\d\d:?\d\d)$"


def identify(head: Head) -> str | None:
    """`cgm_points` or `boluses` by the keys of the first object, else None."""
    first = head.first
    if b'"pumpTimestamp"' in first and b'"insulinDelivered"' in first:
        return "boluses" if _keys(head) >= {"pumpTimestamp", "insulinDelivered"} else None
    if b'"mealTag"' in first and b'"calculated"' in first and b'"timestamp"' in first:
        is_series = re.match(rb'\s*\{\s*"series"\s*:\s*\{', first)
        return "cgm_points" if is_series or _keys(head) >= {"timestamp", "value", "x"} else None
    return None


def _under(head: Head) -> str:
    """The key that the list stands under; '' for a list by itself."""
    found = UNDER.match(head.first[:2000].decode("utf-8", "replace"))
    return found.group(1) if found else ""


def _keys(head: Head) -> set[str]:
    return set(next((each.keys() for each in first_objects(head, _under(head))), {}.keys()))


def extract(source: Source, variant: str) -> Iterator[Item]:
    """Samples of glucose, or of insulin and carbohydrate with meals.

    Skips: `no_value`, `deleted`, `nothing_given`.

    Raises: BrokenFile if the JSON is cut.
    """
    known = BOLUS if variant == "boluses" else POINT
    is_series = re.match(rb'\s*\{\s*"series"\s*:\s*\{', source.first) is not None
    table = _series(source) if is_series else documents(source, known, _under(source))
    yield Total(table.num_rows)
    for key in unknown_keys(
        first_objects(source, _under(source)), frozenset(known).union(OTHERS.split(), ("series",))
    ):
        yield Drift(f"key {key}")
    judged = query(_BOLUSES if variant == "boluses" else _POINTS, documents=table)
    yield from left_out(judged)
    sound = carried(judged)
    if variant == "boluses":
        yield shaped("sample", query(_DOSES, sound=sound))
        yield shaped("episode", query(_MEALS, sound=sound))
    else:
        yield shaped("sample", query(_READINGS, sound=sound))


def _series(source: Source) -> pa.Table:
    """The points of an answer whose series are by range: high, normal, low."""
    pages = json_rows(source, {"series": "MAP(VARCHAR, JSON)"})
    texts = ", ".join(f"""nullif(point ->> '$."{key}"', '') as "{key}" """ for key in POINT)
    return query(
        f"""
        with lists as (
            select record as page, unnest(map_keys(series)) as name,
                unnest(map_values(series)) as points
            from pages
        ), points as (
            select page, name, unnest(json_extract(points, '$[*]')) as point,
                generate_subscripts(json_extract(points, '$[*]'), 1) as place
            from lists
        )
        select row_number() over (order by page, name, place) as record, {texts}
        from points order by page, name, place
        """,
        pages=pages,
    )


_BARE = f"regexp_replace(timestamp, '{FALSE_ZONE}', '')"
_POINTS = f"""
    select record, {wall(_BARE)} as start_wall, {number("value")} / 100 as amount,
        {raw("timestamp", "value", "y")} as raw,
        case when value is null and y is null then 'no_value'
             when timestamp is null then 'missing_time' when start_wall is null
             then 'unreadable_time' when amount is null then 'unreadable_number' end as verdict,
        if(verdict like '%_time', 'timestamp', 'value') as field
    from documents order by record
"""
_READINGS = """
    select record, 'interstitial_glucose' as metric, start_wall, amount as value, 'mg/dL' as unit
    from sound order by record
"""
_STAMP = f"""(regexp_replace("pumpTimestamp", '{FALSE_ZONE}', '')"""
_ZONED = f"""{_STAMP} || coalesce("pumpTimestampUtcOffset", ''))"""
_BOLUSES = f"""
    select record, guid as key, "pumpName" as device, {instant(_ZONED)} as start_utc,
        {wall(f"{_STAMP})")} as start_wall, {offset_min(_ZONED)} as start_offset_min,
        {number('"insulinDelivered"')} as dose, {number('"carbsInput"')} as grams,
        {raw("pumpTimestamp", "pumpTimestampUtcOffset", "insulinDelivered", "carbsInput")} as raw,
        case when "softDeleted" = 'true' then 'deleted'
             when "pumpTimestamp" is null then 'missing_time'
             when start_wall is null then 'unreadable_time'
             when ("insulinDelivered" is not null and dose is null)
                or ("carbsInput" is not null and grams is null) then 'unreadable_number'
             when coalesce(dose, 0) = 0 and coalesce(grams, 0) = 0 then 'nothing_given'
             end as verdict,
        if(verdict like '%_time', 'pumpTimestamp', 'insulinDelivered') as field
    from documents order by record
"""
_CLOCKS = "record, start_utc, start_wall, start_offset_min, device, key"
_DOSES = f"""
    select {_CLOCKS}, 'insulin_bolus' as metric, dose as value, 'U' as unit
    from sound where dose <> 0
    union all by name
    select {_CLOCKS}, 'dietary_carbohydrate' as metric, grams as value, 'g' as unit
    from sound where grams <> 0
    order by record, metric
"""
_MEALS = f"select {_CLOCKS}, 'meal' as kind from sound where grams <> 0 order by record"

CONNECTOR = Connector(
    name="glooko_api",
    title="Glooko API (JSON)",
    version="1",
    variants={"cgm_points": "unverified", "boluses": "unverified"},
    identify=identify,
    extract=extract,
    source="relay",
)
