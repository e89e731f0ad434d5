"""A row for each participant, for the page that lists them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pages.asked.reader import Reader, Row

SUMMARY = """
    select participant_id, first_date, last_date, coverage_pct, mean_mgdl, cv_pct, tir_pct
    from glucose_summary
"""
SUMMARY_BETWEEN = SUMMARY.replace("glucose_summary", "glucose_summary_between($first, $last)")
NIGHTS = """
    select participant_id, count(*) as night_count,
        count(*) filter (is_complete) as complete_count
    from night_to_day where sleep_date between $first and $last group by participant_id
"""
ASLEEP = """
    select participant_id, sleep_date, total_sleep_min
    from night_to_day where sleep_date between $first and $last
    order by participant_id, sleep_date
"""


@dataclass(frozen=True)
class Entry:
    """One participant: a row of `glucose_summary`, counts of nights, and their lengths."""

    participant_id: str
    summary: Row | None
    counts: Row | None
    nights: Sequence[Row]


def listing(readers: Sequence[Reader]) -> list[Entry]:
    """Everyone's row, by one query of each kind for all of them."""
    if not readers:
        return []
    true = readers[0].undisguised()
    by_person: list[dict[str, list[Row]]] = []
    for sql in (SUMMARY if true.is_whole else SUMMARY_BETWEEN, NIGHTS, ASLEEP):
        found: dict[str, list[Row]] = {}
        for row in true.rows(sql):
            found.setdefault(row["participant_id"], []).append(row)
        by_person.append(found)
    entries = []
    for reader in readers:
        summary, counts, nights = (
            reader.disguised(found.get(reader.who, [])) for found in by_person
        )
        one, count = (rows[0] if rows else None for rows in (summary, counts))
        entries.append(Entry(reader.shown_id, one, count, nights))
    return sorted(entries, key=lambda each: each.participant_id)
