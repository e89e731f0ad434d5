"""Nightscout: entries, treatments and profile, as its API or mongoexport write them.

One record is one document (a JSON object) or one line of the headerless CSV of entries. The clock
is epoch milliseconds, UTC; `utcOffset` is 0 in everything that some apps upload, so only another
number is an offset. `sgv` and `mbg` are mg/dL always, fractions occur; a BG Check names its own
unit. Low is no word: sgv below 39 are codes of the sensor, not glucose.

mongoexport writes {"$oid": ..} and {"$numberLong": ".."} where the API writes text and numbers.
A fingerstick often stands twice, as an `mbg` entry and as a BG Check: both are carried, with the
same metric, value and instant.

Evidence: files uploaded by iAPS in 2026 (entries, CSV, treatments, profile); a mongoexport of
LibreReceiver entries; fixtures of Loop, Trio, AAPS and xDrip uploads; Nightscout's own code.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pyarrow as pa

from connectors.contract import (
    BrokenFile,
    Connector,
    Fact,
    Head,
    Item,
    Skip,
    Source,
    Total,
    batch,
    shaped,
)
from connectors.nightscout.documents import (
    documents,
    drift,
    instant,
    left_out,
    offset_min,
)
from connectors.nightscout.treatments import TREATMENT, TREATMENT_TIMES, treatments
from connectors.reading.delimited import decoded, lines_of, rows_below
from connectors.reading.json_head import first_objects
from connectors.reading.json_prefix import keys_in
from connectors.reading.query import json_rows, query
from connectors.reading.text_sql import number, raw

ENTRY = (
    *("_id", "identifier", "isValid", "type", "sgv", "mbg", "date", "dateString", "utcOffset"),
    "device",
)
ENTRY_TIMES = ("date", "dateString")
ERROR_CODES_BELOW = 39  # 1 to 12 of Dexcom, 38 of xDrip. Source: Nightscout, errorcodes.js
UNITS = {"mg/dl": "mg/dL", "mmol": "mmol/L", "mmol/l": "mmol/L"}
# Without a header, always these five, comma or tab. Source: real file; older Nightscout code.
CSV_COLUMNS = ("dateString", "date", "sgv", "direction", "device")
CSV_LINE = re.compile(
    r'"?\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:?\d\d)"?([,\t])\d{12,13}(?:\.\d+)?\1[\d.]*\1[^,\t]*\1'
)


def identify(head: Head) -> str | None:
    """What the first objects or the first line are documents of, or None."""
    for each in first_objects(head) if keys_in(head) & MARKS else ():
        if kind := _kind(each):
            return kind
    lines = lines_of(decoded(head.first))
    return "entries_csv" if lines and CSV_LINE.match(lines[0]) else None


def extract(source: Source, variant: str) -> Iterator[Item]:
    """Samples of glucose, insulin and carbs; episodes of meals, exercise and notes.

    Skips: `sensor_error_code`, `calibration_slope`, `deleted`, `profile`, `entry_without_sgv`
    (CSV: a fingerstick or calibration, whose number the CSV leaves out); those of treatments are
    told there.

    Raises: FormatDrift if no document has a time; BrokenFile if the JSON is cut.
    """
    if variant == "profile_json":
        yield from _profile(source)
    elif variant == "treatments_json":
        yield from drift(source, TREATMENT)
        yield from treatments(documents(source, TREATMENT, TREATMENT_TIMES))
    elif variant == "entries_json":
        yield from drift(source, ENTRY)
        yield from _entries(documents(source, ENTRY, ENTRY_TIMES))
    else:
        yield from _csv_entries(source)


MARKS = frozenset(("eventType", "store", "sgv", "mbg", "slope"))


def _kind(document: dict[str, object]) -> str | None:
    keys = document.keys()
    if "eventType" in keys and keys & {"_id", "identifier", "created_at", "enteredBy"}:
        return "treatments_json"
    if isinstance(document.get("store"), dict) and keys & {"defaultProfile", "startDate"}:
        return "profile_json"
    is_glucose = bool(keys & {"sgv", "mbg"}) or (document.get("type") == "cal" and "slope" in keys)
    is_entry = is_glucose and keys & {"_id", "identifier", "date", "dateString", "direction"}
    return "entries_json" if is_entry else None


def _entries(table: pa.Table) -> Iterator[Item]:
    """Documents of entries, as text: one sample, skip or reject each."""
    yield Total(table.num_rows)
    judged = query(_judged_entries(), documents=table)
    yield from left_out(judged)
    yield shaped(
        "sample",
        query(
            """select record, case type when 'mbg' then 'capillary_glucose'
                   else 'interstitial_glucose' end as metric,
                   start_utc, start_offset_min, value, 'mg/dL' as unit, device, key
               from judged where skip is null and code is null order by record""",
            judged=judged,
        ),
    )


def _judged_entries() -> str:
    """Every entry with its number, and whether it is skipped or rejected."""
    return f"""
    with typed as (
        select * replace (coalesce(type, case when sgv is not null then 'sgv'
                when mbg is not null then 'mbg' end) as type),
            coalesce(_id, identifier) as key, coalesce({instant("date")}, {instant('"dateString"')})
                as start_utc,
            {offset_min('"dateString"')} as start_offset_min
        from documents
    ), valued as (
        select *, case type when 'mbg' then mbg else sgv end as text from typed
    ), judged as (
        select *, {number("text")} as value, case
            when lower("isValid") = 'false' then 'deleted'
            when type = 'cal' then 'calibration_slope'
            when type = 'no_sgv' then 'entry_without_sgv'
            -- a code has no decimals: 5.6 is glucose in mmol/L, which is told of
            when type = 'sgv' and {number("text")} < {ERROR_CODES_BELOW}
                and {number("text")} = floor({number("text")}) then 'sensor_error_code'
            end as skip
        from valued
    ), coded as (
        select *, case
            when skip is not null then null
            when type is null or type not in ('sgv', 'mbg') then 'unknown_code:type'
            when date is null and "dateString" is null then 'missing_time:date'
            when start_utc is null then 'unreadable_time:date'
            when text is null then 'missing_value:' || type
            when value is null then 'unreadable_number:' || type end as fault
        from judged
    )
    select *, split_part(fault, ':', 1) as code, split_part(fault, ':', 2) as field,
        {raw("dateString", "date", "type", "sgv", "mbg", "device")} as raw
    from coded
    """


def _csv_entries(source: Source) -> Iterator[Item]:
    lines = lines_of(decoded(source.read()))
    delimiter = "\t" if "\t" in lines[0] else ","
    rows = rows_below([delimiter.join(CSV_COLUMNS), *lines], 0, delimiter)
    named = rows.columns.rename_columns(CSV_COLUMNS)
    yield from _entries(
        query(
            """select record - 1 as record, null::varchar as _id, null::varchar as identifier,
                   null::varchar as "isValid", null::varchar as mbg, null::varchar as "utcOffset",
                   case when sgv = '' then 'no_sgv' else 'sgv' end as type,
                   nullif("dateString", '') as "dateString", nullif(date, '') as date,
                   nullif(sgv, '') as sgv, nullif(device, '') as device
               from named""",
            named=named.add_column(0, "record", rows.line),
        )
    )
    bad = [(n - 1, "ragged_row", delimiter.join(cells)) for n, cells in rows.wide]
    bad += [(n - 1, "broken_row", text) for n, text in rows.broken]
    if bad:
        yield Total(len(bad))
        numbers, codes, texts = zip(*bad, strict=True)
        yield batch("reject", record=[*numbers], code=[*codes], raw=[*texts])


def _profile(source: Source) -> Iterator[Item]:
    """The only place that names a time zone; a document is written at every change."""
    rows = json_rows(source, dict.fromkeys(("store", "units", "timezone"), "JSON"))
    yield Total(rows.num_rows)
    yield Skip("profile", rows.num_rows)
    told: dict[Fact, None] = {}
    for row in rows.to_pylist():
        store = _parsed(row["store"])
        profiles = store.values() if isinstance(store, dict) else []
        for each in [*profiles, {k: _parsed(row[k]) for k in ("units", "timezone")}]:
            if not isinstance(each, dict):
                continue
            if isinstance(zone := each.get("timezone"), str) and zone.strip():
                told[Fact("timezone", zone)] = None
            if unit := UNITS.get(str(each.get("units")).lower()):
                told[Fact("unit", unit)] = None
    yield from told


def _parsed(text: str | None) -> object:
    """Raises: BrokenFile for lists in lists in lists and for numbers of thousands of digits: no
    profile, and more than Python follows."""
    try:
        return json.loads(text) if text else None
    except (RecursionError, ValueError):
        raise BrokenFile(
            "JSON nested thousands deep, or a number as long, is no profile; export it again"
        ) from None


CONNECTOR = Connector(
    name="nightscout",
    title="Nightscout (API or mongoexport)",
    version="4",
    variants={
        "entries_json": "verified",
        "entries_csv": "verified",
        "treatments_json": "verified",
        "profile_json": "verified",
    },
    identify=identify,
    extract=extract,
    source="relay",
)
