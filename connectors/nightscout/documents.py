"""Nightscout documents as text columns, and what all collections have in common.

mongoexport wraps identities, numbers and times ({"$oid": ..}, {"$numberLong": ..}, {"$date": ..});
Care Portal writes numbers as text. Here every value becomes plain text, and SQL reads it again.
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from connectors.contract import Drift, FormatDrift, Item, Skip, Source, shaped
from connectors.reading import text_sql
from connectors.reading.json_head import first_objects, unknown_keys
from connectors.reading.query import json_rows, query

# Known and left alone: raw signals, marks of the server, what an app keeps for itself, and the
# person or app that entered it. Source: iAPS files, fixtures of AAPS, Loop, Trio and xDrip.
OTHER_KEYS = """
    __v app subject srvCreated srvModified isReadOnly modifiedBy sysTime mills created_at uuid id
    direction noise delta filtered unfiltered rssi slope intercept scale trend trendRate glucose
    uncalibrated sessionStartDate transmitterId transmitter_id raw raw_duration raw_rate bolus
    creation_date foodType fat protein targetBottom targetTop reason profile profileJson preBolus
    absorptionTime syncIdentifier insulinType insulinInjections temp amount automatic type
    programmed unabsorbed durationInMilliseconds pumpId pumpType pumpSerial endId isSMB
    isBasalInsulin enteredinsulin splitNow splitExt relative boluscalc bolusCalculatorResult
    timeshift percentage originalProfileName originalCustomizedName originalDuration originalEnd
    eventTime correctionRange insulinNeedsScaleFactor durationType remoteAddress fpuID isFPU
    sensorCode"""
MONGO_WRAPPED = r':\s*"?([^"{}]+)"?\s*\}+$'  # {"$date": {"$numberLong": "17"}} -> 17
_UTC_OFFSET = '"utcOffset"'
LATEST_MS = 4_102_444_800_000  # 2100: nothing was measured later; seconds and text fall out


def documents(source: Source, keys: tuple[str, ...], times: tuple[str, ...]) -> pa.Table:
    """`record` and one text column per key; '' is NULL.

    Raises: FormatDrift if no document has any of `times`; BrokenFile if the JSON is cut.
    """
    rows = json_rows(source, dict.fromkeys(keys, "JSON"))
    plain = ", ".join(
        f"""nullif(trim(case when "{key}"::varchar like '{{"$%'
            then regexp_extract("{key}"::varchar, '{MONGO_WRAPPED}', 1)
            else "{key}" ->> '$' end), '') as "{key}" """
        for key in keys
    )
    table = query(f"select record, {plain} from rows", rows=rows)
    if table.num_rows and all(table[key].null_count == table.num_rows for key in times):
        raise FormatDrift(
            f"no document has {' or '.join(times)}: this is not a whole Nightscout export; "
            "fetch it again without a list of fields"
        )
    return table


def drift(source: Source, known: tuple[str, ...]) -> Iterator[Drift]:
    """Keys at the start of the file that no known uploader writes."""
    for key in unknown_keys(first_objects(source), frozenset(known).union(OTHER_KEYS.split())):
        yield Drift(f"key {key}")


def instant(text: str) -> str:
    """A timestamptz from epoch milliseconds (a fraction occurs) or from ISO text with an offset."""
    ms = f"({text_sql.number(text)})"
    return (
        f"coalesce(case when {ms} > 0 and {ms} < {LATEST_MS}"
        f" then {text_sql.epoch(ms, 1000)} end, {text_sql.instant(text)})"
    )


def offset_min(text: str) -> str:
    """The offset written in a time, else `utcOffset`; 0 of either says nothing."""
    minutes = f"({text_sql.number(_UTC_OFFSET)})"
    told = f"case when abs({minutes}) <= 840 then cast({minutes} as smallint) end"
    return f"coalesce(nullif({text_sql.offset_min(text)}, 0), nullif({told}, 0))"


def left_out(judged: pa.Table) -> Iterator[Item]:
    """Skips and rejects of documents with the columns record, skip, code, field, raw."""
    counts = query(
        """select skip, count(*) as n from judged where code is null and skip is not null
           group by skip order by skip""",
        judged=judged,
    )
    for row in counts.to_pylist():
        yield Skip(row["skip"], row["n"])
    yield shaped(
        "reject",
        query(
            "select record, code, field, raw from judged where code is not null order by record",
            judged=judged,
        ),
    )
