"""AutoSleep CSV: one line per day of waking, from an Apple Watch.

`bedtime` and `waketime` are naive wall clock; lengths are HH:MM:SS; the offset in `ISO8601` is that
of 20:59:59 on the day, not of the night, and is not used. A day whose `sessions` are more than one
is the sum of them, while its bedtime and waketime fit one of them or span what lies between: where
they are not as long as `inBed` the numbers belong to the date, and no interval is made of them.
asleep + awake = inBed: awake has the latency in it, so it is no wake after sleep onset.

Evidence: a real file of 2022; newer columns by other people's readers.
"""

from __future__ import annotations

from collections.abc import Iterator

from connectors.contract import Connector, Head, Item, Source
from connectors.reading.named import Layout, header_of, named
from connectors.reading.nights import clock_s, sleeps
from connectors.reading.query import query
from connectors.reading.text_sql import dated, raw, wall
from connectors.reading.verdict import carried, case_of, parted, time_faults

LENGTHS = ("inBed", "asleep", "deep", "fellAsleepIn")
COLUMNS = {name: name for name in (
    *("bedtime", "waketime", "sessions", "efficiency", "sleepBPM", "hrv", "sleepHRV", "SpO2Avg"),
    *("respAvg", "ISO8601", *LENGTHS),
)}  # fmt: skip
LAYOUT = Layout(
    COLUMNS,
    needed=("ISO8601", "bedtime", "waketime", "inBed", "asleep"),
    unread=(
        *("fromDate", "toDate", "awake", "quality", "qualityAvg7", "deepAvg7", "sleepBPMAvg7"),
        *("asleepAvg7", "efficiencyAvg7", "dayBPM", "dayBPMAvg7", "wakingBPM", "wakingBPMAvg7"),
        *("hrvAvg7", "sleepHRVAvg7", "SpO2Min", "SpO2Max", "respMin", "respMax", "apnea", "tags"),
        "notes",
    ),
)
TOTALS = {
    "inBed": ("time_in_bed", "s"),
    "asleep": ("total_sleep_time", "s"),
    "deep": ("deep_sleep_time", "s"),
    "fellAsleepIn": ("latency_to_sleep_onset", "s"),
    "efficiency": ("sleep_efficiency", "%"),
    "sleepBPM": ("sleep_heart_rate", "/min"),
    "SpO2Avg": ("sleep_oxygen_saturation", "%"),
    "respAvg": ("sleep_respiratory_rate", "/min"),
}
# HealthKit, from which the app has it, knows no other kind.
OF_THE_DAY = {"hrv": ("heart_rate_variability_sdnn", "ms")}
OF_THE_NIGHT = {"sleepHRV": ("heart_rate_variability_sdnn", "ms")}


def identify(head: Head) -> str | None:
    """`csv` where the header has the columns that a night needs."""
    return "csv" if LAYOUT.is_of(header_of(head)) else None


def extract(source: Source, variant: str) -> Iterator[Item]:
    """A sleep per day with its time in bed and totals; of split days daily totals alone.

    Raises: FormatDrift without a column that is needed.
    """
    rows, items = named(source, LAYOUT)
    yield from items
    seconds = ", ".join(f"{clock_s(name)} as {name}" for name in LENGTHS)
    faults = [
        ("is_short and waketime is null", "ragged_row:waketime"),
        *time_faults("bedtime", "start_wall"),
        *time_faults("waketime", "end_wall"),
        ("date is null", "unreadable_time:ISO8601"),
        *((f"told_{name} is not null and {name} is null", f"unreadable_number:{name}")
          for name in LENGTHS),
    ]  # fmt: skip
    told = ", ".join(f"{name} as told_{name}" for name in LENGTHS)
    judged = query(
        f"""with timed as (
            select * replace ({seconds}), {told}, {wall("bedtime")} as start_wall,
                {wall("waketime")} as end_wall, {dated("try_cast(left(ISO8601, 10) as date)")}
                as date, left(ISO8601, 10) as session, 'sleep' as label
            from rows
        )
        -- 0 to fall asleep is what the app writes where it did not see it
        select * replace (nullif(fellAsleepIn, 0) as fellAsleepIn), null::varchar as skip,
            coalesce(try_cast(sessions as int), 1) > 1
                and abs(epoch(end_wall - start_wall) - inBed) > 300 as is_split,
            {case_of(faults)} as fault, {raw("ISO8601", "bedtime", "waketime")} as raw
        from timed""",
        rows=rows,
    )
    sound, items = parted(judged)
    yield from items
    whole = query("select * from sound where not is_split", sound=sound)
    yield from sleeps(whole, TOTALS | OF_THE_NIGHT, in_bed="true")
    split = query("select * from sound where is_split", sound=sound)
    yield from carried(split, TOTALS | OF_THE_NIGHT, "daily")
    yield from carried(sound, OF_THE_DAY, "daily")


CONNECTOR = Connector(
    name="autosleep",
    title="AutoSleep CSV",
    version="1",
    variants={"csv": "verified"},
    identify=identify,
    extract=extract,
    source="watch",
)
