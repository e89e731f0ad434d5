"""A lake in a few lines: who is in it, how new it is, how the last run ended. What monitors ask."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from flows.reading.inbox import misplaced
from flows.settings import Settings
from flows.usage import fetched
from warehouse.store.lake import Lake
from warehouse.store.lock import holder

if TYPE_CHECKING:
    from warehouse.published.reading import PublishedLake

PEOPLE = """
    select participant_id, file_count, night_count, complete_count, last_sleep_date,
        last_glucose_at::timestamp::date, rejected_count
    from participant_overview order by participant_id
"""
# the newest of each source: measurements and nights
NEWEST = """
    select participant_id, connector, max(told)::date
    from (
        select participant_id, connector, last_at::timestamp as told from stream
        union all
        select participant_id, connector, wake_local from sleep_episode
    )
    group by all order by all
"""


@dataclass(frozen=True)
class Person:
    """One participant: counts, and the newest date of each source."""

    participant: str
    files: int
    nights: int
    complete_nights: int
    last_night: dt.date | None
    last_glucose: dt.date | None
    records_set_aside: int
    newest: dict[str, dt.date] = field(default_factory=dict)
    stale_days: dict[str, int] = field(default_factory=dict)  # sources older than freshness_days


@dataclass(frozen=True)
class Overview:
    """All of it, and sentences on what somebody has to look at."""

    people: list[Person]
    last_run: str
    problems: list[str]

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "participants": [vars(person) for person in self.people],
            "last_run": self.last_run,
            "problems": self.problems,
            "is_fine": not self.problems,
        }


def overview(
    lake: Lake | PublishedLake,
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    only: str | None,
    today: dt.date,
) -> Overview:
    """The state of a lake today, of everybody or of one; of a published one without what only its
    folder tells: how the last run ended, and what is in the inbox."""
    newest: dict[str, dict[str, dt.date]] = {}
    for who, connector, last in fetched(connection, NEWEST):
        if last is not None:
            newest.setdefault(who, {})[connector] = last
    people = []
    for who, *told in fetched(connection, PEOPLE):
        if only in (None, who):
            sources = newest.get(who, {})
            days = settings.freshness_of(who)
            stale = {
                name: (today - last).days
                for name, last in sources.items()
                if days and (today - last).days > days
            }
            files, nights, complete, night, glucose, rejected = told
            person = Person(
                participant=who,
                files=files or 0,
                nights=nights or 0,
                complete_nights=complete or 0,
                last_night=night,
                last_glucose=glucose,
                records_set_aside=rejected or 0,
                newest=sources,
                stale_days=stale,
            )
            people.append(person)
    ended, sentence = _last_run(lake) if isinstance(lake, Lake) else (True, lake.told())
    problems = [
        f"{person.participant}: nothing from {name} for {days} days "
        f"(since {person.newest[name]}; freshness_days {settings.freshness_of(person.participant)})"
        for person in people
        for name, days in person.stale_days.items()
    ]
    problems += [] if ended else [sentence]
    odd = misplaced(lake) if isinstance(lake, Lake) else {}
    problems += [f"inbox/{name} {why}" for name, why in odd.items()]
    return Overview(people, sentence, problems)


def _last_run(lake: Lake) -> tuple[bool, str]:
    """Whether the last run ended, or goes on; and a sentence on it."""
    found = holder(lake)
    if found is not None:
        told, is_alive = found
        if is_alive:
            return True, f"now: {told}"
        return False, f"did not end: {told}; the next ingest or rebuild completes it"
    return True, f"ended {_when(lake.root / 'writer.lock')}"


def _when(path: Path) -> str:
    try:
        moment = dt.datetime.fromtimestamp(path.stat().st_mtime).astimezone()
    except OSError:
        return "at a time that is not known"
    return moment.isoformat(" ", "minutes")
