"""Huawei Health, "Request your data": one-line JSON arrays in a zip with the person's password.

`health detail data`: one record is an object with up to some hundred `samplePoints`, each a cell of
a minute of sleep, a pulse, a saturation. `sport per minute merged data`: one record is a minute of
steps of one device. The clock is epoch ms and, beside it, the offset `+0800` of the recording.
What a cell is is told by its key; the numbers in `type` differ between firmwares. Records are sent
again: of a cell that several tell the newest version stands. NOON is a nap. No Low, no glucose.

Evidence: other people's readers (one of a real export of 2026) and the app's own list of keys.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pyarrow as pa

from connectors.contract import Connector, Drift, FormatDrift, Head, Item, Source, Total, shaped
from connectors.reading.delimited import decoded
from connectors.reading.json_prefix import keys_in
from connectors.reading.query import json_rows, query
from connectors.reading.text_sql import epoch
from connectors.reading.verdict import carried, case_of, parted

STAGES = {
    "PROFESSIONAL_SLEEP_SHALLOW": "light",
    "PROFESSIONAL_SLEEP_DEEP": "deep",
    "PROFESSIONAL_SLEEP_DREAM": "rem",
    "PROFESSIONAL_SLEEP_WAKE": "awake",
    "PROFESSIONAL_SLEEP_NOON": "asleep_unspecified",
    "SLEEP_LIGHT": "light",
    "SLEEP_DEEP": "deep",
    "SLEEP_AWAKE": "awake",
}
NAP = "PROFESSIONAL_SLEEP_NOON"
# What lies behind them is not known: they have no stage.
NO_STAGE = ("PROFESSIONAL_SLEEP_BED", "PROFESSIONAL_SLEEP_ON")
# The second of a pair is the newer spelling, in which a record is told once more.
METRICS = {
    "DATA_POINT_DYNAMIC_HEARTRATE": "heart_rate",
    "DYNAMIC_HEART_RATE": "heart_rate",
    "DATA_POINT_REST_HEARTRATE": "resting_heart_rate",
    "DATA_POINT_NEW_REST_HEARTRATE": "resting_heart_rate",
    "RESTING_HEART_RATE": "resting_heart_rate",
    "BLOOD_OXYGEN_SATURATION": "oxygen_saturation",
}
UNITS = {"heart_rate": "/min", "resting_heart_rate": "/min", "oxygen_saturation": "%"}
DETAIL = {
    "startTime": "BIGINT", "timeZone": "VARCHAR", "deviceCode": "VARCHAR", "version": "BIGINT",
    "subUser": "VARCHAR",
    "samplePoints": "STRUCT(key VARCHAR, startTime BIGINT, endTime BIGINT, value VARCHAR)[]",
}  # fmt: skip
MINUTES = {"timeZone": "VARCHAR", "sportDataUserData": "JSON[]"}
_DETAIL = re.compile(r'\s*\[\s*\{(?=.*"samplePoints")(?=.*"(?:timeZone|recordId)")', re.DOTALL)
_MINUTES = re.compile(r'\s*\[\s*\{.{0,2000}?"sportDataUserData"\s*:\s*\[', re.DOTALL)
_OFFSET = r"^[+-]\d{2}:?\d{2}$"
# A value is a number, or an object with one number in it: {"bpm":57}.
_NUMBER = r"""case when p.value like '{%' then case when
    len(regexp_extract_all(p.value, ':\s*"?-?\d+(\.\d+)?')) = 1 then
    regexp_extract(p.value, ':\s*"?(-?\d+(\.\d+)?)', 1) end else p.value end"""


def identify(head: Head) -> str | None:
    """By the keys of the first objects, also of one that is longer than what can be seen."""
    if not keys_in(head) & {"samplePoints", "sportDataUserData"}:
        return None
    text = decoded(head.first)
    if _MINUTES.match(text):
        return "minutes"
    return "detail" if _DETAIL.match(text) else None


def extract(source: Source, variant: str) -> Iterator[Item]:
    """Stages and naps, heart rate, oxygen; or steps by the minute.

    Skips: `another_person` (a sub-user), `told_again` (every cell stands in a newer record),
    `not_read` (keys of other things), `no_value`.

    Raises: FormatDrift if no record has a cell, BrokenFile if the JSON is cut.
    """
    yield from (_minutes if variant == "minutes" else _detail)(source)


def _detail(source: Source) -> Iterator[Item]:
    rows = json_rows(source, DETAIL)
    yield Total(rows.num_rows)
    if rows.num_rows and rows["samplePoints"].null_count == rows.num_rows:
        raise FormatDrift("no record has samplePoints; report the new layout of health detail data")
    points = query(_points(), rows=rows)
    strange = query(
        """select distinct key from points where key like '%SLEEP%' and name is null
           and not list_contains($known, key) order by key""".replace("$known", str([*NO_STAGE])),
        points=points,
    )
    yield from (Drift(f"key {key}") for key in strange["key"].to_pylist())
    told = query(
        """select * exclude (is_first), not is_first as is_again,
               key not in $stages and (number is null or try_cast(number as double) <= 0)
                   as is_nothing
           from (
               select *, row_number() over (
                   partition by name, key = $nap, start_ms, end_ms, device
                   order by version desc nulls last, record) = 1 as is_first
               from points where name is not null and not is_other)""".replace(
            "$nap", f"'{NAP}'"
        ).replace("$stages", str(tuple(STAGES))),
        points=points,
    )
    verdicts = query(_verdicts(), rows=rows, points=points, told=told)
    _, items = parted(verdicts)
    yield from items
    good = query(
        """select * from told where not is_again and not is_nothing
               and record in (select record from v where ok)""",
        told=told,
        v=query("select record, skip is null and fault is null as ok from v", v=verdicts),
    )
    yield from _carried(good)


def _points() -> str:
    """SQL: every cell with its name in our words, NULL for what is not read."""
    names = " ".join(f"when '{k}' then '{n}'" for k, n in (STAGES | METRICS).items())
    return f"""
    with cells as (
        select record, timeZone, deviceCode as device, version,
            coalesce(subUser, '') <> '' as is_other, unnest(samplePoints) as p
        from rows
    )
    select record, device, version, is_other, p.key as key, p.startTime as start_ms,
        p.endTime as end_ms, {_NUMBER} as number, case p.key {names} end as name,
        {_instant("p.startTime")} as start_utc, {_instant("p.endTime")} as end_utc,
        {_offset("timeZone")} as start_offset_min, start_offset_min as end_offset_min
    from cells
    """


def _verdicts() -> str:
    """SQL: what becomes of each record, by its cells."""
    faults = [
        ("samplePoints is null", "broken_row:samplePoints"),
        ("has_no_time", "missing_time:startTime"),
        ("is_turned", "end_before_start:endTime"),
    ]
    return f"""
    with seen as (
        select record,
            bool_or(start_utc is null or (key in {tuple(STAGES)} and end_utc is null))
                as has_no_time,
            bool_or(end_utc < start_utc) as is_turned, bool_and(is_again) as is_again,
            bool_and(is_again or is_nothing) as is_nothing
        from told group by record
    )
    select r.record, case when coalesce(subUser, '') <> '' then 'another_person'
            when samplePoints is not null and s.record is null then 'not_read'
            when is_again then 'told_again' when is_nothing then 'no_value' end as skip,
        case when coalesce(subUser, '') = '' then {case_of(faults)} end as fault,
        left(samplePoints::varchar, 1000) as raw
    from rows r left join seen s using (record)
    """


def _carried(cells: pa.Table) -> Iterator[Item]:
    """Stages; a nap over each run of its cells in one record; samples."""
    episodes = query(
        f"""with marked as (
            select *, key = '{NAP}' as is_nap, start_utc is distinct from lag(end_utc) over (
                partition by record, key = '{NAP}' order by start_utc) as is_new
            from cells where key in {tuple(STAGES)}
        ), stage as (
            select *, case when is_nap then 'nap ' || epoch_ms(max(
                case when is_new then start_utc end) over (
                    partition by record, is_nap order by start_utc)) end as session
            from marked
        )
        select record, 'sleep_stage' as kind, name as label, start_utc, start_offset_min, end_utc,
            end_offset_min, device, session, session as key from stage
        union all by name
        select record, 'sleep' as kind, 'nap' as label, min(start_utc) as start_utc,
            any_value(start_offset_min) as start_offset_min, max(end_utc) as end_utc,
            any_value(end_offset_min) as end_offset_min, any_value(device) as device, session,
            session as key
        from stage where is_nap group by record, session
        order by record, start_utc""",
        cells=cells,
    )
    yield shaped("episode", episodes)
    for metric, unit in UNITS.items():
        samples = query(
            f"""select record, device, start_utc, start_offset_min, number as value
                from cells where name = '{metric}' order by record, start_utc""",
            cells=cells,
        )
        yield from carried(samples, {"value": (metric, unit)})


def _minutes(source: Source) -> Iterator[Item]:
    days = json_rows(source, MINUTES)
    cell = "coalesce(m ->> '$.timeZone', timeZone)"
    minutes = query(
        f"""with entries as (select timeZone, unnest(sportDataUserData) as m from days),
        timed as (
            select row_number() over () as record, m, m ->> '$.deviceCode' as device,
                m ->> '$.startTime' as startTime, m ->> '$.endTime' as endTime,
                m ->> '$.sportBasicInfos[0].steps' as steps,
                {_instant("try_cast(m ->> '$.startTime' as bigint)")} as start_utc,
                {_instant("try_cast(m ->> '$.endTime' as bigint)")} as end_utc,
                {_offset(cell)} as start_offset_min, start_offset_min as end_offset_min
            from entries
        )
        select * exclude (m), null::varchar as skip, left(m::varchar, 1000) as raw,
            {
            case_of(
                [
                    ("startTime is null", "missing_time:startTime"),
                    ("start_utc is null", "unreadable_time:startTime"),
                    ("end_utc < start_utc", "end_before_start:endTime"),
                ]
            )
        } as fault
        from timed""",
        days=days,
    )
    yield Total(minutes.num_rows)
    sound, items = parted(minutes)
    yield from items
    yield from carried(sound, {"steps": ("step_count", "{count}")})


def _instant(ms: str) -> str:
    return f"case when {ms} > 0 then {epoch(ms, 1000)} end"


def _offset(text: str) -> str:
    """SQL: minutes of `+0800`; NULL if it is not of that form."""
    sign = f"if(left({text}, 1) = '-', -1, 1)"
    digits = f"replace({text}, ':', '')"
    return (
        f"case when regexp_matches({text}, '{_OFFSET}') then"
        f" {sign} * ({digits}[2:3]::int * 60 + {digits}[4:5]::int) end"
    )


CONNECTOR = Connector(
    name="huawei_health",
    title="Huawei Health data request",
    version="1",
    variants={"detail": "unverified", "minutes": "unverified"},
    identify=identify,
    extract=extract,
    source="watch",
)
