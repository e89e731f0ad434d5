"""Emfit QS: one time in bed (a "presence"), as its service answers or pushes it.

One record is one time in bed. Times are epoch seconds; the offset of the begin stands beside, in
minutes or seconds. Stages are pairs of a time and 1 deep, 2 light, 3 REM, 4 awake, each lasting
until the next, the last until the end. Series are tuples of time and values (pulse, breaths,
movement; rMSSD first of its own), in which 0 and null are nothing; lists are text in what is
pushed. Lengths are seconds. The owner's note and settings are not read.

Evidence: a published push of the vendor, a reader of real answers and tests of a client.
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from connectors.contract import Connector, Drift, FormatDrift, Head, Item, Source, Total, shaped
from connectors.reading.delimited import decoded
from connectors.reading.json_prefix import keys_in
from connectors.reading.nights import sleeps
from connectors.reading.query import json_values, query
from connectors.reading.text_sql import later, number
from connectors.reading.verdict import Told, carried, case_of, parted, time_faults

STAGES = {"1": "deep", "2": "light", "3": "rem", "4": "awake"}
# The keys of the service, then of a push.
TIMES = {
    "begin": ("time_start", "from"),
    "until": ("time_end", "to"),
    "offset": ("time_start_gmt_offset", "from_gmt_offset"),
    "device": ("device_id", "device"),
    "epochs": ("sleep_epoch_datapoints", "sleep_data"),
    "vitals": ("measured_datapoints", "calc_data"),
    "rmssd": ("hrv_rmssd_datapoints", "hrv_rmssd_data"),
}
SCORE = ("sleep_score",)  # 0 where nothing was scored
TOTALS: dict[tuple[str, ...], tuple[str, str]] = {
    ("sleep_duration", "duration_in_sleep"): ("total_sleep_time", "s"),
    ("time_in_bed_duration", "duration_in_bed"): ("time_in_bed", "s"),
    ("sleep_onset_duration", "duration_sleep_onset"): ("latency_to_sleep_onset", "s"),
    ("sleep_class_light_duration", "duration_in_light"): ("light_sleep_time", "s"),
    ("sleep_class_deep_duration", "duration_in_deep"): ("deep_sleep_time", "s"),
    ("sleep_class_rem_duration", "duration_in_rem"): ("rem_sleep_time", "s"),
    ("sleep_awakenings", "awakenings"): ("number_of_awakenings", "{count}"),
    ("sleep_efficiency",): ("sleep_efficiency", "%"),
    SCORE: ("sleep_score", "{score}"),
    ("measured_hr_avg", "avg_hr"): ("sleep_heart_rate", "/min"),
    ("measured_hr_min", "min_hr"): ("sleep_heart_rate_lowest", "/min"),
    ("measured_rr_avg", "avg_rr"): ("sleep_respiratory_rate", "/min"),
}
SERIES = {
    ("vitals", 1): ("heart_rate", "/min"),
    ("vitals", 2): ("respiratory_rate", "/min"),
    ("rmssd", 1): ("heart_rate_variability_rmssd", "ms"),
}
_SERVICE = frozenset(
    (
        *("tossnturn_count", "tossnturn_datapoints", "bed_exit_count", "bed_exit_periods"),
        *("hrv_rmssd_evening", "hrv_recovery_total", "sleep_class_awake_duration"),
        *("nodata_periods", "sleep_epoch_datapoints"),
    )
)
_PUSH = frozenset(("duration_in_bed", "avg_act", "calc_data", "from_gmt_offset", "tossnturn_data"))


def identify(head: Head) -> str | None:
    """`presence` or `push`, by three keys of its own in an object."""
    if decoded(head.first).lstrip()[:1] not in ("{", "["):
        return None
    if len(_PUSH & keys_in(head)) >= 3:
        return "push"
    return "presence" if len(_SERVICE & keys_in(head)) >= 3 else None


def extract(source: Source, variant: str) -> Iterator[Item]:
    """Sleeps with time in bed, totals, stages, pulse, breaths and rMSSD. Skips: none.

    Raises: FormatDrift if no record has a begin, BrokenFile if the JSON is cut.
    """
    docs = json_values(source)
    yield Total(docs.num_rows)
    judged = query(_judged(), docs=docs)
    if judged["begin"].null_count == judged.num_rows:
        raise FormatDrift("no object has time_start or from; save the whole answer again")
    sound, items = parted(judged)
    yield from items
    told: Told = {keys[0]: metric for keys, metric in TOTALS.items()}
    yield from sleeps(sound, told, in_bed="true")
    yield from _stages(sound)
    yield from _series(sound)


def _of(keys: tuple[str, ...]) -> str:
    """SQL: the first of some keys that is there."""
    return f"coalesce({', '.join(f'''doc ->> '$.{key}' ''' for key in keys)})"


def _judged() -> str:
    named = ", ".join(f"{_of(keys)} as {name}" for name, keys in TIMES.items())
    totals = ", ".join(
        f"nullif({_of(keys)}, '{'0' if keys == SCORE else ''}') as {keys[0]}" for keys in TOTALS
    )
    minutes = "try_cast(shift as double)"
    faults = [
        *time_faults("begin", "start_utc"),
        *time_faults("until", "end_utc"),
        ("end_utc <= start_utc", "end_before_start:until"),
    ]
    return f"""
    with told as (
        select record, {named}, {totals}, doc ->> '$.id' as id from docs
    ), timed as (
        select * exclude ("offset"), "offset" as shift, {_moment("begin")} as start_utc,
            {_moment("until")} as end_utc, coalesce(id, begin) as session, 'sleep' as label
        from told
    )
    select *,
        -- no offset is of 15 minutes and less but none, or of 15 hours and more
        case when abs({minutes}) < 900 then cast({minutes} as int)
            when abs({minutes}) <= 64800 then cast({minutes} / 60 as int) end as start_offset_min,
        null::varchar as skip, {case_of(faults)} as fault, concat_ws('|', begin, until) as raw
    from timed
    """


def _moment(text: str) -> str:
    """SQL: the instant of epoch seconds."""
    return later("timestamptz '1970-01-01 00:00:00+00'", f"try_cast({text} as double)")


def _tuples(column: str) -> str:
    """SQL: the elements of a list of tuples, which may be text."""
    return f"unnest(case when json_valid({column}) then json_extract({column}, '$[*]') end)"


def _stages(nights: pa.Table) -> Iterator[Item]:
    words = " ".join(f"when '{code}' then '{stage}'" for code, stage in STAGES.items())
    runs = query(
        f"""with pairs as (
            select record, session, device, start_utc as first, end_utc as last,
                {_tuples("epochs")} as pair
            from nights
        ), placed as (
            select * exclude (pair), pair ->> '$[1]' as code,
                {_moment("(pair ->> '$[0]')")} as told_utc
            from pairs
        ), lasting as (
            select *, greatest(told_utc, first) as start_utc,
                least(last, greatest(lead(told_utc, 1, last) over of_night, first)) as end_utc,
                coalesce(lag(code) over of_night, '') as before
            from placed where told_utc < last
            window of_night as (partition by record order by told_utc, code)
        )
        select record, session, device, start_utc, end_utc, code,
            sum((code is distinct from before)::int) over (
                partition by record order by told_utc, code) as run
        from lasting""",
        nights=nights,
    )
    stages = query(
        f"""select record, 'sleep_stage' as kind,
            case any_value(code) {words} else 'unknown' end as label, session,
            min(start_utc) as start_utc, max(end_utc) as end_utc, any_value(device) as device,
            session as key
        from runs group by record, session, run having max(end_utc) > min(start_utc)
        order by record, start_utc""",
        runs=runs,
    )
    for code in sorted({code or "" for code in runs["code"].to_pylist()} - set(STAGES)):
        yield Drift(f"stage {code[:9]}")
    if stages.num_rows:
        yield shaped("episode", stages)


def _series(nights: pa.Table) -> Iterator[Item]:
    """Values above 0 with their time; everything else is no measurement."""
    for (column, place), metric in SERIES.items():
        rows = query(
            f"""with tuples as (
                select record, device, {_tuples(column)} as each from nights
            ), told as (
                select record, device, {_moment("(each ->> '$[0]')")} as start_utc,
                    each ->> '$[{place}]' as value
                from tuples
            )
            select * from told where start_utc is not null and {number("value")} > 0
            order by record, start_utc""",
            nights=nights,
        )
        yield from carried(rows, {"value": metric})


CONNECTOR = Connector(
    name="emfit",
    title="Emfit QS answers",
    version="1",
    variants={"presence": "unverified", "push": "unverified"},
    identify=identify,
    extract=extract,
    source="mat",
)
