"""Garmin dates: sums over the day as samples with both clocks, and the day's resting heart rate.

`wellnessStartTime...` and `...EndTime...` are local midnight and the same in GMT: in 10 of 107 days
the offsets of begin and end differ, after a flight. An export made in the middle of a day ends
that day then. The sums stand over exactly this stretch, each of them with both clocks, so
a day without steps still tells the offset. A day without a stretch has them as values of its date.

`restingHeartRate` is the rounded mean of the last seven `currentDayRestingHeartRate`, in 95 of 95
days that have seven. The latter is the day's own, so only it is carried.

Not carried: mean, lowest and highest heart rate, oxygen, breathing and stress of a day, which mix
sleep and wake.
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from connectors.contract import FormatDrift, Item, Skip, shaped
from connectors.garmin.documents import date, gmt, numbers, sound, unreadable
from connectors.reading import text_sql
from connectors.reading.query import query

SUMS = {
    "totalSteps": ("step_count", "{count}"),
    "activeKilocalories": ("energy_burned", "kcal"),
    "totalDistanceMeters": ("distance", "m"),
}
VALUES = {**SUMS, "currentDayRestingHeartRate": ("resting_heart_rate", "/min")}
TIMES = {
    "wellnessStartTimeGmt": "start_utc",
    "wellnessStartTimeLocal": "start_wall",
    "wellnessEndTimeGmt": "end_utc",
    "wellnessEndTimeLocal": "end_wall",
}
DAY_KEYS = ("calendarDate", *TIMES, *VALUES, "includesWellnessData")
# Known and not carried. Source: real files.
OTHER_DAY_KEYS = """
    userProfilePK uuid durationInMilliseconds totalKilocalories bmrKilocalories
    wellnessKilocalories remainingKilocalories wellnessTotalKilocalories wellnessActiveKilocalories
    restingCaloriesFromActivity dailyStepGoal wellnessDistanceMeters highlyActiveSeconds
    activeSeconds moderateIntensityMinutes vigorousIntensityMinutes isVigorousDay
    floorsAscendedInMeters floorsDescendedInMeters userIntensityMinutesGoal userFloorsAscendedGoal
    minHeartRate maxHeartRate restingHeartRate restingHeartRateTimestamp minAvgHeartRate
    maxAvgHeartRate includesActivityData includesCalorieConsumedData includesSingleMeasurement
    includesContinuousMeasurement includesAllDayPulseOx includesSleepPulseOx source allDayStress
    bodyBattery respiration version lowestSpo2Value latestSpo2Value averageSpo2Value
    latestSpo2ValueReadingTimeGmt latestSpo2ValueReadingTimeLocal"""


def days(documents: pa.Table) -> Iterator[Item]:
    """Everything that documents with the text columns DAY_KEYS tell.

    Skips: `no_wellness_data` (the vendor says so), `no_value`.

    Raises: FormatDrift if no date has a begin.
    """
    starts = [documents[key] for key, name in TIMES.items() if name.startswith("start")]
    if documents.num_rows and all(column.null_count == len(column) for column in starts):
        raise FormatDrift("no date has wellnessStartTimeGmt; export again or report it")
    judged = query(_judged(), documents=documents)
    values = query(numbers(VALUES, "told"), told=sound(judged))
    yield from _left_out(judged, values)
    good = query("select * from values where not is_missing", values=values)
    yield shaped(
        "sample",
        query(
            f"""select record, metric, {", ".join(TIMES.values())}, value, unit,
                    'day ' || date as key
                from good where has_stretch and field in {tuple(SUMS)} order by record, field""",
            good=good,
        ),
    )
    yield shaped(
        "daily",
        query(
            f"""select record, metric, date, value, unit, 'day ' || date as key
                from good where not has_stretch or field not in {tuple(SUMS)}
                order by record, field""",
            good=good,
        ),
    )
    yield from unreadable(values)


def _judged() -> str:
    """SQL: every date with its stretch, and whether it is skipped or rejected."""
    times = ", ".join(
        f"{gmt(key) if name.endswith('utc') else text_sql.wall(key)} as {name}"
        for key, name in TIMES.items()
    )
    unread = " ".join(
        f"when {key} is not null and {name} is null then 'unreadable_time:{key}'"
        for key, name in TIMES.items()
    )
    return f"""
    with timed as (
        select *, {date("calendarDate")} as date, {times},
            case when includesWellnessData = 'false' then 'no_wellness_data'
                when coalesce({", ".join(VALUES)}) is null then 'no_value' end as skip
        from documents
    ), judged as (
        select *, (start_utc is not null or start_wall is not null)
                and (end_utc is not null or end_wall is not null) as has_stretch,
            case when skip is not null then null
                when calendarDate is null then 'missing_time:calendarDate'
                when date is null then 'unreadable_time:calendarDate'
                {unread}
                when end_utc <= start_utc then 'end_before_start:wellnessEndTimeGmt'
                when end_wall <= start_wall then 'end_before_start:wellnessEndTimeLocal'
            end as fault
        from timed
    )
    select *, split_part(fault, ':', 1) as code, split_part(fault, ':', 2) as field,
        {text_sql.raw("calendarDate", *TIMES)} as raw
    from judged
    """


def _left_out(judged: pa.Table, values: pa.Table) -> Iterator[Item]:
    """Skips and rejects of whole dates; one with nothing but marks for nothing has no value."""
    counts = query(
        """with skips as (
               select coalesce(skip, 'no_value') as skip from judged
               where code is null and record not in
                   (select record from values where not coalesce(is_missing, false))
           )
           select skip, count(*) as n from skips group by skip order by skip""",
        judged=judged,
        values=values,
    )
    for row in counts.to_pylist():
        yield Skip(row["skip"], row["n"])
    sql = "select record, code, field, raw from judged where code is not null order by record"
    yield shaped("reject", query(sql, judged=judged))
