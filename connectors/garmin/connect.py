"""Garmin's export of everything: `*_sleepData.json` (Wellness) and `UDSFile_*.json` (Aggregator).

One record is one night, or one calendar date. Nights are GMT instants without an offset; a date
has both clocks of its begin and of its end, which is all that the export tells of where the
person was. Totals are seconds, kcal, metres, /min and %. Missing is an absent key or null; -1
and -2 stand for nothing, and so does 0 of what is never 0. There is no hypnogram and no HRV.

What is where: sleep.py (nights and naps), days.py (dates), documents.py (both).

Evidence: 205 nights and 107 dates of one person, 2023-2024, a traveller. What they do not have is
known from other people's readers only: naps, nights that are not confirmed, and dates written as
{"date": "Aug 15, 2021 12:00:00 AM"}, which is a variant of its own and unverified.

Other files of the export, and what the Connect API and web site give, are other formats.
"""

from __future__ import annotations

from collections.abc import Iterator

from connectors.contract import Connector, Drift, Head, Item, Source, Total
from connectors.garmin.days import DAY_KEYS, OTHER_DAY_KEYS, days
from connectors.garmin.documents import documents
from connectors.garmin.sleep import OTHER_SLEEP_KEYS, SLEEP_KEYS, nights
from connectors.reading.json_head import first_objects, unknown_keys
from connectors.reading.json_prefix import keys_in

SLEEP_MARKS = {
    *("sleepStartTimestampGMT", "sleepEndTimestampGMT", "sleepWindowConfirmationType", "retro"),
    *("deepSleepSeconds", "lightSleepSeconds", "awakeSleepSeconds", "unmeasurableSeconds"),
}
DAY_MARKS = {
    *("wellnessStartTimeGmt", "wellnessStartTimeLocal", "includesWellnessData", "dailyStepGoal"),
    *("currentDayRestingHeartRate", "bmrKilocalories", "allDayStress", "durationInMilliseconds"),
}
# Keys of the Connect API, whose documents share names with these. Source: its files.
API_KEYS = {"sleepTimeSeconds", "userDailySummaryId", "userProfileId", "dailySleepDTO"}


def identify(head: Head) -> str | None:
    """The kind of file, by the keys of its first objects, or None."""
    objects = first_objects(head) if keys_in(head) & {"calendarDate", "retro"} else []
    for each in objects:
        keys = set(each)
        if keys & API_KEYS:
            return None
        if "calendarDate" in keys and len(SLEEP_MARKS & keys) >= 3:
            return "sleep_json"
        if {"calendarDate", "userProfilePK"} <= keys and len(DAY_MARKS & keys) >= 4:
            is_object = isinstance(each["calendarDate"], dict)
            return "daily_object_dates_json" if is_object else "daily_json"
    # a stretch without any night is a list of these
    return "sleep_json" if objects and all(set(each) == {"retro"} for each in objects) else None


def extract(source: Source, variant: str) -> Iterator[Item]:
    """Sleeps with the vendor's totals; steps, energy, distance and resting heart rate of dates.

    Skips: `no_window`, `no_stages`, `off_wrist`, `unconfirmed` (nights); `no_wellness_data`,
    `no_value` (dates).

    Raises: FormatDrift if no night has a begin or no date has one; BrokenFile if the JSON is cut.
    """
    is_sleep = variant == "sleep_json"
    keys = SLEEP_KEYS if is_sleep else DAY_KEYS
    rows = documents(source, keys)
    yield Total(rows.num_rows)
    known = {*keys, *(OTHER_SLEEP_KEYS if is_sleep else OTHER_DAY_KEYS).split()}
    for key in unknown_keys(first_objects(source), frozenset(known)):
        yield Drift(f"key {key}")
    yield from (nights if is_sleep else days)(rows)


CONNECTOR = Connector(
    name="garmin_connect",
    title="Garmin Connect data export",
    version="2",
    variants={
        "sleep_json": "verified",
        "daily_json": "verified",
        "daily_object_dates_json": "unverified",
    },
    identify=identify,
    extract=extract,
    source="watch",
)
