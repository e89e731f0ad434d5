"""Sleep Cycle `sleepdata.csv`: one line per night, semicolons between.

The clock is the naive wall clock of the phone; lengths are true time, so on a night of a change of
clocks they are an hour off what the wall clock says. The old generation has `Time in bed` as H:MM
and six or eight columns, the new one seconds and 21. No stages. Missing is nothing, 0 of a pulse;
a night that was never begun has 0:00 in bed.

Evidence: three real files, of 2013 to 2017, 2018 to 2021 and 2023 to 2026. City, weather and air
pressure (kPa under the name Pa) say where somebody slept and stay in the file; so do notes. The
pulse was taken at no time that is told, the steps are of a day that is not.
"""

from __future__ import annotations

from collections.abc import Iterator

from connectors.contract import Connector, Head, Item, Source
from connectors.reading.named import Layout, header_of, named
from connectors.reading.nights import clock_s, sleeps
from connectors.reading.query import query
from connectors.reading.text_sql import number, raw, wall
from connectors.reading.verdict import case_of, parted, time_faults

OLD = Layout(
    {"Start": "start", "End": "stop", "Sleep quality": "quality", "Time in bed": "in_bed"},
    needed=("start", "stop", "quality", "in_bed"),
    unread=("Heart rate", "Wake up", "Sleep Notes", "Activity (steps)"),
    delimiter=";",
)  # fmt: skip
NEW = Layout(
    {"Start": "start", "End": "stop", "Sleep Quality": "quality",
     "Time in bed (seconds)": "in_bed", "Time asleep (seconds)": "asleep",
     "Time before sleep (seconds)": "before"},
    needed=("start", "stop", "in_bed", "asleep"),
    unread=("Heart rate (bpm)", "Regularity", "Mood", "Steps", "Alarm mode", "Air Pressure (Pa)",
            "City", "Movements per hour", "Window start", "Window stop", "Did snore", "Snore time",
            "Weather temperature (°C)", "Weather temperature (°F)", "Weather type", "Notes"),
    delimiter=";",
)  # fmt: skip
TOTALS = {
    "in_bed_s": ("time_in_bed", "s"),
    "asleep": ("total_sleep_time", "s"),
    "before": ("latency_to_sleep_onset", "s"),
    "score": ("sleep_score", "{score}"),
}


def identify(head: Head) -> str | None:
    """The generation, by the columns of the header."""
    header = header_of(head, ";")
    if NEW.is_of(header):
        return "seconds"
    return "hours" if OLD.is_of(header) else None


def extract(source: Source, variant: str) -> Iterator[Item]:
    """Nights with the time in bed and what else the app tells of them.

    Skips: `not_begun` (0 in bed).

    Raises: FormatDrift without a column that is needed.
    """
    rows, items = named(source, OLD if variant == "hours" else NEW)
    yield from items
    seconds = clock_s("in_bed") if variant == "hours" else number("in_bed")
    asleep = "null::varchar as asleep, null::varchar as before," if variant == "hours" else ""
    faults = [
        ("is_short and in_bed is null", "ragged_row:in_bed"),
        *time_faults("start", "start_wall"),
        *time_faults("stop", "end_wall"),
        # where clocks go back a night may end before it began, by the wall clock
        ("end_wall < start_wall - interval 1 hour", "end_before_start:stop"),
        ("in_bed is not null and in_bed_s is null", "unreadable_number:in_bed"),
    ]
    judged = query(
        f"""with timed as (
            select *, {asleep} {wall("start")} as start_wall, {wall("stop")} as end_wall,
                {seconds} as in_bed_s, rtrim(quality, '% ') as score, start as session,
                'sleep' as label
            from rows
        )
        select *, case when in_bed_s = 0 then 'not_begun' end as skip, {case_of(faults)} as fault,
            {raw("start", "stop", "in_bed")} as raw
        from timed""",
        rows=rows,
    )
    sound, items = parted(judged)
    yield from items
    yield from sleeps(sound, TOTALS, in_bed="true")


CONNECTOR = Connector(
    name="sleep_cycle",
    title="Sleep Cycle CSV",
    version="1",
    variants={"hours": "verified", "seconds": "verified"},
    identify=identify,
    extract=extract,
    source="phone",
)
