"""Dexcom Share (JSON that followers' programs save): the readings of the last day.

One record is one object: three times as `Date(ms)`, of which DT also has the phone's offset, and a
value in mg/dL whatever the account shows. Out of range is 39 or 401; below 39 stand codes of the
sensor. A reading has no identity but its time.

Evidence: the classes of a public client; no answer of the service was seen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from connectors.contract import Connector, Drift, Head, Item, Source, Total, shaped
from connectors.reading.json_documents import documents
from connectors.reading.json_head import first_objects, unknown_keys
from connectors.reading.query import query
from connectors.reading.text_sql import epoch, number, raw
from connectors.reading.verdicts import carried, left_out

KEYS = ("WT", "ST", "DT", "Value", "Trend")
DATE = r"^/?Date\((\d{12,13})([+-]\d\d)?(\d\d)?\)/?$"
LOWEST, HIGHEST = 40, 400  # Source: Dexcom G6 and G7 user guides
CODES_BELOW = 39  # 1 to 12: the sensor could not tell. Source: Nightscout, errorcodes.js


def identify(head: Head) -> str | None:
    """`json` where the first object has the three times of a Share reading, else None."""
    if b"Date(" not in head.first:
        return None
    first = next(iter(first_objects(head)), {})
    has_keys = first.keys() >= {"WT", "ST", "Value"}
    return "json" if has_keys and re.match(DATE, str(first["WT"])) else None


def extract(source: Source, variant: str) -> Iterator[Item]:
    """Samples of glucose. Skips: `sensor_error_code`.

    Raises: BrokenFile if the JSON is cut.
    """
    table = documents(source, KEYS)
    yield Total(table.num_rows)
    for key in unknown_keys(first_objects(source), frozenset(KEYS)):
        yield Drift(f"key {key}")
    judged = query(_JUDGED, documents=table)
    yield from left_out(judged)
    yield shaped("sample", query(_SAMPLES, sound=carried(judged)))


_JUDGED = f"""
    with pieces as (
        select *, regexp_extract(coalesce("WT", "ST"), '{DATE}', ['ms', 'h', 'm']) as world,
            regexp_extract("DT", '{DATE}', ['ms', 'h', 'm']) as shown, {number('"Value"')} as number
        from documents
    )
    select record, number, {raw(*KEYS)} as raw,
        {epoch("world.ms", 1000)} as start_utc,
        try_cast(nullif(shown.h, '') as smallint) * 60::smallint
            + if(shown.h like '-%', -1, 1)::smallint
            * try_cast(nullif(shown.m, '') as smallint) as start_offset_min,
        case when number < {LOWEST} then '<' when number > {HIGHEST} then '>' end as bound,
        case when coalesce("WT", "ST") is null then 'missing_time'
             when start_utc is null then 'unreadable_time' when "Value" is null then 'missing_value'
             when number is null then 'unreadable_number'
             when number < {CODES_BELOW} then 'sensor_error_code' end as verdict,
        if(verdict like '%_time', 'WT', 'Value') as field
    from pieces order by record
"""
_SAMPLES = f"""
    select record, 'interstitial_glucose' as metric, start_utc, start_offset_min,
        case bound when '<' then {LOWEST} when '>' then {HIGHEST} else number end as value,
        'mg/dL' as unit, bound
    from sound order by record
"""

CONNECTOR = Connector(
    name="dexcom_share",
    title="Dexcom Share (JSON)",
    version="1",
    variants={"json": "unverified"},
    identify=identify,
    extract=extract,
    source="cgm",
)
