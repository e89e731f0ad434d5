"""Actiware export: a preamble, a table of intervals with statistics, an epoch table, in a language.

A record is a row of either table. Intervals of sleep are sleeps with their totals (minutes), those
of rest are time in bed, as an analyst or the program set them. Of epochs those inside a sleep
interval (`REST-S`, `RUHE-S`, ...: the ending is the same in every language) are stages, 0 asleep
and 1 awake; white light is lux at the wrist. The clock is the device's wall clock; the offset in
the preamble is that of the computer and is not used. Days before months or after is settled by the
epochs themselves. Missing is NaN, in German kZ. The preamble has the name, and is not read.

Evidence: fixtures in English, German and Dutch that come from real files.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pyarrow as pa

from connectors.contract import BrokenFile, Connector, Fact, Head, Item, Source, Total, shaped
from connectors.philips.dates import settled
from connectors.reading.delimited import Delimited, decoded, lines_of, rows_below
from connectors.reading.nights import sleeps
from connectors.reading.query import query
from connectors.reading.verdict import carried, case_of, parted, time_faults

LANGUAGES = {"Statistics": "en", "Statistiken": "de", "Statistieken": "nl", "Statistiques": "fr",
             "Estadísticas": "es", "Statistiche": "it"}  # fmt: skip
SLEEP = ("SLEEP", "SCHLAF", "SLAAP", "SOMMEIL", "SUEÑO", "SONNO")
REST = ("REST", "RUHE", "RUST", "REPOS", "REPOSO", "RIPOSO")
# The columns of a sleep interval, by what they are called in each language. Source: the fixtures.
TOTALS = {
    ("Sleep Time", "Schlafzeit", "Slaaptijd", "Temps de sommeil"): ("total_sleep_time", "min"),
    ("Onset Latency", "Einschlaflatenz", "Latentietijd"): ("latency_to_sleep_onset", "min"),
    ("WASO",): ("wake_after_sleep_onset", "min"),
    ("Efficiency", "Effizienz", "Efficiëntie", "Efficacité"): ("sleep_efficiency", "%"),
}
LIGHT = ("White Light", "Weißes Licht", "Wit licht", "Lumière blanche")
NOTHING = "('', 'NaN', 'kZ', 'NaN.', 'N/A')"
_TITLE = re.compile(r'"?-{10,} *([^-" ].*?) *-{8,}"?,*$')
_MARK = re.compile(r'"?Actiware', re.IGNORECASE)
_EPOCH = re.compile(r'"?\d+"?,"?\d+[./-]\d+[./-]\d+"?,"?\d+:\d\d:\d\d')


def identify(head: Head) -> str | None:
    """`csv` where the first line says that Actiware wrote it."""
    first = lines_of(decoded(head.first[:400]))[:1]
    return "csv" if first and _MARK.match(first[0]) and "05." in first[0] else None


def extract(source: Source, variant: str) -> Iterator[Item]:
    """Sleeps with totals and time in bed, stages of their epochs, light.

    Skips: `other_interval`, `summary`, `awake_by_day` (epochs outside of sleep without light).

    Raises: UndatableFile if days and months cannot be told apart, BrokenFile without a table.
    """
    lines = lines_of(decoded(source.read()))
    titles = [(n, m[1]) for n, line in enumerate(lines) if (m := _TITLE.match(line))]
    named = next(((n, LANGUAGES[t]) for n, t in titles if t in LANGUAGES), None)
    if named:
        yield Fact("language", named[1])
    epochs, intervals = _epochs(lines), _intervals(lines, named[0]) if named else None
    if epochs is None and intervals is None:
        raise BrokenFile("neither a table of intervals nor of epochs: export it again with both")
    order = settled(
        _dates(epochs, "c1", "c2") if epochs else None,
        intervals.columns["c2"].to_pylist() if intervals else [],
    )
    windows = pa.table({"session": pa.array([], pa.string()), "a": [], "b": []}).cast(_WINDOW)
    if intervals:
        yield Total(intervals.records)
        yield from intervals.unreadable()
        judged = query(_of_intervals(intervals, order), rows=intervals.table())
        sound, items = parted(judged)
        yield from items
        yield from _sleeps(sound, intervals)
        windows = query(
            """select session, start_wall as a, end_wall as b from sound
               where kind = 'sleep'""",
            sound=sound,
        )
    if epochs:
        yield Total(epochs.records)
        yield from epochs.unreadable()
        yield from _stages(epochs, order, windows)


_WINDOW = pa.schema(
    [("session", pa.string()), ("a", pa.timestamp("us")), ("b", pa.timestamp("us"))]
)


def _epochs(lines: list[str]) -> Delimited | None:
    """The epoch table, which is the last: its header is the nearest line above its first row."""
    last = next((n for n in range(len(lines) - 1, -1, -1) if _EPOCH.match(lines[n])), None)
    if last is None:
        return None
    first = last
    while first and (_EPOCH.match(lines[first - 1]) or not lines[first - 1].strip('", \t')):
        first -= 1
    head = first - 1
    rows = rows_below([*lines[: head + 1], *_filled(lines[head + 1 :])], head, ",")
    if sum(bool(cell) for cell in rows.header) < 4:
        raise BrokenFile("the header of the epochs is damaged: export the file again")
    return rows


def _intervals(lines: list[str], title: int) -> Delimited | None:
    """The rows between the title of the statistics and the next one, below header and units."""
    head = next((n for n in range(title + 1, len(lines)) if lines[n].strip('", \t')), None)
    if head is None:
        return None
    until = next((n for n in range(head, len(lines)) if _TITLE.match(lines[n])), len(lines))
    rows = ["", *_filled(lines[head + 2 : until])]  # the line of units is none
    table = rows_below([*lines[: head + 1], *rows], head, ",")
    if len(table.header) < 6:
        raise BrokenFile("the header of the intervals is damaged: export the file again")
    return table


def _filled(lines: list[str]) -> list[str]:
    """Lines that have nothing but commas are blank."""
    return [line if line.strip('", \t') else "" for line in lines]


def _dates(rows: Delimited, date: str, time: str) -> list[tuple[str, str]]:
    """The distinct dates in order, with the first time of each."""
    days = query(
        f"""select {date} as day, arg_min({time}, line) as clock from (
                select *, row_number() over () as line from rows)
            group by day order by min(line)""",
        rows=rows.columns,
    )
    return list(zip(days["day"].to_pylist(), days["clock"].to_pylist(), strict=True))


def _moment(date: str, time: str, order: str) -> str:
    """SQL: a wall clock of a date in the order of the file and a time with or without AM."""
    text = f"regexp_replace({date}, '[./-]', '/', 'g') || ' ' || {time}"
    return f"""coalesce(try_strptime({text}, '{order} %H:%M:%S'),
        try_strptime({text}, '{order} %I:%M:%S %p'))"""


def _of_intervals(rows: Delimited, order: str) -> str:
    """SQL: every interval with its kind and times; weekdays stand behind dates in some files."""
    has_days = "regexp_matches(c3, '^[0-9]{1,2}:')"
    cells = [
        f"if({has_days}, {a}, {b})" for a, b in (("c2", "c2"), ("c3", "c4"), ("c4", "c5"),
                                                  ("c5", "c7" if len(rows.header) > 7 else "c5"))
    ]  # fmt: skip
    faults = [*time_faults("start", "start_wall"), *time_faults("stop", "end_wall"),
              ("end_wall < start_wall", "end_before_start:stop")]  # fmt: skip
    return f"""
    with told as (
        select *, {_moment(cells[0], cells[1], order)} as start_wall,
            {_moment(cells[2], cells[3], order)} as end_wall,
            concat_ws(' ', {cells[0]}, {cells[1]}) as start,
            concat_ws(' ', {cells[2]}, {cells[3]}) as stop,
            case when upper(c0) in {SLEEP} then 'sleep' when upper(c0) in {REST} then 'rest' end
                as kind
        from rows
    ), skipped as (
        select *, 'sleep ' || start as session, 'sleep' as label, case
            when try_cast(c1 as int) is null then 'summary'
            when kind is null then 'other_interval' end as skip
        from told
    )
    select *, case when skip is null then {case_of(faults)} end as fault,
        concat_ws('|', c0, c1, start, stop) as raw
    from skipped
    """


def _sleeps(sound: pa.Table, rows: Delimited) -> Iterator[Item]:
    told, cells = {}, []
    for names, metric in TOTALS.items():
        place = next((rows.header.index(name) for name in names if name in rows.header), None)
        if place is not None:
            cells.append(
                f"if(c{place} in {NOTHING}, null, replace(c{place}, ',', '.')) as t{place}"
            )
            told[f"t{place}"] = metric
    nights = query(
        f"""select record, session, label, start_wall, end_wall{"".join(", " + c for c in cells)}
            from sound where kind = 'sleep'""",
        sound=sound,
    )
    yield from sleeps(nights, told)
    beds = query(
        """select record, 'sleep_stage' as kind, 'in_bed' as label, start_wall, end_wall,
               'rest ' || start as key
           from sound where kind = 'rest' order by record""",
        sound=sound,
    )
    yield shaped("episode", beds)


def _stages(epochs: Delimited, order: str, windows: pa.Table) -> Iterator[Item]:
    """Epochs inside a sleep interval, and the light of all of them."""
    filled = [n for n, cell in enumerate(epochs.header) if cell]
    status, scored = f"c{filled[-1]}", f"c{filled[-2]}"
    place = next((epochs.header.index(name) for name in LIGHT if name in epochs.header), None)
    light = f"if(c{place} in {NOTHING}, null, replace(c{place}, ',', '.'))" if place else "null"
    timed = query(
        f"""with told as (
            select record, c1 as day, c2 as clock, {_moment("c1", "c2", order)} as start_wall,
                {light}::varchar as light, {status} like '%-S' as is_asleep, {scored} as score
            from rows
        ), length as (
            select median(epoch(b - a)) as step from (
                select start_wall as a, lead(start_wall) over (order by record) as b from told)
        ), scored as (
            select *, start_wall + to_microseconds(cast(step * 1e6 as bigint)) as end_wall,
                case when step is null then null -- a single epoch has no length
                    when is_asleep and try_cast(score as double) = 0 then 'asleep_unspecified'
                    when is_asleep and try_cast(score as double) = 1 then 'awake' end as stage
            from told cross join length
        )
        select t.*, if(t.start_wall < w.b, w.session, null) as session
        from scored t asof left join windows w on t.start_wall >= w.a""",
        rows=epochs.table(),
        windows=windows,
    )
    faults = case_of([("start_wall is null", "unreadable_time:Date")])
    judged = query(
        f"""select *, case when stage is null and light is null then 'awake_by_day' end as skip,
                {faults} as fault, concat_ws('|', day, clock) as raw from timed""",
        timed=timed,
    )
    sound, items = parted(judged)
    yield from items
    stages = query(
        """select record, 'sleep_stage' as kind, stage as label, start_wall, end_wall, session,
               session as key
           from sound where stage is not null order by record""",
        sound=sound,
    )
    yield shaped("episode", stages)
    lit = query("select record, start_wall, light from sound where light is not null", sound=sound)
    yield from carried(lit, {"light": ("light_exposure", "lx")})


CONNECTOR = Connector(
    name="philips_actiware",
    title="Actiware export",
    version="1",
    variants={"csv": "verified"},
    identify=identify,
    extract=extract,
    source="actigraph",
)
