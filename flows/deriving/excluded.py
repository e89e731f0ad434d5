"""What somebody has set aside by hand, and of when it tells."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flows.reading.manifest import parts_of
from warehouse.store.lake import Lake

if TYPE_CHECKING:
    from flows.deriving.parts import Parts


@dataclass(frozen=True)
class Excluded:
    """A record that was set aside, and why."""

    file: str
    record: int
    why: str


def excluded_of(lake: Lake, participant: str) -> list[Excluded]:
    """Everything of a participant that was set aside by hand, by file and record."""
    found = [
        Excluded(part.file, each["record"], each["why"])
        for part in parts_of(lake, participant)
        for each in part.manifest.get("excluded", [])
    ]
    return sorted(found, key=lambda each: (each.file, each.record))


def near(lake: Lake, participant: str, date: dt.date) -> list[Excluded]:
    """What was set aside of a night and the days around it; also what tells no time."""
    excluded = excluded_of(lake, participant)
    if not excluded:
        return []
    from flows.deriving.parts import Parts  # here: most nights have none

    found = []
    parts = Parts.of(lake, participant)
    for each in excluded:
        when = _date(parts, each)
        if when is None or abs((when - date).days) <= 1:
            found.append(each)
    return found


def _date(parts: Parts, excluded: Excluded) -> dt.date | None:
    """The first date that a record tells."""
    from flows.deriving.parts import SHAPES
    from transforms.copies.set_aside import date_of

    file, record = excluded.file, excluded.record
    with parts.connection() as connection:
        dates = [
            date_of(connection, shape, source, file, record)
            for shape in SHAPES
            if (source := parts.parts(shape))
        ]
    return min((date for date in dates if date), default=None)
