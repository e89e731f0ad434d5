"""Fitabase's CSVs: Fitbit data of the people in a study, one file of all of them or one each.

One record is a line: a day, a sleep, a minute or half a minute of it, a heart rate, a minute of
steps. Times are naive local, month first: `4/12/2016 12:00:00 AM`, re-saved as `4/12/2016 0:00` or
`04/12/2016`; those of a sleep stay in the offset of its begin. `Id` (`Customer Id`) is the person.
A day is that of waking and tells no bedtime. Minutes of sleep: 1 asleep, 2 restless, 3 awake, and
restless is not asleep. Of half minutes `SleepStage` has the short wakes laid over the levels.

Lines of one sleep with one code after the other are one stage: the first of them is carried, the
others counted as `continues`. Exact copies of a line (`repeated_row`) occur in public sets.

Evidence: a real file of days in three spellings; others by the data dictionary: unverified.
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from connectors.contract import Connector, Drift, Head, Item, Skip, Source, Total, shaped
from connectors.reading.delimited import decoded, fields_of, lines_of, rows_below
from connectors.reading.outcome import faults, samples, sound
from connectors.reading.query import query
from connectors.reading.text_sql import dated, number

# Variant: its columns, ours by theirs; `moment` is the time. Source: vendor's data dictionary.
COLUMNS = {
    "days_csv": {
        "SleepDay": "moment",
        "TotalMinutesAsleep": "asleep",
        "TotalTimeInBed": "in_bed",
    },
    "minutes_csv": {"date": "moment", "value": "code", "logId": "log"},
    "half_minutes_csv": {"LogId": "log", "Time": "moment", "SleepStage": "code"},
    "logs_csv": {
        "LogId": "log",
        "StartTime": "moment",
        "Duration": "length",
        "TimeInBed": "in_bed",
    },
    "heart_rate_csv": {"Time": "moment", "Value": "pulse"},
    "steps_csv": {"ActivityMinute": "moment", "Steps": "steps"},
}
# Further ones that are carried or, as '', known and left.
_MORE = {
    "days_csv": {
        "TotalMinutesLight": "light",
        "TotalMinutesDeep": "deep",
        "TotalMinutesREM": "rem",
        "TotalTimeAwake": "awake",
        "TotalSleepRecords": "",
    },
    "half_minutes_csv": {"Level": "", "ShortWakes": ""},
    "logs_csv": {
        "MinutesAsleep": "asleep",
        "MinutesToFallAsleep": "latency",
        "MinutesAfterWakeup": "rising",
        "MinutesAfterWakeUp": "rising",
        "Efficiency": "efficiency",
        "StagesLightDuration": "light",
        "StagesDeepDuration": "deep",
        "StagesREMDuration": "rem",
        "IsMainSleep": "main",
    },
}
_IDS = ("Id", "Customer Id", "ID")
TOTALS = {
    "asleep": ("total_sleep_time", "min"),
    "in_bed": ("time_in_bed", "min"),
    "light": ("light_sleep_time", "min"),
    "deep": ("deep_sleep_time", "min"),
    "rem": ("rem_sleep_time", "min"),
    "awake": ("wake_time_in_bed", "min"),
    "latency": ("latency_to_sleep_onset", "min"),
    "rising": ("wake_after_final_awakening", "min"),
    "efficiency": ("sleep_efficiency", "%"),
}
CODES = {
    "1": "asleep_unspecified",
    **dict.fromkeys(("2", "3", "wake", "awake", "restless"), "awake"),
    **{stage: stage for stage in ("light", "deep", "rem")},
    "asleep": "asleep_unspecified",
    "unknown": "unknown",
}
_TIMES = """['%m/%d/%Y %I:%M:%S %p', '%m/%d/%Y %I:%M:%S%p', '%m/%d/%Y %H:%M:%S',
    '%m/%d/%Y %H:%M', '%m/%d/%Y']"""
_SPAN = "start_wall, end_wall, anchor_wall, key, subject"


def identify(head: Head) -> str | None:
    """By the names of the columns; heart rate and steps only with the person's id."""
    lines = lines_of(decoded(head.first))
    if len(lines) < 2 or not lines[1].strip() or "," not in lines[0]:
        return None
    cells = fields_of(lines[0], ",")
    has_id = cells[0] in _IDS
    for variant, columns in COLUMNS.items():
        needs_id = variant in ("heart_rate_csv", "steps_csv")
        if set(columns) <= set(cells) and (has_id or not needs_id):
            is_whole = not needs_id or len(cells) == 3
            return variant if is_whole else None
    return None


