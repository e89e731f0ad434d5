"""Empatica EmbracePlus digital biomarkers: a CSV per quantity, a line per minute.

The clock is epoch milliseconds (or seconds) UTC in `timestamp_unix`. A minute that was not measured
has a reason in `missing_value_reason`. Sleep is 0 awake, 101 asleep, 102 awake within sleep; a
day is awake all day, so that only what lies within sleep is carried. `participant_full_id` is not
read.

Evidence: readers of other people; other code reads 101 and 102 as light and deep.
"""

from __future__ import annotations

from collections.abc import Iterator

from connectors.contract import Connector, Head, Item, Source, shaped
from connectors.reading.named import Layout, header_of, named
from connectors.reading.query import query
from connectors.reading.text_sql import epoch
from connectors.reading.verdict import Told, carried, case_of, parted

SLEEP = "sleep_detection_stage"
STAGES = {"101": "asleep_unspecified", "102": "awake"}
COLUMNS: Told = {
    "pulse_rate_bpm": ("heart_rate", "/min"),
    "respiratory_rate_brpm": ("respiratory_rate", "/min"),
    "temperature_celsius": ("skin_temperature", "Cel"),
    "prv_rmssd_ms": ("heart_rate_variability_rmssd", "ms"),
    "step_counts": ("step_count", "{count}"),
}
UNREAD = ("timestamp_iso", "participant_full_id", "missing_value_reason")


def identify(head: Head) -> str | None:
    """The quantity, where a minute has both clocks and one of the columns."""
    header = header_of(head)
    if not {"timestamp_unix", "timestamp_iso"} <= set(header):
        return None
    if SLEEP in header:
        return "sleep"
    return next((column for column in COLUMNS if column in header), None)


def extract(source: Source, variant: str) -> Iterator[Item]:
    """Minutes of sleep, or of one quantity. Skips: `awake_by_day`, `no_value`.

    Raises: FormatDrift without a column that is needed.
    """
    column = SLEEP if variant == "sleep" else variant
    rows, items = named(source, Layout({"timestamp_unix": "time", column: "told"},
                                       ("time", "told"), UNREAD))  # fmt: skip
    yield from items
    ms = "if(try_cast(time as double) < 1e11, 1000, 1) * try_cast(time as double)"
    words = " ".join(f"when '{code}' then '{stage}'" for code, stage in STAGES.items())
    is_sleep = "true" if variant == "sleep" else "false"
    faults = [
        ("start_utc is null", "unreadable_time:timestamp_unix"),
        (f"{is_sleep} and stage is null and told not in ('0')", f"unknown_code:{SLEEP}"),
    ]
    judged = query(
        f"""with placed as (
            select *, {epoch(ms, 1000)} as start_utc,
                start_utc + interval 1 minute as end_utc, case told {words} end as stage
            from rows
        )
        select *, case when told is null then 'no_value'
                when {is_sleep} and told = '0' then 'awake_by_day' end as skip,
            {case_of(faults)} as fault, concat_ws('|', time, told) as raw
        from placed""",
        rows=rows,
    )
    sound, items = parted(judged)
    yield from items
    if variant != "sleep":
        lasting = sound if variant == "step_counts" else sound.drop_columns(["end_utc"])
        yield from carried(lasting, {"told": COLUMNS[variant]})
        return
    stages = query(
        """select record, 'sleep_stage' as kind, stage as label, start_utc, end_utc
           from sound order by record""",
        sound=sound,
    )
    yield shaped("episode", stages)


CONNECTOR = Connector(
    name="empatica_embrace",
    title="Empatica EmbracePlus biomarkers",
    version="1",
    variants={"sleep": "unverified", **dict.fromkeys(COLUMNS, "unverified")},
    identify=identify,
    extract=extract,
    source="watch",
)
