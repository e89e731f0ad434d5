"""WHOOP's data export: sleeps, physiological_cycles, workouts and journal_entries.csv.

One record is a sleep, a cycle (from one sleep to the next), a workout, or an answer. Times are
naive, in the offset of the cycle's start (`UTC+02:00`, `UTCZ`), which holds for both of its ends:
over a change of clocks and on a journey they are instants, and no wall clocks. Minutes, /min, ms,
Cel, %. There are no stages, only their sums; a nap repeats the start of its cycle. `In bed` is what
was recorded of the window, and less where data was lost. Nothing stands for nothing measured.

A cycle repeats its sleep, which is read from `sleeps.csv` alone. Energy of a cycle includes that of
rest, and is left. Of the journal only what was answered with yes and is about sleep, food, alcohol,
caffeine or medication is carried; notes never are.

Evidence: two English exports (130 sleeps, DST and journeys) and a Spanish one. Other languages by
the place of their columns: unverified.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pyarrow as pa

from connectors.contract import Connector, Drift, Head, Item, Skip, Source, Total, shaped
from connectors.reading.delimited import decoded, fields_of, lines_of, rows_below
from connectors.reading.outcome import Quantities, faults, samples, skips, sound
from connectors.reading.query import query
from connectors.reading.text_sql import number
from connectors.whoop.sheet import COLUMNS, kind_of, named

SLEEP_TOTALS = {
    "asleep": ("total_sleep_time", "min"),
    "in_bed": ("time_in_bed", "min"),
    "light": ("light_sleep_time", "min"),
    "deep": ("deep_sleep_time", "min"),
    "rem": ("rem_sleep_time", "min"),
    "awake": ("wake_after_sleep_onset", "min"),
    "efficiency": ("sleep_efficiency", "%"),
    "performance": ("sleep_score", "{score}"),
    "breaths": ("sleep_respiratory_rate", "/min"),
}
RECOVERY = {
    "resting_pulse": ("resting_heart_rate", "/min"),
    "hrv": ("sleep_heart_rate_variability_rmssd", "ms"),
    "skin_temperature": ("skin_temperature", "Cel"),
    "oxygen": ("sleep_oxygen_saturation", "%"),
}
WORKOUT = {"energy": ("energy_burned", "kcal"), "distance": ("distance", "m")}
# Words of questions that may be carried; of others not even the question is.
ABOUT = (
    "\\b(caff|caf[eé]|coffee|tea\\b|alcohol|beer|wine|sleep|bed\\b|nap\\b|napp|dream|snor|melatonin"
    "|eat|ate\\b|meal|food|snack|fast|sugar|carb|protein|fruit|vegetable|dairy|meat|diet|medic"
    "|supplement|magnesium|sueñ|dorm|cama\\b|siesta|com[ei]|cena|azúcar|ayun|prote[ií]n|schla"
    "|bett\\b|mahlzeit|koffein|alkohol|sommeil|repas|lit\\b|alcool|cafeína)"
)


def identify(head: Head) -> str | None:
    """The kind of file, by the names of its columns or by what its first row is."""
    lines = lines_of(decoded(head.first))
    if len(lines) < 2 or lines[0].count(",") < 5:
        return None
    kind = kind_of(fields_of(lines[0], ","), fields_of(lines[1], ","))
    if kind is None:
        return None
    parts = kind.split("_", 1)
    return "_".join((parts[0], *parts[1:], "csv"))


def extract(source: Source, variant: str) -> Iterator[Item]:
    """Sleeps with their totals; recovery of a night; exercise with its energy; answers as notes.

    Skips: `no_value` (a cycle without recovery), `answered_no`, `other_question`.

    Raises: FormatDrift for a missing column, or an order of columns that is not known.
    """
    rows = rows_below(lines_of(decoded(source.read())), 0, ",")
    yield Total(rows.records)
    yield from rows.unreadable()
    table, strange = named(rows, variant.removesuffix("_csv"))
    yield from (Drift(f"column {cell}") for cell in strange)
    yield from _READERS[variant.split("_")[0]](table)


def _sleeps(table: pa.Table) -> Iterator[Item]:
    judged = query(_timed("onset", "wake"), rows=table)
    episode = f"""select {_SPAN}, 'sleep' as kind, session, key,
        case nap when 'true' then 'nap' else 'sleep' end as label from good order by record"""
    yield from _with(judged, episode, SLEEP_TOTALS, "sleeps")


def _cycles(table: pa.Table) -> Iterator[Item]:
    nothing = " and ".join(f"{name} is null" for name in (*RECOVERY, "recovery"))
    empty = query(f"select record from rows where {nothing}", rows=table)
    if empty.num_rows:
        yield Skip("no_value", empty.num_rows)
    told = query("select * from rows anti join empty using (record)", rows=table, empty=empty)
    judged = query(_timed("onset", "wake"), rows=told)
    yield from _with(judged, None, RECOVERY, "cycles")
    score = number("recovery")
    daily = query(
        f"""select record, 'readiness_score' as metric, try_cast(left(wake, 10) as date) as date,
            {score} as value, '{{score}}' as unit, key, recovery as raw
            from judged where fault is null and recovery is not null""",
        judged=judged,
    )
    sql = "select * exclude (raw) from daily where value is not null"
    yield shaped("daily", query(sql, daily=daily))
    sql = """select record, 'unreadable_number' as code, 'recovery' as field, raw from daily
        where value is null"""
    yield shaped("reject", query(sql, daily=daily))


def _workouts(table: pa.Table) -> Iterator[Item]:
    judged = query(_timed("start", "end"), rows=table)
    episode = f"""select {_SPAN}, 'exercise' as kind, key,
        coalesce(activity, 'exercise') as label from good order by record"""
    yield from _with(judged, episode, WORKOUT, "workouts")


def _journal(table: pa.Table) -> Iterator[Item]:
    judged = query(
        f"""select *, case when answer <> 'true' or answer is null then 'answered_no'
                when not regexp_matches(lower(question), '{ABOUT}') then 'other_question'
            end as skip
            from ({_timed("cycle_start", "cycle_end")})""",
        rows=table,
    )
    yield from skips(judged)
    told = query("select * exclude (skip) from judged where skip is null", judged=judged)
    episode = f"""select {_SPAN}, 'note' as kind, trim(question) as label,
        session || ' ' || trim(question) as key from good order by record"""
    yield from _with(told, episode, {}, "journal")


_READERS: dict[str, Callable[[pa.Table], Iterator[Item]]] = {
    "sleeps": _sleeps,
    "cycles": _cycles,
    "workouts": _workouts,
    "journal": _journal,
}
_SPAN = "record, start_utc, start_offset_min, end_utc"


def _timed(start: str, end: str) -> str:
    """SQL: instants of two naive times in the offset of the cycle's start, which is the wall
    clock's own only where the first of them is that start; and what is wrong."""
    part = "regexp_extract(zone, '^(?:UTC|GMT)([+-]\\d{1,2}):?(\\d\\d)?$', ['h', 'm'])"
    sign = f"if({part}.h[1] = '-', -1, 1)"
    minutes = f"try_cast({part}.h as int) * 60 + {sign} * coalesce(try_cast({part}.m as int), 0)"
    zone = f"case when zone in ('UTCZ', 'UTC', 'GMT', 'GMTZ') then 0 else {minutes} end"

    def instant(cell: str) -> str:
        local = f"try_strptime(\"{cell}\", ['%Y-%m-%d %H:%M:%S', '%Y-%m-%d %H:%M'])"
        return f"timezone('UTC', {local} - to_minutes(offset_min))"

    is_open = "false" if end != "cycle_end" else "true"
    return f"""
    with zoned as (select *, {zone} as offset_min from rows),
    timed as (
        select *, {instant(start)} as start_utc, {instant(end)} as end_utc,
            case when "{start}" = cycle_start then offset_min end as start_offset_min,
            "{start}" || ' ' || zone as session, session as key
        from zoned
    )
    select *, case
        when zone is null or "{start}" is null then 'missing_time:{start}'
        when offset_min is null then 'unreadable_time:zone'
        when start_utc is null then 'unreadable_time:{start}'
        when "{end}" is null and not {is_open} then 'missing_time:{end}'
        when end_utc is null and "{end}" is not null then 'unreadable_time:{end}'
        when end_utc < start_utc then 'end_before_start:{end}' end as fault
    from timed"""


def _with(
    judged: pa.Table, episode: str | None, quantities: Quantities, kind: str
) -> Iterator[Item]:
    """Episodes of the rows that have times, the numbers beside them, and rejects of both."""
    good = sound(judged)
    if episode:
        yield shaped("episode", query(episode, good=good))
    if quantities:
        times = "start_utc, start_offset_min, end_utc, key"
        yield from samples(good, quantities, times)
    yield faults(judged, *COLUMNS[kind])


CONNECTOR = Connector(
    name="whoop_export",
    title="WHOOP data export",
    version="1",
    variants={
        **{f"{kind}_csv": "verified" for kind in COLUMNS},
        **{f"{kind}_by_position_csv": "unverified" for kind in COLUMNS},
    },
    identify=identify,
    extract=extract,
    source="watch",
)
