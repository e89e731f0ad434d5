"""Polar AccessLink v3: saved answers of sleep, nightly recharge and continuous heart rate.

One record is one night, one recharge, or one pulse. A night has ISO times with an offset, seconds,
and a hypnogram and pulses under keys `HH:MM`, which are minutes of the wall clock after its begin:
they are counted on from there, in the offset of the begin. Of a recharge the averages are carried,
by the date of waking; its samples have a clock and no date. Low and glucose: none.

Evidence: the vendor's description of the API and other people's readers; no real answer was at
hand. `polar_user` is an address of the person and stays in the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pyarrow as pa

from connectors.contract import Connector, Drift, FormatDrift, Head, Item, Source, Total, shaped
from connectors.polar.stages import CODES, stages
from connectors.reading.delimited import decoded
from connectors.reading.json_prefix import keys_in
from connectors.reading.nights import sleeps
from connectors.reading.query import json_rows, query
from connectors.reading.text_sql import dated, elements, instant, offset_min, raw, wall
from connectors.reading.verdict import carried, case_of, parted, time_faults

# Source: AccessLink's description. Stage lengths and interruptions are seconds.
TOTALS = {
    "light_sleep": ("light_sleep_time", "s"),
    "deep_sleep": ("deep_sleep_time", "s"),
    "rem_sleep": ("rem_sleep_time", "s"),
    "total_interruption_duration": ("wake_after_sleep_onset", "s"),
    "sleep_score": ("sleep_score", "{score}"),
}
RECHARGE = {
    "heart_rate_avg": ("sleep_heart_rate", "/min"),
    "heart_rate_variability_avg": ("sleep_heart_rate_variability_rmssd", "ms"),
    "breathing_rate_avg": ("sleep_respiratory_rate", "/min"),
}
NIGHT = ("date", "sleep_start_time", "sleep_end_time", "device_id", "hypnogram",
         "heart_rate_samples", *TOTALS)  # fmt: skip
_KINDS = {
    "nights": re.compile(r'(?=.*"sleep_start_time")(?=.*"light_sleep")', re.DOTALL),
    "recharge": re.compile(r'(?=.*"beat_to_beat_avg")(?=.*"breathing_rate_avg")', re.DOTALL),
    "heart_rate": re.compile(r'(?=.*"heart_rate_samples")(?=.*"sample_time")', re.DOTALL),
}


_MARKS = frozenset(("sleep_start_time", "beat_to_beat_avg", "heart_rate_samples"))


def identify(head: Head) -> str | None:
    """By keys that no other vendor writes together; lists may be under their name or bare."""
    text = decoded(head.first).lstrip()
    if text[:1] not in ("{", "[") or not _MARKS & keys_in(head):
        return None
    return next((name for name, form in _KINDS.items() if form.match(text)), None)


def extract(source: Source, variant: str) -> Iterator[Item]:
    """Nights with stages, pulses and totals; averages of a recharge; pulses of a day.

    Skips: `no_value`.

    Raises: FormatDrift if no document has its date, BrokenFile if the JSON is cut.
    """
    if variant == "nights":
        yield from _nights(_documents(source, "nights", NIGHT))
    elif variant == "recharge":
        yield from _recharges(_documents(source, "recharges", ("date", *RECHARGE)))
    else:
        yield from _pulses(_documents(source, "heart_rates", ("date", "heart_rate_samples")))


def _documents(source: Source, under: str, keys: tuple[str, ...]) -> pa.Table:
    """Text columns of the documents: bare, in a list, or in a list under its name.

    Raises: FormatDrift if none has a date.
    """
    rows = json_rows(source, {under: "JSON[]"} | dict.fromkeys(keys, "JSON"))
    if rows[under].null_count < rows.num_rows:
        cells = ", ".join(f"nullif(doc ->> '$.{key}', '') as {key}" for key in keys)
        docs = query(
            f"select row_number() over () as record, {cells}"
            f" from (select unnest({under})::json as doc from rows)",
            rows=rows,
        )
    else:
        cells = ", ".join(f"nullif({key} ->> '$', '') as {key}" for key in keys)
        docs = query(f"select record, {cells} from rows", rows=rows)
    if docs.num_rows and docs["date"].null_count == docs.num_rows:
        raise FormatDrift("no document has a date; save the whole answer of AccessLink again")
    return docs


def _nights(docs: pa.Table) -> Iterator[Item]:
    yield Total(docs.num_rows)
    times = ", ".join(
        f"{instant(key)} as {name}_utc, {wall(key)} as {name}_wall,"
        f" {offset_min(key)} as {name}_offset_min"
        for name, key in (("start", "sleep_start_time"), ("end", "sleep_end_time"))
    )
    # a device without stages says 0 of each
    is_staged = "greatest(light_sleep, deep_sleep, rem_sleep) <> '0'"
    staged = ", ".join(f"if({is_staged}, {key}, null) as {key}" for key in list(TOTALS)[:3])
    nights = query(
        f"""with timed as (
            select * replace ({staged}), {times}, device_id as device, 'sleep' as label,
                date || coalesce(' ' || device_id, '') as session
            from docs
        )
        select *, null::varchar as skip,
            {raw("date", "sleep_start_time", "sleep_end_time")} as raw,
            {
            case_of(
                [
                    *time_faults("sleep_start_time", "start_utc"),
                    *time_faults("sleep_end_time", "end_utc"),
                    ("end_utc <= start_utc", "end_before_start:sleep_end_time"),
                ]
            )
        } as fault
        from timed""",
        docs=docs,
    )
    sound, items = parted(nights)
    yield from items
    yield from sleeps(sound, TOTALS)
    changes = query(_after_begin("hypnogram"), sound=sound)
    known = pa.array(list(CODES))
    strange = query(
        "select distinct state from changes anti join known using (state) order by state",
        changes=changes,
        known=pa.table({"state": known}),
    )
    for code in strange["state"].to_pylist():
        yield Drift(f"hypnogram code {code}")
    yield shaped("episode", stages(changes, CODES))
    pulses = query(
        f"""select record, device, session, start_offset_min, state as pulse,
                start_utc + to_microseconds(cast(offset_s * 1e6 as bigint)) as start_utc
            from ({_after_begin("heart_rate_samples")}) order by record, offset_s""",
        sound=sound,
    )
    samples = pulses.drop_columns(["session"])
    good = query("select * from samples where try_cast(pulse as double) > 0", samples=samples)
    yield from carried(good, {"pulse": ("heart_rate", "/min")})


def _after_begin(column: str) -> str:
    """SQL: the members of an object by `HH:MM`, with seconds after the begin of the night."""
    clock = "string_split(clock, ':')"
    minute = f"({clock}[1]::int * 60 + {clock}[2]::int)"
    begin = "(hour(start_wall) * 60 + minute(start_wall))"
    return f"""
    with members as (
        select record, session, device, start_utc, start_wall, start_offset_min, end_utc,
            end_offset_min, unnest(json_keys({column})) as clock, {column} as told
        from sound where json_valid({column}) and {column} like '{{%' and start_wall is not null
    )
    select * exclude (clock, told), told ->> ('$."' || clock || '"') as state,
        -- the begin has seconds, the keys have none
        greatest(0, ({minute} - {begin} + 1440) % 1440 * 60 - second(start_wall)) as offset_s
    from members where regexp_full_match(clock, '\\d\\d?:[0-5]\\d')
    """


def _recharges(docs: pa.Table) -> Iterator[Item]:
    yield Total(docs.num_rows)
    days = query(
        f"""select *, null::varchar as skip, date as raw,
            {case_of(time_faults("date", "day"))} as fault
        from (select *, {dated("try_cast(date as date)")} as day from docs)""",
        docs=docs,
    )
    sound, items = parted(days)
    yield from items
    rows = query("select * exclude (date, day), day as date from sound", sound=sound)
    yield from carried(rows, RECHARGE, "daily")


def _pulses(docs: pa.Table) -> Iterator[Item]:
    pulses = query(
        f"""with each as (
            select date as day, unnest({elements("heart_rate_samples")}) as s
            from docs
        )
        select row_number() over () as record, day, s ->> '$.heart_rate' as pulse,
            s ->> '$.sample_time' as clock,
            {dated("try_cast((day || ' ' || (s ->> '$.sample_time')) as timestamp)")} as start_wall
        from each""",
        docs=docs,
    )
    yield Total(pulses.num_rows)
    judged = query(
        f"""select *, null::varchar as skip, {raw("day", "clock", "pulse")} as raw,
            {case_of(time_faults("clock", "start_wall"))} as fault from pulses""",
        pulses=pulses,
    )
    sound, items = parted(judged)
    yield from items
    yield from carried(sound, {"pulse": ("heart_rate", "/min")})


CONNECTOR = Connector(
    name="polar_accesslink",
    title="Polar AccessLink answers",
    version="1",
    variants={"nights": "unverified", "recharge": "unverified", "heart_rate": "unverified"},
    identify=identify,
    extract=extract,
    source="watch",
)