def extract(source: Source, variant: str) -> Iterator[Item]:
    """Totals of days; sleeps with stages and totals; heart rate; steps. Whose they are, `subject`.

    Skips: `repeated_row`, `continues`, `no_value` (a day).

    Raises: BrokenFile where the quoting cannot be followed.
    """
    rows = rows_below(lines_of(decoded(source.read())), 0, ",")
    yield Total(rows.records)
    yield from rows.unreadable()
    known = COLUMNS[variant] | _MORE.get(variant, {})
    for cell in rows.header:
        if cell not in (*known, *_IDS) and variant != "logs_csv":
            yield Drift(f"column {cell}")
    found = {name: rows.header.index(cell) for cell, name in known.items() if cell in rows.header}
    ids = [i for i, cell in enumerate(rows.header) if cell in _IDS]
    wanted = dict.fromkeys((*known.values(), *TOTALS, "log", "code", "length", "main"))
    cells = ", ".join(
        f"nullif(c{found[name]}, '') as \"{name}\""
        if name in found
        else f'null::varchar as "{name}"'
        for name in wanted
        if name
    )
    subject = f"nullif(c{ids[0]}, '')" if ids else "null::varchar"
    every = ", ".join(f"c{i}" for i in range(len(rows.header)))
    table = query(
        f"""select record, {subject} as subject, {cells}, row_number() over
            (partition by {every} order by record) > 1 as is_copy from rows""",
        rows=rows.table(),
    )
    copies = query("select count(*) as n from t where is_copy", t=table)["n"][0].as_py()
    if copies:
        yield Skip("repeated_row", copies)
    yield from _read(query(_JUDGED, rows=table), variant)


_JUDGED = f"""
    with timed as (
        select * exclude (is_copy), {dated(f"try_strptime(moment, {_TIMES})")} as start_wall
        from rows where not is_copy
    )
    select *, case when moment is null then 'missing_time:moment'
        when start_wall is null then 'unreadable_time:moment' end as fault
    from timed
"""


def _read(judged: pa.Table, variant: str) -> Iterator[Item]:
    yield faults(judged, "moment", "log", "code")
    good = sound(judged)
    if variant == "days_csv":
        yield from _days(good)
    elif variant == "logs_csv":
        yield from _logs(good)
    elif variant in ("minutes_csv", "half_minutes_csv"):
        yield from _stages(good, 60 if variant == "minutes_csv" else 30)
    else:
        name, metric, unit = (
            ("pulse", "heart_rate", "/min")
            if variant == "heart_rate_csv"
            else ("steps", "step_count", "{count}")
        )
        end = "start_wall + interval 1 minute" if name == "steps" else "null::timestamp"
        rows = query(f"select *, {end} as end_wall from good", good=good)
        yield from samples(rows, {name: (metric, unit)}, "start_wall, end_wall, subject")
        sql = f"""select record, 'missing_value' as code, '{name}' as field, subject from good
            where "{name}" is null"""
        yield shaped("reject", query(sql, good=good))


