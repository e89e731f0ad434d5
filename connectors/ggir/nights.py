"""GGIR part 4 night summary CSV (`part4_nightsummary_sleep_cleaned.csv`, also `_full`).

One record is one night of one person. `calendar_date` is the date of its evening, as d/m/Y or
Y-m-d; `sleeponset` and `wakeup` are hours after that midnight and go on past 24: the wall clock.
Lengths are hours. Missing is NA or nothing. A report of a study has many people in it: it is
refused.

Evidence: a report in the tests of the package, its documentation and its source.
"""

from __future__ import annotations

from collections.abc import Iterator

from connectors.contract import Connector, Head, Item, Source
from connectors.ggir.report import nights, of_one_person
from connectors.reading.named import Layout, header_of, named
from connectors.reading.nights import sleeps
from connectors.reading.verdict import parted

COLUMNS = {
    "ID": "person", "sleeponset": "onset", "wakeup": "wake", "calendar_date": "day",
    "SleepDurationInSpt": "asleep", "WASO": "waso", "number_of_awakenings": "awakenings",
}  # fmt: skip
OTHERS = """night SptDuration sleepparam guider_onset guider_wakeup guider_SptDuration error_onset
error_wake error_dur fraction_night_invalid duration_sib_wakinghours number_sib_sleepperiod
number_sib_wakinghours duration_sib_wakinghours_atleast15min sleeponset_ts wakeup_ts guider_onset_ts
guider_wakeup_ts sleeplatency sleepefficiency page daysleeper weekday filename cleaningcode
sleeplog_used sleeplog_ID acc_available guider SleepRegularityIndex SleepRegularityIndex1
SriFractionValid longitudinal_axis guider_inbedStart guider_inbedEnd guider_inbedDuration sib_method
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
    of_one_person(rows)
    yield from items
    sound, items = parted(nights(rows))
    yield from items
    yield from sleeps(sound, TOTALS)


CONNECTOR = Connector(
    name="ggir_part4",
    title="GGIR night summary (part 4)",
    version="2",
    variants={"part4": "verified"},
    identify=identify,
    extract=extract,
    source="actigraph",
)
