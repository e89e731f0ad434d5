"""Documents of Withings' API (`Sleep v2 - Getsummary` and `Get`), however they were saved.

One record is one element of `series`: a night's summary, or a stretch of one sleep state with the
series measured in it, keyed by the second. Times are seconds since 1970; a summary names its zone.
Seconds, /min, ms; `sleep_efficiency` is a share of 1. The device is the model: a mat and a watch
tell a night each. States: 0 awake, 1 light, 2 deep, 3 REM; a stretch names no sleep.

Evidence: the API's description and public readers; no real answer at hand.
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from connectors.contract import Connector, Head, Item, Source, Total, shaped
from connectors.reading import text_sql
from connectors.reading.json_prefix import documents_in
from connectors.reading.json_wrapped import documents
from connectors.reading.outcome import faults, samples, sound
from connectors.reading.query import query

MARKS = frozenset({"startdate"})
# Source: description of getsummary; the older names of durations with them.
TOTALS = {
    "total_timeinbed": ("time_in_bed", "s"),
    "total_sleep_time": ("total_sleep_time", "s"),
    "lightsleepduration": ("light_sleep_time", "s"),
    "deepsleepduration": ("deep_sleep_time", "s"),
    "remsleepduration": ("rem_sleep_time", "s"),
    "wakeupduration": ("wake_time_in_bed", "s"),
    "waso": ("wake_after_sleep_onset", "s"),
    "sleep_latency": ("latency_to_sleep_onset", "s"),
    "wakeup_latency": ("wake_after_final_awakening", "s"),
    "wakeupcount": ("number_of_awakenings", "{count}"),
    "sleep_efficiency": ("sleep_efficiency", "1"),
    "sleep_score": ("sleep_score", "{score}"),
    "hr_average": ("sleep_heart_rate", "/min"),
    "hr_min": ("sleep_heart_rate_lowest", "/min"),
    "rr_average": ("sleep_respiratory_rate", "/min"),
}
SERIES = {
    "hr": ("heart_rate", "/min"),
    "rr": ("respiratory_rate", "/min"),
    "rmssd": ("heart_rate_variability_rmssd", "ms"),
    "sdnn_1": ("heart_rate_variability_sdnn", "ms"),
}
STATES = {"0": "awake", "1": "light", "2": "deep", "3": "rem", "5": "asleep_unspecified"}
_SPAN = "start_utc, end_utc, zone, device, session, key"
_NEVER_ZERO = ("sleep_heart_rate", "sleep_heart_rate_lowest", "sleep_respiratory_rate")


def identify(head: Head) -> str | None:
    """`sleep_json` where an element has the keys of a summary or of a state."""
    for _, document in documents_in(head, MARKS):
        keys = document.keys()
        is_told = "state" in keys or {"data", "model"} <= keys
        if is_told and "enddate" in keys and isinstance(document["startdate"], int):
            return "sleep_json"
    return None


def extract(source: Source, variant: str) -> Iterator[Item]:
    """Stretches in bed with totals; stages; heart rate, breathing and variability.

    Raises: BrokenFile if the JSON is cut or holds no element of a series.
    """
    found = documents(source, MARKS)
    yield Total(found.num_rows)
    judged = query(_judged(), found=found)
    yield faults(judged, "startdate", "enddate", "state")
    good = sound(judged)
    nights = query("select * from good where state is null", good=good)
    yield shaped(
        "episode",
        query(
            f"""select record, unnest(['sleep', 'sleep_stage']) as kind,
                unnest(['sleep', 'in_bed']) as label, {_SPAN} from nights
                union all by name
                select record, 'sleep_stage' as kind, label, start_utc, end_utc, device, key
                from good where state is not null order by record, kind""",
            nights=nights,
            good=good,
        ),
    )
    carried = _SPAN.replace("session, ", "")
    yield from samples(nights, TOTALS, carried, f"value = 0 and metric in {_NEVER_ZERO}")
    for name, (metric, unit) in SERIES.items():
        yield from _series(good, name, metric, unit)


def _series(good: pa.Table, name: str, metric: str, unit: str) -> Iterator[Item]:
    rows = query(
        f"""with told as (
                select record, device, unnest(map_entries(try_cast({name}::json
                    as map(varchar, varchar)))) as each
                from good where {name} is not null
            )
            select record, device, each.value as number,
                {text_sql.epoch("each.key")} as start_utc
            from told""",
        good=good,
    )
    placed = query("select * from r where start_utc is not null", r=rows)
    yield from samples(placed, {"number": (metric, unit)}, "start_utc, device", "value = 0")


def _judged() -> str:
    states = " ".join(f"when '{code}' then '{stage}'" for code, stage in STATES.items())
    totals = ", ".join(
        f"""coalesce(doc ->> '$.data.{key}', doc ->> '$.{key}') as "{key}" """ for key in TOTALS
    )
    series = ", ".join(
        f"""case when json_type(doc, '$.{key}') = 'OBJECT' then doc ->> '$.{key}' end as {key}"""
        for key in SERIES
    )

    def moment(name: str) -> str:
        return text_sql.epoch(name)

    return f"""
    with told as (
        select record, doc ->> '$.startdate' as startdate, doc ->> '$.enddate' as enddate,
            doc ->> '$.state' as state, doc ->> '$.timezone' as zone, doc ->> '$.id' as id,
            coalesce(doc ->> '$.model', doc ->> '$.model_id') as model, {totals}, {series},
            json_type(doc) = 'OBJECT' as is_object
        from found
    ), timed as (
        select *, {moment("startdate")} as start_utc, {moment("enddate")} as end_utc,
            case state {states} end as label, 'model ' || model as device,
            coalesce(id, concat_ws(' ', startdate, model)) as session, session as key
        from told
    )
    select *, case when not coalesce(is_object, false) then 'broken_row'
        when startdate is null then 'missing_time:startdate'
        when start_utc is null then 'unreadable_time:startdate'
        when enddate is null then 'missing_time:enddate'
        when end_utc is null then 'unreadable_time:enddate'
        when end_utc <= start_utc then 'end_before_start:enddate'
        when state is not null and label is null then 'unknown_code:state' end as fault
    from timed order by record"""


CONNECTOR = Connector(
    name="withings_api",
    title="Withings API answers",
    version="1",
    variants={"sleep_json": "unverified"},
    identify=identify,
    extract=extract,
    source="watch",
)
