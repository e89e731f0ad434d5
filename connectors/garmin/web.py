"""Sleep of the Garmin Connect web site, as its button Export CSV writes it.

One record is a line of the view of 7 days or 4 weeks, a night by the date of waking; a view of one
day is one record. The clock is that of the wall, 12 h or 24 h; a bedtime that is later than the
wake time is of the evening before. Durations are `8h 10min` and count what was slept. `--` is
nothing.

The view of a year has averages of weeks, and older views write dates without a year: both cannot
be placed, and are refused.

Evidence: four real files. The header's first cell is the name of the view or `Date`. Other
languages than English are not known.
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from connectors.contract import (
    Connector,
    Drift,
    FormatDrift,
    Head,
    Item,
    Skip,
    Source,
    Total,
    UndatableFile,
    shaped,
)
from connectors.reading.delimited import decoded, fields_of, lines_of, rows_below
from connectors.reading.outcome import faults, samples, sound
from connectors.reading.query import query
from connectors.reading.text_sql import dated, number

_COLUMNS = {
    "Score": "score",
    "Resting Heart Rate": "resting_pulse",
    "Pulse Ox": "oxygen",
    "Respiration": "breaths",
    "Duration": "duration",
    "Bedtime": "bed",
    "Wake Time": "wake",
}
# Known and not carried. Source: real files; the last four other people's readers.
_OTHERS = (
    *("Body Battery", "Quality", "HRV Status", "Sleep Need", "Skin Temp Change"),
    *("7 Day Average HRV", "Body Battery Charge", "Sleep Alignment"),
)
TOTALS = {
    "asleep": ("total_sleep_time", "min"),
    "score": ("sleep_score", "{score}"),
    "breaths": ("sleep_respiratory_rate", "/min"),
    "oxygen": ("sleep_oxygen_saturation", "%"),
}
# Of the view of one day: key, metric, unit; lengths are minutes.
_DAY = {
    "Sleep Duration": ("total_sleep_time", "min"),
    "Sleep Score": ("sleep_score", "{score}"),
    "Deep Sleep Duration": ("deep_sleep_time", "min"),
    "Light Sleep Duration": ("light_sleep_time", "min"),
    "REM Duration": ("rem_sleep_time", "min"),
    "Awake Time": ("wake_after_sleep_onset", "min"),
    "Resting Heart Rate": ("resting_heart_rate", "/min"),
    "Avg SpO₂": ("sleep_oxygen_saturation", "%"),
    "Avg Respiration": ("sleep_respiratory_rate", "/min"),
}
_DATES = "['%Y-%m-%d', '%b %d, %Y']"
_CLOCKS = "['%I:%M %p', '%H:%M']"


def identify(head: Head) -> str | None:
    """By the cells of the first line."""
    lines = lines_of(decoded(head.first))
    if len(lines) < 2 or not lines[0].strip():
        return None
    cells = fields_of(lines[0], ",")
    if cells[:1] == ["Sleep Score 1 Day"]:
        return "day_csv"
    if cells == ["Date", "Avg Duration", "Avg Bedtime", "Avg Wake Time"]:
        return "weeks_csv"
    is_view = cells[0].startswith("Sleep Score ") or cells[0] == "Date"
    has_nights = {"Score", "Duration", "Bedtime", "Wake Time"} <= set(cells)
    return "nights_csv" if is_view and has_nights else None


def extract(source: Source, variant: str) -> Iterator[Item]:
    """Nights with the vendor's totals; the totals of a single date.

    Skips: `no_value`, a date without a night.

    Raises: FormatDrift for averages of weeks, UndatableFile for dates without a year.
    """
    if variant == "weeks_csv":
        raise FormatDrift(
            "these are averages of weeks: choose the view of 7 days or of 4 weeks on the site, or "
            "use Garmin's export of all data"
        )
    lines = lines_of(decoded(source.read()))
    yield from (_day(lines) if variant == "day_csv" else _nights(lines))


def _nights(lines: list[str]) -> Iterator[Item]:
    rows = rows_below(lines, 0, ",")
    yield Total(rows.records)
    yield from rows.unreadable()
    header = [cell.strip() for cell in rows.header]
    yield from (Drift(f"column {c}") for c in header[1:] if c not in (*_COLUMNS, *_OTHERS))
    cells = ", ".join(
        f"nullif(nullif(c{header.index(cell)}, ''), '--') as {name}"
        if cell in header
        else f"null::varchar as {name}"
        for cell, name in _COLUMNS.items()
    )
    table = query(f"select record, c0 as day, {cells} from rows", rows=rows.table())
    sql = "select count(*) as n from t where regexp_full_match(day, '[A-Z][a-z]{2} \\d+')"
    if query(sql, t=table)["n"][0].as_py():
        raise UndatableFile(
            "its dates have no year: choose the view of one day on the site, whose file has one, "
            "or use Garmin's export of all data"
        )
    judged = query(_JUDGED, rows=table)
    if empty := query("select count(*) as n from j where is_empty", j=judged)["n"][0].as_py():
        yield Skip("no_value", empty)
    judged = query("select * from j where not is_empty", j=judged)
    good = query("select * from g where has_window", g=sound(judged))
    span = "start_wall, end_wall, key"
    sleep = f"select record, 'sleep' as kind, 'sleep' as label, key as session, {span} from g"
    yield shaped("episode", query(sleep, g=good))
    yield from samples(good, TOTALS, span)
    alone = query("select * from g where not has_window", g=sound(judged))
    yield from _daily(alone, {**TOTALS, "resting_pulse": ("resting_heart_rate", "/min")})
    yield from _daily(good, {"resting_pulse": ("resting_heart_rate", "/min")})
    yield faults(judged, "day", "duration", "bed", "wake")


_MINUTES = """(coalesce(try_cast(regexp_extract({0}, '(\\d+) ?h', 1) as int), 0) * 60
    + coalesce(try_cast(regexp_extract({0}, '(\\d+) ?m', 1) as int), 0))"""
_ASLEEP = f"case when regexp_matches(duration, '\\d ?(h|m)') then {_MINUTES.format('duration')} end"
_JUDGED = f"""
    with timed as (
        select *, {dated(f"try_strptime(day, {_DATES})::date")} as date, day as key,
            ({_ASLEEP})::varchar as asleep,
            try_strptime(bed, {_CLOCKS})::time as bed_at,
            try_strptime(wake, {_CLOCKS})::time as wake_at,
            coalesce({", ".join(_COLUMNS.values())}) is null as is_empty
        from rows
    )
    select *, date + wake_at as end_wall,
        date + bed_at - if(bed_at > wake_at, interval 1 day, interval 0 day) as start_wall,
        bed is not null or wake is not null as has_window,
        case when date is null then 'unreadable_time:day'
             when bed is not null and bed_at is null then 'unreadable_time:bed'
             when wake is not null and wake_at is null then 'unreadable_time:wake'
             when (bed is null) <> (wake is null) then 'missing_time:wake'
             when duration is not null and asleep is null then 'unreadable_number:duration' end
            as fault
    from timed"""


def _daily(rows: pa.Table, quantities: dict[str, tuple[str, str]]) -> Iterator[Item]:
    each = ", ".join(
        f"struct_pack(field := '{f}', metric := '{m}', unit := '{u}', text := {f})"
        for f, (m, u) in quantities.items()
    )
    values = query(
        f"""select *, {number("text")} as value from (select record, date, key,
            unnest([{each}], recursive := true) from rows) where text is not null""",
        rows=rows,
    )
    sql = "select record, date, key, metric, value, unit from v where value is not null"
    yield shaped("daily", query(sql, v=values))
    sql = """select record, 'unreadable_number' as code, field, text as raw from v
        where value is null"""
    yield shaped("reject", query(sql, v=values))


def _day(lines: list[str]) -> Iterator[Item]:
    """The view of one date: key and value, in sections with titles; one record."""
    cells = [fields_of(line, ",") for line in lines[1:] if "," in line]
    told = {row[0]: row[1] for row in reversed(cells) if len(row) > 1 and row[1] not in ("", "--")}
    yield Total(1)
    names = {name: f"c{i}" for i, name in enumerate(_DAY)}
    row = {"day": [told.get("Date")]} | {c: [told.get(name)] for name, c in names.items()}
    table = pa.table({name: pa.array(value, pa.string()) for name, value in row.items()})
    texts = ", ".join(
        f"({_MINUTES.format(c)})::varchar as {c}"
        if _DAY[name][1] == "min"
        else f"regexp_extract({c}, '^[\\d.]+') as {c}"
        for name, c in names.items()
    )
    rows = query(
        f"""select 1 as record, day as key, {dated(f"try_strptime(day, {_DATES})::date")} as date,
            * exclude (day) replace ({texts}) from t""",
        t=table,
    )
    if rows["date"].null_count:
        raise UndatableFile("its date cannot be read: export the view of one day again in English")
    known = [name for name in _DAY if name in told]
    if not known:
        yield Skip("no_value", 1)
        return
    yield from _daily(rows, {names[name]: _DAY[name] for name in known})


CONNECTOR = Connector(
    name="garmin_connect_web",
    title="Garmin Connect web CSV (sleep)",
    version="1",
    variants={"nights_csv": "verified", "day_csv": "verified", "weeks_csv": "verified"},
    identify=identify,
    extract=extract,
    source="watch",
)
