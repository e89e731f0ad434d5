"""Dreem headband CSV: one line per night, semicolons between, its hypnogram in the last cell.

ISO times with the offset of each end, lengths H:MM:SS, a word per 30 seconds from the begin:
`[WAKE,Light,Deep,REM,NA]`. The begin is going to bed, so wake before sleep onset is in it.

Evidence: another person's reader; the words in the hypnogram are as it has them.
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from connectors.contract import Connector, Drift, Head, Item, Source, shaped
from connectors.reading.named import Layout, header_of, named
from connectors.reading.nights import clock_s, sleeps
from connectors.reading.query import query
from connectors.reading.text_sql import instant, offset_min, raw, wall
from connectors.reading.verdict import case_of, parted, time_faults

EPOCH_S = 30
LENGTHS = {
    "Sleep Duration": ("asleep", "total_sleep_time"),
    "Sleep Onset Duration": ("onset", "latency_to_sleep_onset"),
    "Light Sleep Duration": ("light", "light_sleep_time"),
    "Deep Sleep Duration": ("deep", "deep_sleep_time"),
    "REM Duration": ("rem", "rem_sleep_time"),
    "Wake After Sleep Onset Duration": ("waso", "wake_after_sleep_onset"),
}
LAYOUT = Layout(
    {"Type": "type", "Start Time": "start", "Stop Time": "stop", "Hypnogram": "hypnogram",
     "Number of awakenings": "awakenings", "Mean Heart Rate": "pulse",
     "Mean Respiration CPM": "breaths", "Sleep efficiency": "efficiency",
     **{cell: name for cell, (name, _) in LENGTHS.items()}},
    needed=("type", "start", "stop", "hypnogram"),
    unread=("Position Changes", "Number of Stimulations"),
    delimiter=";",
)  # fmt: skip
TOTALS = {
    **{name: (metric, "s") for name, metric in LENGTHS.values()},
    "awakenings": ("number_of_awakenings", "{count}"),
    "efficiency": ("sleep_efficiency", "%"),
    "pulse": ("sleep_heart_rate", "/min"),
    "breaths": ("sleep_respiratory_rate", "/min"),
}
STAGES = {"wake": "awake", "light": "light", "n1": "light", "n2": "light", "deep": "deep",
          "n3": "deep", "rem": "rem", "na": "unknown"}  # fmt: skip


def identify(head: Head) -> str | None:
    """`csv` where the header has a hypnogram and stimulations."""
    header = header_of(head, ";")
    return "csv" if LAYOUT.is_of(header) and "Number of Stimulations" in header else None


def extract(source: Source, variant: str) -> Iterator[Item]:
    """Nights with stages and totals.

    Raises: FormatDrift without a column that is needed.
    """
    rows, items = named(source, LAYOUT)
    yield from items
    names = [name for name, _ in LENGTHS.values()]
    faults = [
        ("is_short", "ragged_row:hypnogram"),
        *time_faults("start", "start_utc"),
        *time_faults("stop", "end_utc"),
        ("end_utc <= start_utc", "end_before_start:stop"),
        *((f"told_{n} is not null and {n} is null", f"unreadable_number:{n}") for n in names),
    ]
    times = ", ".join(
        f"{instant(cell)} as {end}_utc, {wall(cell)} as {end}_wall,"
        f" {offset_min(cell)} as {end}_offset_min"
        for end, cell in (("start", "start"), ("end", "stop"))
    )
    judged = query(
        f"""with timed as (
            select * replace ({", ".join(f"{clock_s(n)} as {n}" for n in names)}),
                {", ".join(f"{n} as told_{n}" for n in names)}, {times}, start as session,
                if(lower(type) = 'nap', 'nap', 'sleep') as label
            from rows
        )
        select *, null::varchar as skip, {case_of(faults)} as fault, {raw("start", "stop")} as raw
        from timed""",
        rows=rows,
    )
    sound, items = parted(judged)
    yield from items
    yield from sleeps(sound, TOTALS, in_bed="true")
    yield from _stages(sound)


def _stages(nights: pa.Table) -> Iterator[Item]:
    """Runs of equal words, the last cut short by the end of the night.

    Of a night with an offset of its own at each end, when the clocks changed is not told: its
    stages are instants alone.
    """
    words = " ".join(f"when '{word}' then '{stage}'" for word, stage in STAGES.items())
    epochs = query(
        f"""with listed as (
            select *, string_split(trim(hypnogram, '[] '), ',') as words from nights
        ), each as (
            select * exclude (words), lower(trim(unnest(words))) as word,
                generate_subscripts(words, 1) - 1 as n
            from listed
        )
        select *, case word {words} else 'unknown' end as stage from each
        where start_utc + to_seconds(n * {EPOCH_S}) < end_utc and word <> ''""",
        nights=nights,
    )
    for word in sorted(set(epochs["word"].to_pylist()) - set(STAGES)):
        yield Drift(f"hypnogram word {word}")
    stages = query(
        f"""with numbered as (
            select *, n - row_number() over (partition by record, stage order by n) as run
            from epochs
        ), runs as (
            select record, session, stage, min(n) as first, max(n) + 1 as last,
                any_value(start_utc) as begin_utc, any_value(end_utc) as until_utc,
                any_value(if(start_offset_min = end_offset_min, start_offset_min, null))
                    as offset_min
            from numbered group by record, session, stage, run
        )
        select record, 'sleep_stage' as kind, stage as label, session,
            begin_utc + to_seconds(first * {EPOCH_S}) as start_utc, offset_min as start_offset_min,
            least(begin_utc + to_seconds(last * {EPOCH_S}), until_utc) as end_utc,
            offset_min as end_offset_min, session as key
        from runs order by record, first""",
        epochs=epochs,
    )
    yield shaped("episode", stages)


CONNECTOR = Connector(
    name="dreem",
    title="Dreem headband CSV",
    version="2",
    variants={"csv": "unverified"},
    identify=identify,
    extract=extract,
    source="eeg",
)
