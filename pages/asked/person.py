"""Everything that a page tells of one participant."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field

from pages.asked.reader import Reader, Row
from pages.figures.strip import Around

NIGHTS = """
    from night_to_day where participant_id = $who and sleep_date between $first and $last
    order by sleep_date
"""
# of the source that was chosen for that date: its night, naps and whatever else
SLEEPS = """
    select e.sleep_date, e.bed_at, e.rise_at, e.onset_at, e.wake_at, e.onset_local, e.wake_local,
        n.episode_number = e.episode_number as is_main
    from sleep_episode as e
    join sleep_nightly as n
        on n.participant_id = e.participant_id and n.sleep_date = e.sleep_date
        and n.connector = e.connector and n.device is not distinct from e.device
    where e.participant_id = $who and e.sleep_date between $first and $last
    order by e.onset_at
"""
COVERAGE = """
    select metric, connector, device, date, reading_count, observed_pct
    from data_coverage where participant_id = $who and date between $first and $last
    order by metric, connector, device, date
"""
DAILY = """
    select date, coverage_pct, is_valid, mean_mgdl, cv_pct, tir_pct, titr_pct, tbr70_pct, tar180_pct
    from glucose_daily where participant_id = $who and date between $first and $last order by date
"""
SUMMARY = "from glucose_summary where participant_id = $who"
SUMMARY_BETWEEN = "from glucose_summary_between($first, $last) where participant_id = $who"
PROFILE = "from agp_profile where participant_id = $who order by minute_of_day"
PROFILE_BETWEEN = """
    from agp_profile_between($first, $last) where participant_id = $who order by minute_of_day
"""
RHYTHM = "from sleep_rhythm where participant_id = $who"
READINGS = """
    select start_at, start_local, glucose_mgdl from glucose
    where participant_id = $who and start_at >= $begin and start_at < $end
        and start_local::date between $first and $last
    order by start_at
"""
STAGES = """
    select s.start_at, s.end_at, s.stage, n.sleep_date
    from sleep_stage as s
    join sleep_nightly as n
        on n.participant_id = s.participant_id and n.connector = s.connector
        and n.device is not distinct from s.device and n.episode_number = s.episode_number
    where s.participant_id = $who and n.sleep_date between $begin and $end
    order by s.start_at
"""
MEALS = """
    select start_at, kind, carbohydrate_g from meal
    where participant_id = $who and start_at >= $begin and start_at < $end order by start_at
"""
EXERCISE = """
    select start_at, end_at, label from episode
    where participant_id = $who and kind = 'exercise' and start_at >= $begin and start_at < $end
    order by start_at
"""
EFFECTS = """
    from sleep_effect where participant_id = $who order by exposure, outcome, relation
"""
ZONES = "from zone_timeline where participant_id = $who order by from_at nulls first"
FINDINGS = """
    from clock_finding where participant_id = $who
        and (from_at is null or from_at::date between $first and $last)
    order by from_at nulls first, kind
"""
SOURCES = """
    select connector, count(*) as file_count, sum(record_count)::bigint as record_count,
        sum(skipped_count)::bigint as skipped_count, sum(rejected_count)::bigint as rejected_count,
        min(first_time)::date as first_date, max(last_time)::date as last_date
    from source_file where participant_id = $who group by connector order by connector
"""
REJECTS = """
    select connector, code as kind, count(*) as reject_count
    from reject where participant_id = $who group by connector, code order by connector, code
"""
BASES = """
    select time_basis, count(*) as reading_count from glucose
    where participant_id = $who and start_local::date between $first and $last
    group by time_basis order by reading_count desc, time_basis
"""
# all that these name
ASKED = (
    *("night_to_day", "sleep_episode", "sleep_nightly", "data_coverage", "glucose_daily"),
    *("glucose_summary", "agp_profile", "sleep_rhythm", "glucose", "sleep_stage", "meal"),
    *("episode", "sleep_effect", "zone_timeline", "clock_finding", "source_file", "reject"),
)
NIGHT_COUNT = 14  # nights and days that are shown one by one


@dataclass(frozen=True)
class Person:
    """Rows by relation; each list is empty where there is nothing."""

    participant_id: str
    nights: list[Row]
    sleeps: list[Row]
    coverage: list[Row]
    daily: list[Row]
    summary: Row | None
    profile: list[Row]
    rhythm: Row | None
    shown: list[Row]  # the nights that are shown one by one
    around: Around  # them
    effects: list[Row] = field(default_factory=list)
    zones: list[Row] = field(default_factory=list)
    findings: list[Row] = field(default_factory=list)
    sources: list[Row] = field(default_factory=list)
    rejects: list[Row] = field(default_factory=list)
    bases: list[Row] = field(default_factory=list)


def person(reader: Reader) -> Person:
    """All that a page needs, from one connection."""
    whole, true = reader.is_whole, reader.undisguised()
    nights, daily = true.rows(NIGHTS), true.rows(DAILY)
    whole_nights = [row for row in nights if row["is_complete"]][-NIGHT_COUNT:]
    return Person(
        reader.shown_id,
        reader.disguised(nights),
        reader.rows(SLEEPS),
        reader.rows(COVERAGE),
        reader.disguised(daily),
        reader.row(SUMMARY if whole else SUMMARY_BETWEEN),
        reader.rows(PROFILE if whole else PROFILE_BETWEEN),
        reader.row(RHYTHM),
        reader.disguised(whole_nights),
        around(reader, [row["sleep_date"] for row in whole_nights], daily[-1:]),
        effects=reader.rows(EFFECTS),
        zones=reader.rows(ZONES),
        findings=reader.rows(FINDINGS),
        sources=reader.rows(SOURCES),
        rejects=reader.rows(REJECTS),
        bases=reader.rows(BASES),
    )


def around(reader: Reader, nights: Sequence[dt.date], days: Sequence[Row] = ()) -> Around:
    """Stages, readings, meals and exercise around the nights of these true dates.

    Readings begin early enough for the newest days too, up to the last row of `days`. Some more are
    among them on either side: dates are local, and moments are not.
    """
    newest = [row["date"] for row in days]
    begins = [*nights, *(date - dt.timedelta(days=NIGHT_COUNT - 1) for date in newest)]
    if not begins:
        return Around()
    ends = [*nights, *newest]
    moments = {
        "begin": dt.datetime.combine(min(begins) - dt.timedelta(days=2), dt.time(), dt.UTC),
        "end": dt.datetime.combine(max(ends) + dt.timedelta(days=3), dt.time(), dt.UTC),
    }
    return Around(
        reader.rows(STAGES, begin=min(nights), end=max(nights)) if nights else [],
        reader.rows(READINGS, **moments),
        reader.rows(MEALS, **moments),
        reader.rows(EXERCISE, **moments),
    )
