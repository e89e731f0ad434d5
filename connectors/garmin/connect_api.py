"""Garmin Connect's own documents, as tools save them (one per day, or many in one file).

One record is a document of a date: sleep, heart rate, HRV, breathing, oxygen; of steps a quarter
of an hour. Times are GMT by their key, ISO without a mark or milliseconds; `...Local` beside them
is the wall clock, in milliseconds as if it were GMT. Seconds, /min, %, ms. null, -1 and -2 stand
for nothing. Stress, body battery and training are known and left, and so are daily summaries,
which the export of everything tells as well.

What is where: api_sleep (nights, naps, levels, what was measured in them), api_streams (others).

Evidence: real answers of one day by the library garminconnect (open data of another project).
Naps, devices without REM sleep and nights that are not confirmed by other people's readers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pyarrow as pa

from connectors.contract import Connector, Drift, Head, Item, Skip, Source, Total, shaped
from connectors.garmin.api_sleep import KNOWN, nights
from connectors.garmin.api_streams import STREAMS, steps, stream
from connectors.reading.json_prefix import documents_in
from connectors.reading.json_wrapped import documents
from connectors.reading.query import query

_LEFT = ("stressValuesArray", "bodyBatteryValuesArray")
MARKS = frozenset(("dailySleepDTO", *STREAMS, "primaryActivityLevel", *_LEFT))


def kind_of(keys: Mapping[str, object]) -> str | None:
    """What a document is, by its keys."""
    if "dailySleepDTO" in keys:
        return "sleep"
    if {"startGMT", "endGMT", "steps"} <= keys.keys():
        return "steps"
    return next((kind for mark, (kind, *_) in STREAMS.items() if mark in keys), None)


def identify(head: Head) -> str | None:
    """By the keys of the first documents."""
    found = (kind_of(document) for _, document in documents_in(head, MARKS))
    kinds = {kind for kind in found if kind}
    if not kinds:
        return None
    return f"{kinds.pop()}_json" if len(kinds) == 1 else "mixed_json"


def extract(source: Source, variant: str) -> Iterator[Item]:
    """Sleeps with stages and totals, naps, heart rate, HRV, breathing, oxygen, steps.

    Skips: `no_window`, `off_wrist`, `unconfirmed` (nights), `no_value`, `unused_document`.

    Raises: BrokenFile if the JSON is cut or holds no document.
    """
    found = documents(source, MARKS)
    yield Total(found.num_rows)
    keyed = query(
        """select record, doc, json_keys(doc) as keys, coalesce(json_type(doc), '') = 'OBJECT'
            as is_object from found""",
        found=found,
    )
    shapes = query("select distinct keys from keyed", keyed=keyed)["keys"].to_pylist()
    named = [(keys or [], kind_of(dict.fromkeys(keys or []))) for keys in shapes]
    kinds = pa.table(
        {
            "keys": pa.array([keys for keys, _ in named], pa.list_(pa.string())),
            "kind": pa.array([kind for _, kind in named], pa.string()),
        }
    )
    told = query(
        """select record, doc, is_object, kind from keyed
           left join kinds on coalesce(keyed.keys, []) = kinds.keys order by record""",
        keyed=keyed,
        kinds=kinds,
    )
    for key in sorted({key for keys, kind in named if kind == "sleep" for key in keys} - KNOWN):
        yield Drift(f"key {key}")
    sql = "select record, 'broken_row' as code, doc as raw from told where not is_object"
    yield shaped("reject", query(sql, told=told))
    unused = query("select count(*) as n from told where is_object and kind is null", told=told)
    if count := unused["n"][0].as_py():
        yield Skip("unused_document", count)
    for kind in sorted(set(kinds["kind"].drop_null().to_pylist())):
        rows = query(f"select record, doc from told where kind = '{kind}'", told=told)
        read = {"sleep": nights, "steps": steps}.get(kind)
        yield from read(rows) if read else stream(rows, kind)


CONNECTOR = Connector(
    name="garmin_connect_api",
    title="Garmin Connect API answers",
    version="1",
    variants={
        "sleep_json": "verified",
        "heart_rate_json": "verified",
        "hrv_json": "verified",
        "respiration_json": "verified",
        "oxygen_json": "verified",
        "steps_json": "verified",
        "mixed_json": "unverified",
    },
    identify=identify,
    extract=extract,
    source="watch",
)
