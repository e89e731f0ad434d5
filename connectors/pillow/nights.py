"""A CSV of nights and naps with sounds recorded and a mood, most likely of Pillow.

One record is one line. Times are `2022-03-24 22:23:19 +0000`, which is true UTC wherever the person
is; minutes; a blank after every comma, a comma at every end, `Time in REM Slep`. An end that never
came is `(null)`. Awake counts from the begin, so it is no wake after sleep onset. A night whose
stages are all 0 was not staged.

Evidence: a real file of 2018 to 2020 whose repository does not name the app.
"""

from __future__ import annotations

from collections.abc import Iterator

from connectors.contract import Connector, Head, Item, Source
from connectors.reading.named import Layout, header_of, named
from connectors.reading.nights import sleeps
from connectors.reading.query import query
from connectors.reading.text_sql import instant, raw
from connectors.reading.verdict import case_of, parted, time_faults

LAYOUT = Layout(
    {"Start Time": "start", "End Time": "stop", "Duration (mins)": "lasted", "Nap": "nap",
     "Sleep Quality (%)": "quality", "Time in REM Slep (mins)": "rem",
     "Time in REM Sleep (mins)": "rem", "Time in Light Sleep (mins)": "light",
     "Time In Deep Sleep (mins)": "deep"},
    needed=("start", "stop", "lasted", "nap", "light", "deep"),
    unread=("Time Awake (mins)", "Sounds Recorded", "Wake-up mood"),
)  # fmt: skip
TOTALS = {
    "lasted": ("time_in_bed", "min"),
    "light": ("light_sleep_time", "min"),
    "deep": ("deep_sleep_time", "min"),
    "rem": ("rem_sleep_time", "min"),
    "quality": ("sleep_score", "{score}"),
}


def identify(head: Head) -> str | None:
    """`csv` where the header has the columns, a nap and seconds of sleep among them."""
    return "csv" if LAYOUT.is_of(header_of(head)) else None


def extract(source: Source, variant: str) -> Iterator[Item]:
    """Nights and naps with their time in bed and, where there are any, stages in minutes.

    Skips: `not_ended`, `no_length`.

    Raises: FormatDrift without a column that is needed.
    """
    rows, items = named(source, LAYOUT)
    yield from items
    faults = [
        ("stop is null", "missing_time:stop"),
        *time_faults("start", "start_utc"),
        *time_faults("stop", "end_utc"),
        ("end_utc < start_utc", "end_before_start:stop"),
        ("nap not in ('YES', 'NO')", "unknown_code:nap"),
    ]
    staged = "greatest(rem, light, deep) <> '0'"
    cells = ", ".join(f"if({staged}, {name}, null) as {name}" for name in ("rem", "light", "deep"))
    judged = query(
        f"""with timed as (
            select * replace ({cells}, if({staged}, quality, null) as quality),
                {instant("replace(start, ' +', '+')")} as start_utc, start as session,
                {instant("replace(stop, ' +', '+')")} as end_utc,
                if(nap = 'YES', 'nap', 'sleep') as label
            from rows
        ), skipped as (
            select *, case when stop = '(null)' then 'not_ended'
                when end_utc = start_utc then 'no_length' end as skip
            from timed
        )
        select *, case when skip is null then {case_of(faults)} end as fault,
            {raw("start", "stop", "nap")} as raw
        from skipped""",
        rows=rows,
    )
    sound, items = parted(judged)
    yield from items
    yield from sleeps(sound, TOTALS, in_bed="true")


CONNECTOR = Connector(
    name="pillow",
    title="Pillow CSV (the app is not named in the file)",
    version="1",
    variants={"csv": "verified"},
    identify=identify,
    extract=extract,
    source="phone",
)
