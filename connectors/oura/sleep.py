"""Oura sleep documents, whatever file they came in: session, stages, totals and series.

`sleep_phase_5_min` is one digit per five minutes from bedtime_start (`sleep_phase_30_sec`, newer,
one per thirty seconds); the last digit ends with bedtime_end. The totals come from a finer staging
than the digits and disagree with them, so both are carried. The digits follow one
another without gaps: their instants are known, and their wall clock too, unless the clocks change
between bedtime_start and bedtime_end, nobody knows when.
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from connectors.contract import Batch, Drift, Item, Skip, shaped
from connectors.oura.series import SERIES, series
from connectors.reading import text_sql
from connectors.reading.query import query

# Source: API description (v2), 71 real documents. `awake_time` counts the latency too, so it is
# no wake after sleep onset and is left out.
TOTALS = {
    "total_sleep_duration": ("total_sleep_time", "s"),
    "time_in_bed": ("time_in_bed", "s"),
    "latency": ("latency_to_sleep_onset", "s"),
    "light_sleep_duration": ("light_sleep_time", "s"),
    "deep_sleep_duration": ("deep_sleep_time", "s"),
    "rem_sleep_duration": ("rem_sleep_time", "s"),
    "efficiency": ("sleep_efficiency", "%"),
    "average_heart_rate": ("sleep_heart_rate", "/min"),
    "lowest_heart_rate": ("sleep_heart_rate_lowest", "/min"),
    "average_hrv": ("sleep_heart_rate_variability_rmssd", "ms"),
    "average_breath": ("sleep_respiratory_rate", "/min"),
    "period_score": ("sleep_score", "{score}"),  # of version 1 alone
}
NEVER_ZERO = (
    *("sleep_efficiency", "sleep_heart_rate", "sleep_heart_rate_lowest", "sleep_respiratory_rate"),
    *("sleep_heart_rate_variability_rmssd", "sleep_oxygen_saturation"),
)  # 0 is what was not measured
LABELS = {"long_sleep": "main_sleep", "late_nap": "nap", "sleep": "sleep"}
SLEEP = (
    *("id", "type", "day", "bedtime_start", "bedtime_end", *TOTALS, *SERIES, "readiness"),
    *("sleep_phase_5_min", "sleep_phase_30_sec"),
)
PHASES = {"1": "deep", "2": "light", "3": "rem", "4": "awake"}  # source: API description


def sleeps(documents: pa.Table) -> Iterator[Item]:
    """Everything that documents with the text columns SLEEP tell.

    Skips: `rest_not_sleep`, `deleted`, `copy_without_id` (a line of the app's export that stands
    once more with its id).
    """
    judged = query(_judged(), documents=documents)
    counts = query(
        """select skip, count(*) as n from judged where skip is not null
           group by skip order by skip""",
        judged=judged,
    )
    for row in counts.to_pylist():
        yield Skip(row["skip"], row["n"])
    yield shaped(
        "reject",
        query("select record, code, field, raw from judged where code is not null", judged=judged),
    )
    sound = query(
        """select * exclude (skip, fault, code, field, raw) from judged
           where skip is null and code is null""",
        judged=judged,
    )
    yield shaped("episode", query(_SESSIONS, sound=sound))
    yield from _stages(sound)
    yield from _totals(sound)
    yield from series(sound)
    yield shaped("daily", query(_READINESS, sound=sound))


def told(columns: dict[str, tuple[str, str]], source: str) -> str:
    """SQL: one row per record and column that has a text, with metric, unit and number."""
    each = ", ".join(
        f"struct_pack(field := '{key}', metric := '{metric}', unit := '{unit}', text := \"{key}\")"
        for key, (metric, unit) in columns.items()
    )
    zeros = ", ".join(f"'{metric}'" for metric in NEVER_ZERO)
    return f"""
    select *, {text_sql.number("text")} as value, value = 0 and metric in ({zeros}) as is_missing
    from (select *, unnest([{each}], recursive := true) from {source}) where text is not null
    """


def _judged() -> str:
    """Every document with its times, and whether it is skipped or rejected."""
    labels = " ".join(f"when '{word}' then '{label}'" for word, label in LABELS.items())
    times = ", ".join(
        f"{text_sql.instant(text)} as {name}_utc, {text_sql.wall(text)} as {name}_wall,"
        f" {text_sql.offset_min(text)} as {name}_offset_min"
        for name, text in (("start", "bedtime_start"), ("end", "bedtime_end"))
    )
    return f"""
    with timed as (
        select *, coalesce(id, bedtime_start) as session, {times},
            -- an export without types does not tell naps from nights
            case type {labels} else case when type is null then 'sleep' end end as label,
            case when type = 'rest' then 'rest_not_sleep' when type = 'deleted' then 'deleted'
                when id is null and bool_or(id is not null)
                    over (partition by bedtime_start, bedtime_end, type)
                then 'copy_without_id' end as skip
        from documents
    ), measured as (
        select *, coalesce(end_utc - start_utc, end_wall - start_wall) as length from timed
    ), judged as (
        select *, case
            when skip is not null then null
            when label is null then 'unknown_code:type'
            when bedtime_start is null then 'missing_time:bedtime_start'
            when start_utc is null and start_wall is null then 'unreadable_time:bedtime_start'
            when bedtime_end is null then 'missing_time:bedtime_end'
            when length is null then 'unreadable_time:bedtime_end'
            when length <= interval 0 second then 'end_before_start:bedtime_end' end as fault
        from measured
    )
    select *, split_part(fault, ':', 1) as code, split_part(fault, ':', 2) as field,
        {text_sql.raw("id", "type", "day", "bedtime_start", "bedtime_end")} as raw
    from judged
    """


_SESSIONS = """
select record, unnest(['sleep', 'sleep_stage']) as kind, unnest([label, 'in_bed']) as label,
    session, start_utc, start_wall, start_offset_min, end_utc, end_wall, end_offset_min,
    session as key
