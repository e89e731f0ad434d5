"""Ultrahuman ring: saved answers of the partner API, one day each.

One record is one metric of the answer: a sleep, or a list of values with epoch seconds. Instants
alone are told; `latest_time_zone` is where the person was last, so it is a fact of the file and not
of its records. Lengths of stages are seconds. A graph of the stages is carried where its parts add
up to them. Glucose of the sensor comes with its unit; there is no Low.

Evidence: readers of other people, which differ in the shape of a sleep; no real answer was at hand.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pyarrow as pa

from connectors.contract import (
    Connector,
    Fact,
    FormatDrift,
    Head,
    Item,
    Skip,
    Source,
    Total,
    shaped,
)
from connectors.reading.delimited import decoded
from connectors.reading.nights import sleeps
from connectors.reading.query import json_rows, query
from connectors.reading.text_sql import epoch
from connectors.reading.verdict import carried, case_of, parted

STAGES = {"deep_sleep": "deep", "rem_sleep": "rem", "light_sleep": "light", "awake": "awake"}
PARTS = {"deep_sleep": "deep_sleep_time", "rem_sleep": "rem_sleep_time",
         "light_sleep": "light_sleep_time"}  # fmt: skip
QUICK = {
    "time_in_bed": ("time_in_bed", "s"),
    "sleep_efic": ("sleep_efficiency", "%"),
    "avg_hrv": ("sleep_heart_rate_variability_rmssd", "ms"),
}
# The vendor says of its variability that it is rMSSD.
SERIES = {
    "hr": ("heart_rate", "/min"),
    "hrv": ("heart_rate_variability_rmssd", "ms"),
    "temp": ("skin_temperature", "Cel"),
    "spo2": ("oxygen_saturation", "%"),
    "steps": ("step_count", "{count}"),
}
GLUCOSE_UNITS = {"mg/dl": "mg/dL", "mmol/l": "mmol/L"}
GRAPH_OFF_S = 300  # by which a graph may miss the length of a stage
_MARK = re.compile(r'\s*\{\s*"data"\s*:\s*\{\s*"(metric_data|metrics)"\s*:\s*[\[{]', re.DOTALL)


def identify(head: Head) -> str | None:
    """`day` where the answer holds metrics, each with a type and an object."""
    text = decoded(head.first)
    return "day" if _MARK.match(text) and '"object"' in text and '"type"' in text else None


def extract(source: Source, variant: str) -> Iterator[Item]:
    """A sleep with stages and totals; heart rate, rMSSD, temperature, oxygen, steps, glucose.

    Skips: `not_read` (other metrics), `no_value`.

    Raises: FormatDrift if there is no list of metrics, BrokenFile if the JSON is cut.
    """
    rows = json_rows(source, {"data": "JSON", "latest_time_zone": "VARCHAR"})
    docs = query(
        """with each as (
            select latest_time_zone as zone, data::json as data from rows
        ), metric as (
            select zone, unnest(json_extract(data, '$.metric_data[*]')) as doc from each
            union all
            select zone, unnest(flatten(list_transform(json_extract(data, '$.metrics.*'),
                lambda day: if(json_type(day) = 'ARRAY', json_extract(day, '$[*]'), [day])))) as doc
            from each where json_type(data -> '$.metrics') = 'OBJECT'
        )
        select row_number() over () as record, zone, lower(doc ->> '$.type') as type,
            coalesce(doc -> '$.object.details', doc -> '$.object') as object
        from metric""",
        rows=rows,
    )
    if rows.num_rows and not docs.num_rows and not query(_HAS_LIST, rows=rows)["ok"][0].as_py():
        raise FormatDrift("no list of metrics under data; save the whole answer again")
    yield Total(docs.num_rows)
    for zone in sorted({zone for zone in docs["zone"].to_pylist() if zone}):
        yield Fact("timezone", zone)
    known = ("sleep", "glucose", *SERIES)
    other = query(f"select count(*) as n from docs where type not in {known} or type is null",
                  docs=docs)["n"][0].as_py()  # fmt: skip
    if other:
        yield Skip("not_read", other)
    yield from _sleeps(query("select * from docs where type = 'sleep'", docs=docs))
    yield from _series(query(f"select * from docs where type in {known[1:]}", docs=docs))


_HAS_LIST = "select bool_or(data like '%metric%') as ok from rows"


def _sleeps(docs: pa.Table) -> Iterator[Item]:
    start, end = (_instant(f"object ->> '$.bedtime_{end}'") for end in ("start", "end"))
    judged = query(
        f"""with told as (
            select record, object, {start} as start_utc, {end} as end_utc,
                if(object ->> '$.is_nap' = 'true', 'nap', 'sleep') as label,
                object ->> '$.bedtime_start' as session
            from docs
        )
        select *, case when session is null then 'no_value' end as skip, case when session is not
            null then {
            case_of(
                [
                    ("start_utc is null", "unreadable_time:bedtime_start"),
                    ("end_utc is null", "unreadable_time:bedtime_end"),
                    ("end_utc <= start_utc", "end_before_start:bedtime_end"),
                    *[
                        (
                            f"json_type(object -> '$.{key}') not in ('ARRAY', 'NULL')",
                            f"broken_row:{key}",
                        )
                        for key in ("sleep_stages", "quick_metrics")
                    ],
                ]
            )
        } end
                as fault, session as raw
        from told""",
        docs=docs,
    )
    sound, items = parted(judged)
    yield from items
    parts = (
        "list_filter(json_extract(object, '$.sleep_stages[*]'), lambda s: s ->> '$.type' = '{}')"
    )
    quick = (
        "list_filter(json_extract(object, '$.quick_metrics[*]'), lambda m: m ->> '$.type' = '{}')"
    )
    cells = [f"{parts.format(key)}[1] ->> '$.stage_time' as {key}" for key in PARTS]
    cells += [f"{quick.format(key)}[1] ->> '$.value' as {key}" for key in QUICK]
    nights = query(f"select *, {', '.join(cells)} from sound", sound=sound)
    totals = {key: (metric, "s") for key, metric in PARTS.items()} | QUICK
    yield from sleeps(nights.drop_columns(["object"]), totals, in_bed="true")
    yield shaped("episode", query(_graph(), nights=nights))


def _graph() -> str:
    """SQL: the stages of a graph, where it has of each as much as is told beside it."""
    words = " ".join(f"when '{word}' then '{stage}'" for word, stage in STAGES.items())
    off = " and ".join(
        f"abs(coalesce(sum(seconds) filter (word = '{key}'), 0) - coalesce(any_value(try_cast("
        f"{key} as double)), 0)) <= {GRAPH_OFF_S}"
        for key in PARTS
    )
    return f"""
    with points as (
        select record, session, {", ".join(PARTS)},
            unnest(json_extract(object, '$.sleep_graph.data[*]')) as p from nights
    ), told as (
        select * exclude (p), p ->> '$.type' as word, {_instant("p ->> '$.start'")} as start_utc,
            {_instant("p ->> '$.end'")} as end_utc, epoch(end_utc) - epoch(start_utc) as seconds
        from points
    ), whole as (
        select record from told group by record
        having {off} and bool_and(start_utc is not null and end_utc > start_utc)
    )
    select record, 'sleep_stage' as kind, case word {words} else 'unknown' end as label, session,
        start_utc, end_utc, session as key
    from told semi join whole using (record) order by record, start_utc
    """


def _series(docs: pa.Table) -> Iterator[Item]:
    """Values with a time. A metric without any is skipped, and glucose without a unit rejected."""
    units = " ".join(f"when '{word}' then '{unit}'" for word, unit in GLUCOSE_UNITS.items())
    points = query(
        f"""with each as (
            select record, type, case lower(object ->> '$.unit') {units} end as unit,
                unnest(json_extract(object, '$.values[*]')) as p from docs
        ), told as (
            select record, type, unit, {_instant("p ->> '$.timestamp'")} as start_utc,
                p ->> '$.value' as value
            from each
        )
        select * from told where start_utc is not null and try_cast(value as double) >= 0
            and not (try_cast(value as double) = 0 and type <> 'steps')
        order by record, start_utc""",
        docs=docs,
    )
    judged = query(
        """select record, case when record not in (select record from points) then 'no_value' end
                as skip, case when record in (select record from points where type = 'glucose'
                and unit is null) then 'unknown_unit:unit' end as fault, type as raw
           from docs""",
        docs=docs,
        points=points,
    )
    _, items = parted(judged)
    yield from items
    for name, told in SERIES.items():
        rows = query(f"select record, start_utc, value from points where type = '{name}'",
                     points=points)  # fmt: skip
        yield from carried(rows, {"value": told})
    for unit in GLUCOSE_UNITS.values():
        rows = query(
            f"""select record, start_utc, value from points
                where type = 'glucose' and unit = '{unit}'""",
            points=points,
        )
        yield from carried(rows, {"value": ("interstitial_glucose", unit)})


def _instant(text: str) -> str:
    return f"case when try_cast({text} as double) >= 1 then {epoch(text)} end"


CONNECTOR = Connector(
    name="ultrahuman_ring",
    title="Ultrahuman ring answers",
    version="1",
    variants={"day": "unverified"},
    identify=identify,
    extract=extract,
    source="ring",
)
