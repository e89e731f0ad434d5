"""Samsung Health's personal data: `com.samsung.*.csv` and the `jsons/` beside them.

One record is a row: a sleep, a stage, a measurement, a day, an exercise. What kind of file it is,
its first line says. Times are UTC, beside them the offset of the phone. Minutes, milliseconds of
latency, /min, %, Cel, kcal, metres. 0 is nothing of efficiency, latency and of what is measured.

A row of many minutes names a file of bins (`binning_data`), which tells them one by one: such a row
is not carried as well. `sleep_combined` repeats sleeps that name it. Of a day's steps only
`source_type` -2 is all devices together. `total_light_duration` and `total_rem_duration` are the
stages added up and cut to minutes, and with deep sleep missing are no total: they are left.

What is where: sheet (columns and clocks), bins (the JSON files).

Evidence: a real export of 101 sleeps with stages, heart rate and steps; bins of heart rate by a
written account. Other kinds by public readers: unverified.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import pyarrow as pa

from connectors.contract import Connector, Head, Item, Skip, Source, Total, shaped
from connectors.reading.json_prefix import values_in
from connectors.reading.outcome import Quantities, faults, samples, skips, sound
from connectors.reading.query import query
from connectors.reading.text_sql import epoch, number
from connectors.samsung.bins import are_bins, bins
from connectors.samsung.sheet import columns, sheet, type_of

STAGES = {"40001": "awake", "40002": "light", "40003": "deep", "40004": "rem"}
SLEEP = {
    "sleep_duration": ("time_in_bed", "min"),
    "sleep_latency": ("latency_to_sleep_onset", "ms"),
    "efficiency": ("sleep_efficiency", "%"),
    "sleep_score": ("sleep_score", "{score}"),
}
EXERCISE = {"calorie": ("energy_burned", "kcal"), "distance": ("distance", "m")}
DAY = {
    "count": ("step_count", "{count}"),
    "calorie": ("energy_burned", "kcal"),
    "distance": ("distance", "m"),
}
ALL_DEVICES = "-2"
_APP = "com.sec.android.app.shealth"
_SPAN = "start_utc, start_offset_min, end_utc, device, key"


@dataclass(frozen=True)
class Kind:
    """A type of CSV: its needed columns and its quantities; measurements have nothing more."""

    needed: tuple[str, ...]
    quantities: Quantities = field(default_factory=dict)


_POINT = ("start_time", "datauuid")
_KINDS = {
    "sleep": Kind((*_POINT, "end_time"), SLEEP),
    "sleep_stage": Kind((*_POINT, "end_time", "stage", "sleep_id")),
    "sleep_combined": Kind(_POINT),
    "heart_rate": Kind((*_POINT, "heart_rate"), {"heart_rate": ("heart_rate", "/min")}),
    "oxygen_saturation": Kind((*_POINT, "spo2"), {"spo2": ("oxygen_saturation", "%")}),
    "skin_temperature": Kind(
        (*_POINT, "temperature"), {"temperature": ("skin_temperature", "Cel")}
    ),
    "respiratory_rate": Kind((*_POINT, "average"), {"average": ("respiratory_rate", "/min")}),
    "hrv": Kind((*_POINT, "binning_data")),
    "exercise": Kind((*_POINT, "end_time", "exercise_type"), EXERCISE),
    "step_daily_trend": Kind(("day_time", "source_type", "count"), DAY),
}


def identify(head: Head) -> str | None:
    """By the first line, or by the keys of the first bin."""
    if head.first.lstrip()[:1] == b"[":
        return "bins_json" if are_bins(values_in(head)) else None
    kind = (type_of(head.first) or "").removeprefix("tracker.")
    return f"{kind}_csv" if kind in _KINDS else None


def extract(source: Source, variant: str) -> Iterator[Item]:
    """Sleeps with totals, stages, measurements, steps of days, exercise.

    Skips: `told_in_bins`, `repeats_sleeps` (combined), `part_of_the_day` (steps of one device).

    Raises: FormatDrift for a missing column, BrokenFile for damage.
    """
    if variant == "bins_json":
        yield from bins(source)
        return
    name = variant.removesuffix("_csv")
    kind = _KINDS[name]
    rows = sheet(source.read())
    yield Total(rows.records)
    yield from rows.unreadable()
    others = ("pkg_name", "binning_data", "deviceuuid", *kind.quantities)
    table = columns(rows, kind.needed, others)
    if name == "sleep_combined":
        yield Skip("repeats_sleeps", table.num_rows)
    elif name == "step_daily_trend":
        yield from _days(table)
    else:
        yield from _timed(table, name, kind)


def _timed(table: pa.Table, name: str, kind: Kind) -> Iterator[Item]:
    ends = name in ("sleep", "sleep_stage", "exercise")
    words = " ".join(f"when '{code}' then '{stage}'" for code, stage in STAGES.items())
    is_stage = name == "sleep_stage"
    label = f"case stage {words} end" if is_stage else "'sleep'"
    own = "when label is null then 'unknown_code:stage'" if is_stage else ""
    own += " when sleep_id is null then 'missing_value:sleep_id'" if is_stage else ""
    own += " when true then 'missing_value:binning_data'" if name == "hrv" else ""
    # a measurement of nothing is none, and so is one of 0
    zero = "".join(
        f"""when "{cell}" is null or {number(f'"{cell}"')} = 0 then 'missing_value:{cell}'"""
        for cell in kind.quantities
        if not ends
    )
    judged = query(
        f"""with told as (
            select *, datauuid as key, {label} as label,
                case when pkg_name <> '{_APP}' then pkg_name end as device,
                case when binning_data is not null and not {ends} then 'told_in_bins' end as skip
            from rows
        )
        select *, case
            when start_time is null then 'missing_time:start_time'
            when start_utc is null then 'unreadable_time:start_time'
            when end_time is null and {ends} then 'missing_time:end_time'
            when end_utc is null and end_time is not null then 'unreadable_time:end_time'
            when end_utc < start_utc then 'end_before_start:end_time' {own} {zero} end as fault
        from told""",
        rows=table,
    )
    yield from skips(judged)
    judged = query("select * exclude (skip) from judged where skip is null", judged=judged)
    good = sound(judged)
    episode = {
        "sleep": "'sleep' as kind, label, key as session",
        "sleep_stage": "'sleep_stage' as kind, label, sleep_id as session",
        "exercise": "'exercise' as kind, 'exercise ' || exercise_type as label",
    }.get(name)
    if episode:
        sql = f"select record, {episode}, {_SPAN} from good order by record"
        yield shaped("episode", query(sql, good=good))
    if kind.quantities:
        zeros = "value = 0 and metric not in ('time_in_bed', 'distance', 'energy_burned')"
        yield from samples(good, kind.quantities, _SPAN, zeros if episode else "false")
    yield faults(judged, *kind.needed)


def _days(table: pa.Table) -> Iterator[Item]:
    """A day's time is the UTC midnight of its local date."""
    judged = query(
        f"""with told as (
            select *, case when source_type <> '{ALL_DEVICES}' then 'part_of_the_day' end as skip,
                {epoch("day_time", 1000)} as moment from rows
        )
        select *, timezone('UTC', moment)::date as date, 'day ' || day_time as key,
            case when day_time is null then 'missing_time:day_time'
                 when moment is null then 'unreadable_time:day_time'
                 when "count" is null then 'missing_value:count' end as fault
        from told""",
        rows=table,
    )
    yield from skips(judged)
    judged = query("select * exclude (skip) from judged where skip is null", judged=judged)
    each = ", ".join(
        f"struct_pack(field := '{name}', metric := '{m}', unit := '{u}', text := \"{name}\")"
        for name, (m, u) in DAY.items()
    )
    values = query(
        f"""select *, {number("text")} as value from (select record, date, key,
            unnest([{each}], recursive := true) from judged where fault is null)
            where text is not null""",
        judged=judged,
    )
    sql = "select record, date, key, metric, value, unit from v where value is not null"
    yield shaped("daily", query(f"{sql} order by record", v=values))
    sql = """select record, 'unreadable_number' as code, field, text as raw from v
        where value is null order by record"""
    yield shaped("reject", query(sql, v=values))
    yield faults(judged, "day_time", "count")


_VERIFIED = ("sleep", "sleep_stage", "heart_rate", "step_daily_trend")

CONNECTOR = Connector(
    name="samsung_health",
    title="Samsung Health personal data",
    version="1",
    variants={
        **{f"{n}_csv": "verified" if n in _VERIFIED else "unverified" for n in _KINDS},
        "bins_json": "unverified",
    },
    identify=identify,
    extract=extract,
    source="watch",
)