from sound order by record, kind
"""
# Readiness after the night stands in its document; after a nap it is the same day's once more.
_READINESS = f"""
with parts as (
    select record, session as key, {text_sql.date("day")} as date,
        unnest(['readiness_score', 'skin_temperature_deviation']) as metric,
        unnest(['{{score}}', 'Cel']) as unit,
        unnest([json_extract_string(readiness, '$.score'),
                json_extract_string(readiness, '$.temperature_deviation')]) as text
    from sound where label = 'main_sleep' and json_valid(readiness)
)
select record, metric, date, {text_sql.number("text")} as value, unit, key
from parts where date is not null and {text_sql.number("text")} is not null order by record
"""


def _stages(sound: pa.Table) -> Iterator[Item]:
    """Runs of equal digits; a digit that nobody knows is a stage `unknown`."""
    names = " ".join(f"when '{digit}' then '{stage}'" for digit, stage in PHASES.items())
    phased = query(
        """select *, coalesce(sleep_phase_30_sec, sleep_phase_5_min) as phases,
               start_utc is null or start_offset_min is not distinct from end_offset_min
                   as is_one_clock,
               case when sleep_phase_30_sec is null then 300 else 30 end as step,
               case when sleep_phase_30_sec is null then 'sleep_phase_5_min'
                    else 'sleep_phase_30_sec' end as column_name
           from sound where coalesce(sleep_phase_30_sec, sleep_phase_5_min) is not null""",
        sound=sound,
    )
    epochs = query(
        f"""with epochs as (
                select record, session, start_utc, length, step,
                    case when is_one_clock then start_wall end as start_wall,
                    case when is_one_clock then start_offset_min end as start_offset_min,
                    unnest(string_split(phases, '')) as digit,
                    generate_subscripts(string_split(phases, ''), 1) - 1 as n
                from phased where regexp_full_match(phases, '[0-9]+')
            )
            select *, case digit {names} else 'unknown' end as label
            from epochs where to_seconds(n * step) < length""",
        phased=phased,
    )
    strange = query("select distinct digit from epochs where label = 'unknown'", epochs=epochs)
    for digit in sorted(strange["digit"].to_pylist()):
        yield Drift(f"sleep phase code {digit}")
    yield shaped("episode", query(_RUNS, epochs=epochs))
    yield shaped(
        "reject",
        query(
            """select record, 'unknown_code' as code, column_name as field, phases as raw
               from phased where not regexp_full_match(phases, '[0-9]+')""",
            phased=phased,
        ),
    )


_RUNS = """
with numbered as (
    select *, n - row_number() over (partition by record, label order by n) as run from epochs
), runs as (
    select record, session, start_utc as t0, start_wall as w0, start_offset_min, label,
        to_seconds(min(n) * any_value(step)) as s,
        -- the last epoch is cut short by bedtime_end
        least(to_seconds((max(n) + 1) * any_value(step)), any_value(length)) as e
    from numbered group by record, session, t0, w0, start_offset_min, label, run
)
select record, 'sleep_stage' as kind, label, session, t0 + s as start_utc, w0 + s as start_wall,
    start_offset_min, t0 + e as end_utc, w0 + e as end_wall, start_offset_min as end_offset_min,
    session as key
from runs order by record, s
"""


def _totals(sound: pa.Table) -> Iterator[Batch]:
    values = query(told(TOTALS, "sound"), sound=sound)
    yield shaped(
        "sample",
        query(
            """select record, metric, start_utc, start_wall, start_offset_min, end_utc, end_wall,
                   end_offset_min, value, unit, session as key
               from values where value is not null and not is_missing order by record""",
            values=values,
        ),
    )
    yield shaped(
        "reject",
        query(
            """select record, 'unreadable_number' as code, field, text as raw
               from values where value is null order by record""",
            values=values,
        ),
    )
