"""GGIR part 4 night summary CSV (`part4_nightsummary_sleep_cleaned.csv`, also `_full`).

One record is one night of one person. `calendar_date` is the date of its evening, as d/m/Y or
Y-m-d; `sleeponset` and `wakeup` are hours after that midnight and go on past 24: the wall clock.
Lengths are hours. Missing is NA or nothing. A report of a study has many people in it: it is
refused.

Evidence: the package's documentation and its source; no real report was at hand.
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow.compute as pc

from connectors.contract import BrokenFile, Connector, Head, Item, Source
from connectors.reading.named import Layout, header_of, named
from connectors.reading.nights import sleeps
from connectors.reading.query import query
from connectors.reading.text_sql import dated, later
from connectors.reading.verdict import case_of, parted

COLUMNS = {
    "ID": "person", "sleeponset": "onset", "wakeup": "wake", "calendar_date": "day",
    "SleepDurationInSpt": "asleep", "WASO": "waso", "number_of_awakenings": "awakenings",
}  # fmt: skip
OTHERS = """night SptDuration sleepparam guider_onset guider_wakeup guider_SptDuration error_onset
error_wake error_dur fraction_night_invalid duration_sib_wakinghours number_sib_sleepperiod
number_sib_wakinghours duration_sib_wakinghours_atleast15min sleeponset_ts wakeup_ts guider_onset_ts
guider_wakeup_ts sleeplatency sleepefficiency page daysleeper weekday filename cleaningcode
sleeplog_used sleeplog_ID acc_available guider SleepRegularityIndex1 SriFractionValid
longitudinal_axis guider_inbedStart guider_inbedEnd guider_inbedDuration sib_method
night_part nonwear_perc_spt"""
LAYOUT = Layout(COLUMNS, needed=("person", "onset", "wake", "day"), unread=tuple(OTHERS.split()))
TOTALS = {
    "asleep": ("total_sleep_time", "h"),
    "waso": ("wake_after_sleep_onset", "h"),
    "awakenings": ("number_of_awakenings", "{count}"),
}


def identify(head: Head) -> str | None:
    """`part4` where the header has the columns of the report."""
    header = header_of(head)
    return "part4" if LAYOUT.is_of(header) and "SptDuration" in header else None


def extract(source: Source, variant: str) -> Iterator[Item]:
    """A sleep per night with its totals. Skips: `no_night`.

    Raises: BrokenFile for a report of several people.
    """
    rows, items = named(source, LAYOUT)
    if (people := pc.count_distinct(rows["person"]).as_py()) > 1:
        raise BrokenFile(
            f"nights of {people} people in one report: split it by its column ID, and give each "
            "to its participant"
        )
    yield from items
    day = "coalesce(try_strptime(day, '%d/%m/%Y'), try_strptime(day, '%Y-%m-%d'))"
    clean = ", ".join(f"nullif({name}, 'NA') as {name}" for name in COLUMNS.values())
    faults = [
        ("is_short", "ragged_row:calendar_date"),
        ("day is null", "missing_time:calendar_date"),
        ("evening is null", "unreadable_time:calendar_date"),
        ("start_wall is null", "unreadable_time:sleeponset"),
        ("end_wall is null", "unreadable_time:wakeup"),
        ("end_wall <= start_wall", "end_before_start:wakeup"),
    ]
    judged = query(
        f"""with told as (select * replace ({clean}) from rows),
        timed as (
            select *, {dated(day)} as evening, try_cast(onset as double) * 3600 as onset_s,
                try_cast(wake as double) * 3600 as wake_s
            from told
        ), placed as (
            select *, {later("evening", "onset_s")} as start_wall,
                {later("evening", "wake_s")} as end_wall, 'night ' || day as session,
                'sleep' as label
            from timed
        )
        select *, case when onset is null and wake is null then 'no_night' end as skip,
            case when coalesce(onset, wake) is not null then {case_of(faults)} end as fault,
            concat_ws('|', day, onset, wake) as raw
        from placed""",
        rows=rows,
    )
    sound, items = parted(judged)
    yield from items
    yield from sleeps(sound, TOTALS)


CONNECTOR = Connector(
    name="ggir_part4",
    title="GGIR night summary (part 4)",
    version="1",
    variants={"part4": "unverified"},
    identify=identify,
    extract=extract,
    source="actigraph",
)
