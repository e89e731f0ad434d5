"""Withings' export of an account: `sleep.csv`, `raw_*.csv`, `manual_spo2.csv`.

One record is a line: a stretch in bed, a series of values, or a measurement. Times are ISO with the
offset of the recording, but for measurements by hand, which are naive. Seconds, /min, %. The first
columns of `sleep.csv` are in the language of the account, the others English; light, deep and REM
sleep and `awake`, which counts the time to fall asleep and to rise, do not always add up to it.
REM sleep is 0 throughout where the device cannot tell it. A night may be told by a mat and a watch.

In raw files a series that was uploaded twice from one start is there twice, short and long: of what
adds up (stages, steps) the longest is carried. They do not say whose they are, and no sleep, which
is found by the time.

Evidence: a German export of 89 nights and an English demo of 2023. Files of sums per date (`date,
value` for steps as for distance, energy or oxygen) cannot be told from each other and are not read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pyarrow as pa

from connectors.contract import Connector, Drift, Head, Item, Skip, Source, Total, shaped
from connectors.reading import text_sql
from connectors.reading.delimited import decoded, fields_of, lines_of, rows_below
from connectors.reading.outcome import faults, samples, sound
from connectors.reading.query import query
from connectors.withings.runs import FEWEST, measured, stretches

# By place: these are translated. Source: German and English files, Spanish names of a reader.
_PLACES = ("begin", "end", "light", "deep", "rem", "awake", "awakenings")
_NAMES = {
    "Duration to sleep (s)": "latency",
    "Duration to wake up (s)": "rising",
    "Average heart rate": "pulse",
    "Heart rate (min)": "pulse_min",
}
_OTHERS = ("Snoring (s)", "Snoring episodes", "Heart rate (max)", "Night events", "Notes")
TOTALS = {
    "light": ("light_sleep_time", "s"),
    "deep": ("deep_sleep_time", "s"),
    "rem": ("rem_sleep_time", "s"),
    "awake": ("wake_time_in_bed", "s"),
    "awakenings": ("number_of_awakenings", "{count}"),
    "latency": ("latency_to_sleep_onset", "s"),
    "rising": ("wake_after_final_awakening", "s"),
    "pulse": ("sleep_heart_rate", "/min"),
    "pulse_min": ("sleep_heart_rate_lowest", "/min"),
}
STATES = {0: "awake", 1: "light", 2: "deep", 3: "rem"}  # source: vendor's readme, API
RAW = {
    "heart_rate": ("heart_rate", "/min"),
    "oxygen": ("oxygen_saturation", "%"),
    "steps": ("step_count", "{count}"),
}
_SPAN = "start_utc, start_wall, start_offset_min, end_utc, end_wall, end_offset_min, session, key"
_MANUAL = re.compile(r'"?\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"?,(\d{2,3})')


def identify(head: Head) -> str | None:
    """By the English half of the header of sleeps; by the values where it could be anybody's."""
    lines = lines_of(decoded(head.first))
    if len(lines) < 2:
        return None
    header = fields_of(lines[0], ",")
    if {"Duration to sleep (s)", "Duration to wake up (s)"} <= set(header[7:]):
        return "sleep_csv"
    rows = lines[1:-1] if len(head.first) >= 60_000 else lines[1:]
    if header == ["start", "duration", "value"]:
        kind = measured(rows)
        return kind and f"raw_{kind}_csv"
    if header == ["date", "value"] and rows:
        found = [_MANUAL.fullmatch(row.strip()) for row in rows]
        values = sorted(int(each[1]) for each in found if each)
        if len(values) == len(rows) >= FEWEST and 60 <= values[0] <= values[-1] <= 100:
            return "manual_oxygen_csv" if values[len(values) // 2] >= 92 else None
    return None


def extract(source: Source, variant: str) -> Iterator[Item]:
    """Stretches in bed with the vendor's totals; stages, heart rate, oxygen, steps.

    Skips: `uploaded_again` (a series that a longer one from the same start repeats).

    Raises: BrokenFile where the quoting cannot be followed.
    """
    rows = rows_below(lines_of(decoded(source.read())), 0, ",")
    yield Total(rows.records)
    yield from rows.unreadable()
    if variant == "sleep_csv":
        yield from _sleeps(rows.header, rows.table())
    elif variant == "manual_oxygen_csv":
        yield from _by_hand(rows.table().rename_columns(["record", "date", "value"]))
    else:
        table = rows.table().rename_columns(["record", "start", "duration", "value"])
        yield from _raw(table, variant)


def _sleeps(header: tuple[str, ...], table: pa.Table) -> Iterator[Item]:
    found = {name: i for i, name in enumerate(_PLACES)}
    found |= {_NAMES[cell]: i for i, cell in enumerate(header) if i > 6 and cell in _NAMES}
    for cell in header[7:]:
        if cell not in (*_NAMES, *_OTHERS):
            yield Drift(f"column {cell}")
    cells = ", ".join(
        f'c{found[name]} as "{name}"' if name in found else f'null::varchar as "{name}"'
        for name in (*_PLACES, *_NAMES.values())
    )
    times = ", ".join(
        f"{text_sql.instant(cell)} as {name}_utc, {text_sql.wall(cell)} as {name}_wall,"
        f" {text_sql.offset_min(cell)} as {name}_offset_min"
        for name, cell in (("start", '"begin"'), ("end", '"end"'))
    )
    judged = query(
        f"""with named as (select record, {cells} from rows),
        timed as (
            select * replace (
                    case when max(try_cast(rem as double)) over () > 0 then rem end as rem
                ), {times}, "begin" as session, "begin" as key from named
        )
        select *, case when "begin" = '' then 'missing_time:from'
            when coalesce(start_utc, start_wall) is null then 'unreadable_time:from'
            when "end" = '' then 'missing_time:to'
            when coalesce(end_utc, end_wall) is null then 'unreadable_time:to'
            when coalesce(end_utc <= start_utc, end_wall <= start_wall)
                then 'end_before_start:to' end as fault from timed""",
        rows=table,
    )
    good = sound(judged)
    yield shaped(
        "episode",
        query(
            f"""select record, unnest(['sleep', 'sleep_stage']) as kind,
                unnest(['sleep', 'in_bed']) as label, {_SPAN} from good order by record, kind""",
            good=good,
        ),
    )
    nothing = "value = 0 and metric in ('sleep_heart_rate', 'sleep_heart_rate_lowest')"
    yield from samples(good, TOTALS, _SPAN.replace("session, ", ""), nothing)
    yield faults(judged, "begin", "end", "light", "deep", "rem", "awake")


def _raw(table: pa.Table, variant: str) -> Iterator[Item]:
    kind = variant.removeprefix("raw_").removesuffix("_csv")
    told = query(
        f"""select *, {kind in ("sleep_states", "steps")} and "start" <> '' and row_number() over (
                partition by "start" order by len(string_split_regex("duration", '[, ]+')) desc,
                record) > 1 as is_again from t""",
        t=table,
    )
    again = query("select count(*) as n from t where is_again", t=told)["n"][0].as_py()
    if again:
        yield Skip("uploaded_again", again)
    rows = stretches(query("select * exclude (is_again) from t where not is_again", t=told))
    bad = query("select * from r where fault is not null", r=rows)
    yield faults(bad, "start", "duration", "told")
    if kind == "sleep_states":
        words = " ".join(f"when {code} then '{stage}'" for code, stage in STATES.items())
        stages = query(
            f"""select record, 'sleep_stage' as kind, case value {words} end as label,
                start_utc, start_offset_min, end_utc, text as raw
                from r where fault is null and end_utc > start_utc order by record, n""",
            r=rows,
        )
        sql = "select * exclude (raw) from s where label is not null"
        yield shaped("episode", query(sql, s=stages))
        sql = """select record, 'unknown_code' as code, 'value' as field, raw from s
            where label is null"""
        yield shaped("reject", query(sql, s=stages))
        return
    metric, unit = RAW[kind]
    nothing = "value = 0" if kind != "steps" else "false"
    sample = f"""select record, '{metric}' as metric, value, '{unit}' as unit, start_utc,
        start_offset_min, end_utc from r where fault is null and value is not null
        and not ({nothing}) order by record, n"""
    yield shaped("sample", query(sample, r=rows))
    reject = f"""select record, case when value is null then 'unreadable_number'
            else 'missing_value' end as code, 'value' as field, text as raw
        from r where fault is null and (value is null or {nothing}) order by record, n"""
    yield shaped("reject", query(reject, r=rows))


def _by_hand(table: pa.Table) -> Iterator[Item]:
    judged = query(
        f"""select record, date, value as oxygen, {text_sql.wall("date")} as start_wall, case
                when {text_sql.wall("date")} is null then 'unreadable_time:date'
                when value = '' then 'missing_value:value' end as fault from rows""",
        rows=table,
    )
    yield from samples(sound(judged), {"oxygen": RAW["oxygen"]}, "start_wall")
    yield faults(judged, "date", "oxygen")


CONNECTOR = Connector(
    name="withings_export",
    title="Withings data export",
    version="1",
    variants={
        "sleep_csv": "verified",
        "raw_sleep_states_csv": "verified",
        "raw_heart_rate_csv": "verified",
        "raw_oxygen_csv": "verified",
        "raw_steps_csv": "verified",
        "manual_oxygen_csv": "verified",
    },
    identify=identify,
    extract=extract,
    source="watch",
)
