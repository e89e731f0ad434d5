"""Oura documents of the API as JSON, whatever people keep them in: sorted by what each of them is.

What a document is, its own keys tell; of a bare score it is the endpoint around it. Endpoints that
have nothing for us (stress, resilience, tags without a subject of ours, ...) are skipped.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pyarrow as pa

from connectors.contract import Drift, FormatDrift, Item, Skip, Source, Total, shaped
from connectors.oura.days import DAY_DOCUMENT, day_documents
from connectors.oura.instants import heart_rates
from connectors.oura.sleep import SLEEP, sleeps
from connectors.oura.version_1 import version_1
from connectors.oura.workouts import WORKOUT, workouts
from connectors.reading.json_wrapped import documents
from connectors.reading.query import query

SLEEP_MARKS = {
    *("bedtime_start", "bedtime_end", "sleep_phase_5_min", "lowest_heart_rate", "average_hrv"),
    *("total_sleep_duration", "deep_sleep_duration", "rem_sleep_duration", "average_breath"),
}
DAY_MARKS = (
    {"score", "contributors"},
    {"score", "temperature_deviation"},
    {"spo2_percentage", "day"},
    {"steps", "equivalent_walking_distance", "day"},
)
OTHER_MARKS = ("stress_high", "vascular_age", "vo2_max", "tag_type_code", "recommendation")
# Keys by which a document is known from the objects around documents.
MARKS = frozenset(
    (
        *(SLEEP_MARKS - {"average_hrv"}),
        *("contributors", "spo2_percentage", "equivalent_walking_distance", "bpm"),
        *("summary_date", "start_datetime", *OTHER_MARKS),
    )
)


def kind_of(keys: Mapping[str, object]) -> str | None:
    """What a document is, by its keys."""
    if "summary_date" in keys:
        return "version_1" if "period_id" in keys or "cal_active" in keys else None
    if len(SLEEP_MARKS & keys.keys()) >= 4:
        return "sleep"
    if keys.keys() >= {"bpm", "timestamp", "source"}:
        return "heart_rate"
    if keys.keys() >= {"activity", "start_datetime", "end_datetime"}:
        return "workout"
    return "daily" if any(marks <= keys.keys() for marks in DAY_MARKS) else None


def api_items(source: Source, other_keys: frozenset[str]) -> Iterator[Item]:
    """Everything that the documents of a file tell.

    Skips: also `unused_endpoint`.

    Raises: BrokenFile if the JSON is cut or has no document, FormatDrift if no sleep has a bedtime.
    """
    found = documents(source, MARKS)
    yield Total(found.num_rows)
    shapes = query("select record, under, doc, json_keys(doc) as keys from found", found=found)
    kinds = {}
    for keys in query("select distinct keys from s", s=shapes)["keys"].to_pylist():
        kinds[tuple(keys or ())] = kind_of(dict.fromkeys(keys or ()))
    known = pa.table(
        {"keys": [list(keys) for keys in kinds], "kind": pa.array(kinds.values(), pa.string())}
    )
    sorted_ = query(_SORTED.format(others=list(OTHER_MARKS)), s=shapes, k=known)
    told = {key for keys, kind in kinds.items() if kind in _TEXT_KINDS for key in keys}
    known_keys = other_keys.union(SLEEP, DAY_DOCUMENT, WORKOUT)
    yield from (Drift(f"key {key}") for key in sorted(told - known_keys))
    yield shaped(
        "reject",
        query(
            """select record, 'broken_row' as code, doc as raw from s
               where not is_object""",
            s=sorted_,
        ),
    )
    unused = query("select count(*) as n from s where kind is null and is_object", s=sorted_)
    if count := unused["n"][0].as_py():
        yield Skip("unused_endpoint", count)
    yield from _carried(sorted_)


# What has too few keys to be known is what its neighbours are.
_SORTED = """
    with told as (
        select record, under, doc, kind, json_type(doc) = 'OBJECT' as is_object,
            len(list_intersect(s.keys, {others})) > 0 as is_other
        from s left join k on coalesce(s.keys, []) = k.keys
    )
    select record, under, doc, coalesce(is_object, false) as is_object,
        case when is_object and not is_other
             then coalesce(kind, mode(kind) over (partition by under)) end as kind
    from told order by record
"""
_TEXT_KINDS = ("sleep", "daily", "workout")


def _carried(rows: pa.Table) -> Iterator[Item]:
    kinds = set(rows["kind"].to_pylist())
    if "sleep" in kinds:
        texts = cells(rows, "sleep", SLEEP)
        if texts["bedtime_start"].null_count == texts.num_rows:
            raise FormatDrift("no document has bedtime_start; export again with all fields")
        yield from sleeps(texts)
    if "daily" in kinds:
        yield from day_documents(cells(rows, "daily", DAY_DOCUMENT))
    if "workout" in kinds:
        yield from workouts(cells(rows, "workout", WORKOUT))
    if "heart_rate" in kinds:
        yield from heart_rates(cells(rows, "heart_rate", ("timestamp", "bpm")))
    if "version_1" in kinds:
        yield from version_1(query("select * from rows where kind = 'version_1'", rows=rows))


def cells(rows: pa.Table, kind: str, keys: tuple[str, ...]) -> pa.Table:
    """`record`, `under` and one text column per key of the documents of a kind."""
    texts = ", ".join(f"nullif(doc ->> '$.{key}', '') as {key}" for key in keys)
    return query(f"select record, under, {texts} from rows where kind = '{kind}'", rows=rows)
