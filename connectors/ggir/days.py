"""GGIR part 5 day summary CSV (`part5_daysummary_WW_L40M100V400_T5A5.csv`, also `_full`).

One record is a day from waking to waking, with the night that ends it. `calendar_date` is the date
of its evening, `sleeponset` and `wakeup` are hours after that midnight and go on past 24: the wall
clock. Lengths are minutes. A report of days from midnight to midnight (`_MM_`) has the same
columns, but the waking of one night beside the onset of the next: it is refused, as is one of parts
of days.

Evidence: the package's documentation and source, which leaves the kind of window out of the file;
no real report was at hand.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator

import pyarrow as pa

from connectors.contract import BrokenFile, Connector, Head, Item, Source
from connectors.ggir.report import nights, of_one_person
from connectors.reading.delimited import decoded, lines_of, rows_below
from connectors.reading.named import Layout, columns_of, header_of
from connectors.reading.nights import sleeps
from connectors.reading.query import query
from connectors.reading.verdict import parted

COLUMNS = {
    "ID": "person", "sleeponset": "onset", "wakeup": "wake", "calendar_date": "day",
    "dur_day_spt_min": "length", "dur_spt_sleep_min": "asleep",
}  # fmt: skip
OTHERS = """filename weekday sleeponset_ts wakeup_ts night_number daysleeper cleaningcode guider
sleeplog_used acc_available sleep_efficiency sleep_efficiency_after_onset daytype
tail_expansion_minutes bout.metric"""
LAYOUT = Layout(
    COLUMNS, needed=("person", "onset", "wake", "day", "length"), unread=tuple(OTHERS.split())
)
# What is measured of behaviour and light, by thresholds and lengths of bouts that a study chooses.
_MEASURES = re.compile(
    r"(dur|mdur|tdur|ACC|Nblocks?|Nbouts|nbouts|noverl|N|FRAG|frag|perc|ig|quantile|boutcriter"
    r"|boutdur|nonwear|nap|sibreport|LUX|L\d+|M\d+|TP|lux|step|cadence)[_A-Z.]"
)
TOTALS = {"asleep": ("total_sleep_time", "min")}
MIDNIGHTS = (1440, 1380, 1500)  # minutes from midnight to midnight, of a change of the clocks too


def identify(head: Head) -> str | None:
    """`part5` where the header has the columns of the report."""
    return "part5" if LAYOUT.is_of(header_of(head)) else None


def extract(source: Source, variant: str) -> Iterator[Item]:
    """A sleep per day with its minutes asleep. Skips: `no_night`, `half_a_night`.

    Raises: BrokenFile for a report of several people, or of other days than from waking to waking;
    FormatDrift without a column that is needed.
    """
    rows = rows_below(lines_of(decoded(source.read())), 0, ",")
    measures = tuple(cell for cell in rows.header if _MEASURES.match(cell))
    layout = dataclasses.replace(LAYOUT, unread=(*LAYOUT.unread, *measures))
    told, items = columns_of(rows, layout)
    of_one_person(told)
    _from_waking(told)
    yield from items
    half = "case when not is_short and (onset is null or wake is null) then 'half_a_night' end"
    sound, items = parted(nights(told, half))
    yield from items
    yield from sleeps(sound, TOTALS)


def _from_waking(rows: pa.Table) -> None:
    """Nothing, for days from waking to waking.

    Raises: BrokenFile where most days are of the length from midnight to midnight, or short.
    """
    found = query(
        f"""select count(*) as n, count(*) filter (minutes in {MIDNIGHTS}) as midnights,
                count(*) filter (minutes < 720) as short
            from (select try_cast(length as double) as minutes from rows)
            where minutes is not null""",
        rows=rows,
    ).to_pylist()[0]
    for kind, count in (("from midnight to midnight", "midnights"), ("parts of days", "short")):
        if found[count] * 2 >= max(found["n"], 1):
            raise BrokenFile(
                f"{found[count]} of {found['n']} rows are {kind}: onset and waking are not of "
                "one night. Give the report part5_daysummary_WW, or part4_nightsummary"
            )


CONNECTOR = Connector(
    name="ggir_part5",
    title="GGIR day summary (part 5)",
    version="1",
    variants={"part5": "unverified"},
    identify=identify,
    extract=extract,
    source="actigraph",
)