def _days(good: pa.Table) -> Iterator[Item]:
    nothing = f"coalesce({', '.join(TOTALS)}) is null"
    empty = query(f"select count(*) as n from good where {nothing}", good=good)["n"][0].as_py()
    if empty:
        yield Skip("no_value", empty)
    each = ", ".join(
        f"struct_pack(field := '{f}', metric := '{m}', unit := '{u}', text := \"{f}\")"
        for f, (m, u) in TOTALS.items()
    )
    values = query(
        f"""select *, {number("text")} as value from (select record, subject,
            start_wall::date as date, 'day ' || start_wall::date as key,
            unnest([{each}], recursive := true) from good) where text is not null""",
        good=good,
    )
    sql = """select record, subject, date, key, metric, value, unit from v where value is not null
        order by record"""
    yield shaped("daily", query(sql, v=values))
    sql = """select record, subject, 'unreadable_number' as code, field, text as raw from v
        where value is null"""
    yield shaped("reject", query(sql, v=values))


def _logs(good: pa.Table) -> Iterator[Item]:
    """Sleeps by their begin and length in milliseconds."""
    judged = query(
        f"""select *, start_wall as anchor_wall, log as key,
            start_wall + to_milliseconds({number("length")}::bigint) as end_wall, case
                when log is null then 'missing_value:LogId'
                when {number("length")} is null then 'unreadable_number:Duration'
                when {number("length")} < 0 then 'end_before_start:Duration' end as fault
            from good""",
        good=good,
    )
    rows = sound(judged)
    sql = f"""select record, unnest(['sleep', 'sleep_stage']) as kind, unnest([
            case lower(main) when 'true' then 'main_sleep' when 'false' then 'nap' else 'sleep' end,
            'in_bed']) as label, key as session, {_SPAN} from rows order by record, kind"""
    yield shaped("episode", query(sql, rows=rows))
    nothing = "value < 0 or value = 0 and metric in ('latency_to_sleep_onset', 'sleep_efficiency')"
    yield from samples(rows, TOTALS, _SPAN, nothing)
    yield faults(judged, "log", "moment", "length")


def _stages(good: pa.Table, seconds: int) -> Iterator[Item]:
    """Runs of one code, and the sleep that they make up."""
    words = " ".join(f"when '{code}' then '{stage}'" for code, stage in CODES.items())
    judged = query(
        f"""select *, case lower(code) {words} end as label, case
                when log is null then 'missing_value:logId'
                when code is null then 'missing_value:code'
                when case lower(code) {words} end is null then 'unknown_code:code' end as fault
            from good""",
        good=good,
    )
    yield faults(judged, "moment", "log", "code")
    runs = query(
        f"""with marked as (
            select record, subject, log, label, start_wall,
                coalesce(label <> lag(label) over line or start_wall
                    > lag(start_wall) over line + to_seconds({seconds}), true) as begins
            from rows window line as (partition by subject, log order by start_wall, record)
        ), numbered as (
            select *, sum(begins::int) over (partition by subject, log order by start_wall, record)
                as run from marked
        )
        select subject, log, run, any_value(label) as label, arg_min(record, start_wall) as record,
            min(start_wall) as start_wall, max(start_wall) + to_seconds({seconds}) as end_wall,
            count(*) as n
        from numbered group by subject, log, run""",
        rows=sound(judged),
    )
    rest = query("select coalesce(sum(n - 1), 0)::bigint as n from runs", runs=runs)["n"][0].as_py()
    if rest:
        yield Skip("continues", rest)
    yield shaped("episode", query(_SLEEPS, runs=runs))


_SLEEPS = """
    with sleeps as (
        select subject as whose, log as name, min(start_wall) as anchor_wall, max(end_wall) as last,
            arg_min(record, start_wall) as first from runs group by subject, log
    )
    select record, 'sleep_stage' as kind, label, log as session, log as key, start_wall, end_wall,
        anchor_wall, subject
    from runs join sleeps on log = name and subject is not distinct from whose
    union all by name
    select first as record, 'sleep' as kind, 'sleep' as label, name as session, name as key,
        anchor_wall as start_wall, last as end_wall, anchor_wall, whose as subject from sleeps
    order by record, kind, start_wall
"""

CONNECTOR = Connector(
    name="fitabase_export",
    title="Fitabase (Fitbit data of a study)",
    version="1",
    variants={n: "verified" if n == "days_csv" else "unverified" for n in COLUMNS},
    identify=identify,
    extract=extract,
    source="watch",
)
