"""Garmin nights: the session, the vendor's totals, and the naps that stand in the same object.

Stages are seconds only. Together with the seconds awake they are as long as the night, less than
a minute apart in 205 of 205, and a stage of which there was none is left out. No total sleep is
stated, and none is made here: the view `vendor_sleep` adds the stages up, as the vendor does where
it states a total (deep + light + REM in the Connect API). There the same window begins and ends
asleep, so the seconds awake are wake after sleep onset. The oxygen summary has an interval of its
own, often shorter than the night, and its heart rate is the mean over that interval.

The identity of a night is its `calendarDate`, the date of waking: begin and end move when a night
is corrected, the date does not. A second night of one date in one file is `<date> #2`.

Nothing calls a night the main sleep, so its label is `sleep`. Not carried: lowest and highest
values, stress, restless moments, seconds that were not measurable (0 in all 205).
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from connectors.contract import Batch, Drift, FormatDrift, Item, Skip, shaped
from connectors.garmin.documents import date, gmt, member, numbers, sound, unreadable
from connectors.reading import text_sql
from connectors.reading.query import query
from connectors.reading.text_sql import elements

TOTALS = {
    "deepSleepSeconds": ("deep_sleep_time", "s"),
    "lightSleepSeconds": ("light_sleep_time", "s"),
    "remSleepSeconds": ("rem_sleep_time", "s"),
    "awakeSleepSeconds": ("wake_after_sleep_onset", "s"),
    "awakeCount": ("number_of_awakenings", "{count}"),
    "averageRespiration": ("sleep_respiratory_rate", "/min"),
    "overallScore": ("sleep_score", "{score}"),
    "averageSPO2": ("sleep_oxygen_saturation", "%"),
    "averageHR": ("sleep_heart_rate", "/min"),
}
STAGES = ("deepSleepSeconds", "lightSleepSeconds", "remSleepSeconds")
OXIMETRY = ("averageSPO2", "averageHR")  # measured over the summary's own interval
SLEEP_KEYS = (
    *("sleepStartTimestampGMT", "sleepEndTimestampGMT", "calendarDate", "napList"),
    *("sleepWindowConfirmationType", "sleepScores", "spo2SleepSummary", *STAGES),
    *("awakeSleepSeconds", "awakeCount", "averageRespiration"),
)
# Known and not carried. Source: real files; sleepResultType: other people's readers.
OTHER_SLEEP_KEYS = """
    unmeasurableSeconds lowestRespiration highestRespiration retro avgSleepStress
    restlessMomentCount sleepResultType"""
# Source: real files (the first), other people's readers. Of these two the vendor says itself that
# there is no sleep to trust; of the others the window is carried.
NO_NIGHT = {"OFF_WRIST": "off_wrist", "UNCONFIRMED": "unconfirmed"}
MANUAL = ("MANUALLY_CONFIRMED", "MANUALLY_CORRECTED")  # by the person, hence also without stages
CONFIRMED = (
    *("ENHANCED_CONFIRMED_FINAL", "ENHANCED_CONFIRMED", "ENHANCED_CONFIRMED_TENTATIVE"),
    *("AUTO_CONFIRMED_FINAL", "AUTO_CONFIRMED", "AUTO_CONFIRMED_TENTATIVE", *MANUAL),
)


def nights(documents: pa.Table) -> Iterator[Item]:
    """Everything that documents with the text columns SLEEP_KEYS tell.

    Skips: `no_window`, `no_stages`, `off_wrist`, `unconfirmed`; a night with a nap is carried.

    Raises: FormatDrift if there are stages and no begin of any night.
    """
    starts, stages = documents["sleepStartTimestampGMT"], documents["lightSleepSeconds"]
    if starts.null_count == len(starts) and stages.null_count < len(stages):
        raise FormatDrift("no night has sleepStartTimestampGMT; export again or report it")
    judged = query(_judged(), documents=documents)
    yield from _unknown_words(judged)
    naps = query(_naps(), documents=documents)
    if pc.any(pc.equal(naps["code"], "nameless")).as_py():
        yield Drift("key napList without napStartTimestampGMT")
    naps = query("select * from naps where code is distinct from 'nameless'", naps=naps)
    yield from _left_out(judged, naps)
    yield from _carried(sound(judged), TOTALS)
    yield from _carried(sound(naps), {"napTimeSec": ("total_sleep_time", "s")})


def _unknown_words(judged: pa.Table) -> Iterator[Drift]:
    words = query(
        """select distinct sleepWindowConfirmationType as word from judged
           where word is not null order by word""",
        judged=judged,
    )
    for word in words["word"].to_pylist():
        if word not in (*CONFIRMED, *NO_NIGHT):
            yield Drift(f"sleepWindowConfirmationType {word}")


def _judged() -> str:
    """SQL: every night with its times, and whether it is skipped or rejected."""
    words = " ".join(f"when '{word}' then '{skip}'" for word, skip in NO_NIGHT.items())
    no_stage = " and ".join(
        f"coalesce({text_sql.number(key)} = 0, {key} is null)" for key in STAGES
    )
    # a sum without it would pass for all of the sleep
    unread_stage = " ".join(
        f"when {key} is not null and {text_sql.number(key)} is null then 'unreadable_number:{key}'"
        for key in STAGES
    )
    return f"""
    with timed as (
        select *, coalesce({date("calendarDate")}::varchar, sleepStartTimestampGMT) as night,
            {gmt("sleepStartTimestampGMT")} as start_utc, {gmt("sleepEndTimestampGMT")} as end_utc,
            {gmt(member("spo2SleepSummary", "sleepMeasurementStartGMT"))} as oximetry_start_utc,
            {gmt(member("spo2SleepSummary", "sleepMeasurementEndGMT"))} as oximetry_end_utc,
            {member("sleepScores", "overallScore")} as overallScore,
            {member("spo2SleepSummary", "averageSPO2")} as averageSPO2,
            {member("spo2SleepSummary", "averageHR")} as averageHR,
            coalesce(case sleepWindowConfirmationType {words} end, case
                when coalesce(sleepStartTimestampGMT, sleepEndTimestampGMT) is null
                    then 'no_window'
                when sleepWindowConfirmationType in {MANUAL} then null
                when {no_stage} then 'no_stages' end) as skip
        from documents
    ), numbered as (
        select *, row_number() over (partition by night, skip is null order by start_utc, record)
            as nth
        from timed
    ), judged as (
        select *, night || case when nth > 1 then ' #' || nth else '' end as session,
            'sleep' as label, case
                when skip is not null then null
                {_time_faults("sleepStartTimestampGMT", "sleepEndTimestampGMT")}
                {unread_stage} end as fault
        from numbered
    )
    select *, {_told_fault()}, {text_sql.raw(*SLEEP_KEYS[:3], *STAGES)} as raw from judged
    """


def _naps() -> str:
    """SQL: every nap, with the record of the night in whose object it stands."""
    keys = ("napStartTimestampGMT", "napEndTimestampGMT", "napTimeSec")
    cells = ", ".join(f"nap ->> '$.{key}' as {key}" for key in keys)
    start, end, _ = keys
    return f"""
    with listed as (
        select record, {cells} from (
            select record,
                unnest({elements("napList")}) as nap
            from documents
        )
    ), judged as (
        select *, {gmt(start)} as start_utc, {gmt(end)} as end_utc, 'nap' as label,
            'nap ' || {start} as session, null::timestamptz as oximetry_start_utc,
            null::timestamptz as oximetry_end_utc,
            case when {start} is null then 'nameless' {_time_faults(start, end)} end as fault
        from listed
    )
    select *, null::varchar as skip, {_told_fault()}, {text_sql.raw(*keys)} as raw from judged
    """


def _time_faults(start: str, end: str) -> str:
    return f"""
        when {start} is null then 'missing_time:{start}'
        when start_utc is null then 'unreadable_time:{start}'
        when {end} is null then 'missing_time:{end}'
        when end_utc is null then 'unreadable_time:{end}'
        when end_utc <= start_utc then 'end_before_start:{end}'"""


def _told_fault() -> str:
    return "split_part(fault, ':', 1) as code, nullif(split_part(fault, ':', 2), '') as field"


def _left_out(judged: pa.Table, naps: pa.Table) -> Iterator[Item]:
    """Skips of nights that have no nap either, and rejects of both."""
    counts = query(
        """select skip, count(*) as n from judged anti join naps using (record)
           where skip is not null group by skip order by skip""",
        judged=judged,
        naps=naps,
    )
    for row in counts.to_pylist():
        yield Skip(row["skip"], row["n"])
    for rows in (judged, naps):
        sql = "select record, code, field, raw from rows where code is not null order by record"
        yield shaped("reject", query(sql, rows=rows))


def _carried(sleeps: pa.Table, totals: dict[str, tuple[str, str]]) -> Iterator[Batch]:
    """The session and the totals of each sleep, nights or naps."""
    yield shaped(
        "episode",
        query(
            """select record, 'sleep' as kind, label, session, start_utc, end_utc, session as key
               from sleeps order by record, session""",
            sleeps=sleeps,
        ),
    )
    values = query(numbers(totals, "sleeps"), sleeps=sleeps)
    yield shaped(
        "sample",
        query(
            f"""select record, metric, value, unit, session as key,
                   if(field in {OXIMETRY}, coalesce(oximetry_start_utc, start_utc), start_utc)
                       as start_utc,
                   if(field in {OXIMETRY}, coalesce(oximetry_end_utc, end_utc), end_utc)
                       as end_utc
               from values where not is_missing order by record, session, field""",
            values=values,
        ),
    )
    yield from unreadable(values)
