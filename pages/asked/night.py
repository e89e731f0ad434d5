"""One night and the day after it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from pages.asked.person import around
from pages.asked.reader import Reader, Row
from pages.figures.strip import Around

NIGHT = "from night_to_day where participant_id = $who and sleep_date = $date"
DATES = """
    select sleep_date from night_to_day
    where participant_id = $who and onset_at is not null and wake_at is not null
    order by sleep_date
"""
NEAREST = 3  # nights that are named where there is none


@dataclass(frozen=True)
class Night:
    """A row of `night_to_day`, and what there is around it."""

    participant_id: str
    row: Row
    around: Around


def night(reader: Reader, date: dt.date) -> Night | list[dt.date]:
    """The night whose wake is on this date; the nearest dates where there is none to draw."""
    true = reader.undisguised()
    found = true.row(NIGHT, date=date)
    if found is None or None in (found["onset_at"], found["wake_at"]):
        dates = [row["sleep_date"] for row in true.rows(DATES)]
        return sorted(sorted(dates, key=lambda each: (abs(each - date), each))[:NEAREST])
    (shown,) = reader.disguised([found])
    return Night(reader.shown_id, shown, around(reader, [date]))
